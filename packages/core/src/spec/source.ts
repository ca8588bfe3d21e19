// YAML text with positions: parses, checks against a schema, and turns every complaint into a diagnostic with its line
// and column. JSON is YAML, so one reader serves both.
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { type Diagnostic, type DiagnosticCode, nameHint, type Parsed } from "./diagnostic.ts";

/** Nobody reads more at once. */
const MOST_COMPLAINTS = 20;

export type FieldPath = readonly (string | number)[];

/** A parsed file that can say where each of its fields stands. */
export interface Source {
  readonly file: string;
  /** Points at the field's value, or at its key. */
  diagnostic(
    path: FieldPath,
    code: DiagnosticCode,
    message: string,
    hint: string,
    place?: "value" | "key",
  ): Diagnostic;
}

export function readYaml<Schema extends z.ZodType>(
  text: string,
  file: string,
  schemaOf: Schema | ((plain: unknown) => Schema),
): Parsed<{ readonly data: z.output<Schema>; readonly source: Source }> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const source: Source = {
    file,
    diagnostic(path, code, message, hint, place = "value") {
      const { line, col } = lines.linePos(offsetOf(document, path, place));
      return {
        code,
        file,
        line: Math.max(1, line),
        column: Math.max(1, col),
        field: fieldName(path),
        message,
        hint,
      };
    },
  };
  if (document.errors.length > 0) {
    const diagnostics = document.errors.slice(0, MOST_COMPLAINTS).map((error): Diagnostic => {
      const { line, col } = lines.linePos(error.pos[0]);
      const message = `not valid YAML: ${error.message}`;
      return {
        code: "yaml-syntax",
        file,
        line,
        column: col,
        field: "",
        message,
        hint: syntaxHint(error.code),
      };
    });
    return { ok: false, diagnostics };
  }
  const twice = keysTwice(document);
  if (twice.length > 0) {
    const diagnostics = twice.map(({ key, offset }): Diagnostic => {
      const { line, col } = lines.linePos(offset);
      const [code, message] = [
        "yaml-syntax",
        `not valid YAML: the key ${JSON.stringify(key)} is there twice`,
      ] as const;
      return { code, file, line, column: col, field: "", message, hint: "keep one of the two" };
    });
    return { ok: false, diagnostics };
  }
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = `not usable YAML: ${(error as Error).message}`;
    const hint = "write the values out instead of using so many aliases";
    return { ok: false, diagnostics: [source.diagnostic([], "yaml-syntax", message, hint)] };
  }
  const schema = typeof schemaOf === "function" ? schemaOf(plain) : schemaOf;
  const result = schema.safeParse(plain, { reportInput: true });
  if (result.success) return { ok: true, value: { data: result.data, source } };
  const issues = result.error.issues.slice(0, MOST_COMPLAINTS);
  const diagnostics = issues.flatMap((issue) => complaints(issue, source, schema)).slice(0, MOST_COMPLAINTS);
  return { ok: false, diagnostics };
}

function complaints(issue: z.core.$ZodIssue, source: Source, schema: z.ZodType): Diagnostic[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, path);
    return issue.keys.slice(0, MOST_COMPLAINTS).map((key) => {
      const hint = nameHint(key, known);
      return source.diagnostic([...path, key], "invalid-field", `unknown field "${key}"`, hint, "key");
    });
  }
  const isMissing = issue.code === "invalid_type" || issue.code === "invalid_union";
  if (isMissing && issue.input === undefined && path.length > 0) {
    const where = path.length > 1 ? ` of ${fieldName(path.slice(0, -1))}` : "";
    const message = `field "${path.at(-1)}"${where} is missing`;
    const example = issue.message.split(" — ")[1] ?? "it has no default";
    const how = issue.code === "invalid_type" ? `: <${issue.expected}>` : `, ${example}`;
    return [source.diagnostic(path, "invalid-field", message, `add ${path.at(-1)}${how}`)];
  }
  if (issue.code === "invalid_union") {
    const meant = closestForm(issue.errors);
    if (meant.length > 0) {
      return meant.flatMap((inner) =>
        complaints({ ...inner, path: [...issue.path, ...inner.path] }, source, schema),
      );
    }
  }
  const [message, hint] = issue.message.split(" — ");
  return [
    source.diagnostic(
      path,
      "invalid-field",
      `${fieldName(path) || "the file"}: ${message}`,
      hint ?? "correct the value",
    ),
  ];
}

/** Of the forms that a field may have, the complaints of the one that was probably meant; none where none is near. */
function closestForm(forms: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const isOfAnotherKind = (issue: z.core.$ZodIssue) =>
    issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_union");
  const near = forms.filter((issues) => !issues.some(isOfAnotherKind));
  return near.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

/** Offset of the nearest node on the path that exists: a missing field is reported at its parent. */
function offsetOf(document: Document, path: FieldPath, place: "value" | "key"): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) as unknown;
    const key = path[length - 1]!;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      // Of a map or list the key is what a person looks for.
      if (pair && isNode(pair.key)) {
        return startOf(place === "value" && isScalar(pair.value) ? pair.value : pair.key);
      }
    }
    const node = document.getIn(path.slice(0, length), true) as unknown;
    if (isNode(node)) return startOf(node);
  }
  return isNode(document.contents) ? startOf(document.contents) : 0;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

export function fieldName(path: FieldPath): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i > 0 ? `.${part}` : part)).join("");
}

function knownKeys(schema: z.ZodType, path: FieldPath): string[] {
  let current: unknown = schema;
  for (const part of path) current = typeof part === "number" ? elementOf(current) : shapeOf(current)?.[part];
  return Object.keys(shapeOf(current) ?? {});
}

interface Definition {
  readonly shape?: Record<string, unknown>;
  readonly element?: unknown;
  readonly options?: readonly unknown[];
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly valueType?: unknown;
}

function definitionOf(schema: unknown): Definition | undefined {
  return (schema as { _zod?: { def: Definition } } | undefined)?._zod?.def;
}

/** Sees through optional, default and transform wrappers. */
function unwrap(schema: unknown): Definition | undefined {
  const definition = definitionOf(schema);
  const inner = definition?.innerType ?? definition?.in;
  return inner === undefined ? definition : unwrap(inner);
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const definition = unwrap(schema);
  if (definition?.options)
    return Object.assign({}, ...definition.options.map((option) => shapeOf(option) ?? {}));
  return (
    definition?.shape ??
    (definition?.valueType ? shapeOf(definition.valueType) && { "*": definition.valueType } : undefined)
  );
}

function elementOf(schema: unknown): unknown {
  return unwrap(schema)?.element;
}

/** The parser's own check compares every key with every other: a map of many keys would hold a service up. */
function keysTwice(document: Document): readonly { readonly key: unknown; readonly offset: number }[] {
  const found: { key: unknown; offset: number }[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found.push({ key: key.value, offset: startOf(key) });
        seen.add(key.value);
      }
      return found.length < MOST_COMPLAINTS ? undefined : visit.BREAK;
    },
  });
  return found.toSorted((a, b) => a.offset - b.offset).slice(0, MOST_COMPLAINTS);
}

function syntaxHint(code: string): string {
  if (code === "TAB_AS_INDENT") return "indent with spaces; YAML forbids tabs";
  return "check indentation, brackets and quotes on this line and the one before";
}
