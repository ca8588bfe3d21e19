// Flags over the fields of a job file. The text stays as it is but for the values that flags replace and fields that they
// add, each in its line, so that complaints show what was sent.
import { type Command, Option } from "commander";
import { isMap, isNode, isScalar, isSeq, parseDocument, type YAMLMap } from "yaml";
import { badInput } from "../failure.ts";
import type { NamedText } from "../files.ts";
import { shellWord } from "./back.ts";

/** Flags with the fields that they are over; any other field goes by --set. */
const FLAGS = [
  ["--name <name>", "name"],
  ["--tenant <name>", "tenant"],
  ["--min-gpus <number>", "minGpus"],
  ["--max-gpus <number>", "maxGpus"],
  ["--iterations <number>", "iterations"],
] as const;

type Field = (typeof FLAGS)[number][1];

export type JobFlags = Partial<Readonly<Record<Field, string>>> & { readonly set?: readonly string[] };

export function addJobFlags(command: Command): Command {
  for (const [flag, field] of FLAGS) command.option(flag, `over the file's ${field}`);
  return command.addOption(
    new Option(
      "--set <field=value>",
      "over any field, such as training.learningRate=1e-3; may be repeated",
    ).argParser((text: string, before: readonly string[] = []) => [...before, text]),
  );
}

/** The flags as they were given, for commands that are to be repeated with them; empty where there are none. */
export function flagWords(flags: JobFlags): string {
  const given = [
    ...FLAGS.map(([flag, field]) => [flag.split(" ")[0]!, flags[field]] as const),
    ...(flags.set ?? []).map((text) => ["--set", text] as const),
  ];
  return given
    .flatMap(([flag, value]) => (value === undefined ? [] : [` ${flag} ${shellWord(value)}`]))
    .join("");
}

export function withFlags(source: NamedText, flags: JobFlags): NamedText {
  const changes = [
    ...FLAGS.flatMap(([flag, field]) => {
      const value = flags[field];
      return value === undefined ? [] : [{ flag: flag.split(" ")[0]!, path: [field], value }];
    }),
    ...(flags.set ?? []).map(changeOf),
  ];
  const text = changes.reduce(
    (before, { path, value }) => replaced(before, path, value, source.file),
    source.text,
  );
  return changes.length === 0
    ? source
    : { ...source, file: `${source.file} with ${shownFlags(changes)}`, text };
}

interface Change {
  readonly flag: string;
  readonly path: readonly string[];
  readonly value: string;
}

function shownFlags(changes: readonly Change[]): string {
  return [...new Set(changes.map(({ flag }) => flag))].join(" ");
}

function changeOf(text: string): Change {
  const [, field, value] = /^([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)=(.*)$/s.exec(text) ?? [];
  if (field === undefined || value === undefined)
    throw badInput("invalid-flag", `--set ${text} sets no field`, "write FIELD=VALUE, such as iterations=40");
  return { flag: "--set", path: field.split("."), value };
}

function replaced(text: string, path: readonly string[], value: string, file: string): string {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) return text; // what is wrong is the service's to say
  const written = yamlOf(value);
  let at: unknown = document.contents;
  for (const [depth, key] of path.entries()) {
    if (!isMap(at)) throw notOneJob(file, path.slice(0, depth));
    if (depth === 0 && at.has("jobs")) throw severalJobs(file);
    const pair = at.items.find((each) => isScalar(each.key) && each.key.value === key);
    const rest = path.slice(depth + 1);
    const nested = [...rest].reverse().reduce((inner, name) => `{${name}: ${inner}}`, written);
    if (!pair) return added(text, at as YAMLMap, `${key}: ${nested}`, `"${key}": ${nested}`);
    if (rest.length === 0) return inPlaceOf(text, pair.value, pair.key, written);
    at = pair.value;
  }
  return text;
}

function inPlaceOf(text: string, node: unknown, key: unknown, written: string): string {
  if (isNode(node) && node.range) {
    const [start, end] = node.range;
    // `name:` without a value has one of no length, right behind the colon; a block ends behind its last line.
    const space = start === end ? " " : "";
    return `${text.slice(0, start)}${space}${written}${text[end - 1] === "\n" ? "\n" : ""}${text.slice(end)}`;
  }
  throw badInput("invalid-flag", `the field ${String(key)} cannot be replaced`, "write it into the file");
}

/** A field that the file does not have: a line behind the others, or the first between the brackets. */
function added(text: string, map: YAMLMap, block: string, flow: string): string {
  const [start, end] = map.range!;
  if (map.flow) {
    const comma = map.items.length > 0 ? ", " : "";
    return `${text.slice(0, start + 1)}${flow}${comma}${text.slice(start + 1)}`;
  }
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  const lineEnd = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1 || text.length;
  const newline = text[lineEnd - 1] === "\n" ? "" : "\n";
  return `${text.slice(0, lineEnd)}${newline}${indent}${block}\n${text.slice(lineEnd)}`;
}

/** Numbers, words, times and lists in brackets as they are; what YAML would read otherwise in quotes. */
function yamlOf(value: string): string {
  const document = parseDocument(value, { prettyErrors: false });
  const { contents, errors } = document;
  const isSafe = errors.length === 0 && !/[\n#]/.test(value);
  const isPlain = isScalar(contents) ? !/[,[\]{}]/.test(value) : isSeq(contents) && contents.flow === true;
  return isSafe && isPlain ? value : JSON.stringify(value);
}

function severalJobs(file: string) {
  return badInput(
    "several-jobs",
    `${file} has a list of jobs`,
    "flags are over the fields of a file with one job",
  );
}

function notOneJob(file: string, path: readonly string[]) {
  const what = path.length === 0 ? "no job" : `no fields below ${path.join(".")}`;
  return badInput("invalid-flag", `${file} has ${what} that a flag could be over`, "write it into the file");
}
