// JSON Schemas as the types that a reader of TypeScript would write: `{ id: string; step?: integer }`.

/** As much of JSON Schema as zod writes into an OpenAPI 3.1 document. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/** How the two kinds of words are written: as they are, or escaped and with links. */
export interface Words {
  text(words: string): string;
  /** A schema that has a name. */
  named(name: string): string;
}

export const PLAIN: Words = { text: (words) => words, named: (name) => name };

/** @param indent of the lines after the first */
export function typeText(schema: JsonSchema, words: Words = PLAIN, indent = ""): string {
  const inner = (part: JsonSchema) => typeText(part, words, indent);
  const { $ref, allOf, anyOf, items, oneOf, prefixItems, properties } = schema;
  if ($ref !== undefined) return words.named($ref.split("/").at(-1)!);
  const union = oneOf ?? anyOf;
  if (union) return [...new Set(union.map(inner))].join(" | ");
  if (allOf) return allOf.map(inner).join(" & ");
  if (schema.enum) return schema.enum.map((value) => literal(value, words)).join(" | ");
  if (schema.const !== undefined) return literal(schema.const, words);
  if (properties) return orNull(objectText(schema, properties, words, indent), schema);
  if (prefixItems) return orNull(`[${prefixItems.map(inner).join(", ")}]`, schema);
  if (items) return orNull(listText(inner(items)), schema);
  if (typeof schema.additionalProperties === "object")
    return orNull(`{ [name: string]: ${inner(schema.additionalProperties)} }`, schema);
  if (schema.type === undefined) return "any";
  return words.text([schema.type].flat().join(" | "));
}

function objectText(
  { required = [] }: JsonSchema,
  properties: Readonly<Record<string, JsonSchema>>,
  words: Words,
  indent: string,
): string {
  const fields = Object.entries(properties);
  if (fields.length === 0) return "{}";
  const lines = fields.map(([name, schema]) => {
    const optional = required.includes(name) ? "" : "?";
    return `${indent}  ${words.text(name)}${optional}: ${typeText(schema, words, `${indent}  `)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

function listText(item: string): string {
  return /^[^{]* \| /.test(item) || /} \| /.test(item) ? `(${item})[]` : `${item}[]`;
}

function orNull(text: string, { type }: JsonSchema): string {
  return Array.isArray(type) && type.includes("null") ? `${text} | null` : text;
}

function literal(value: unknown, words: Words): string {
  return words.text(JSON.stringify(value));
}
