// Job files as the service takes them: their text as a person wrote it.
import { parse } from "yaml";
import { badInput } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import type { Io } from "../io.ts";

/** Reads a job file; a scenario, which is easily mistaken for one, is refused by name. */
export async function readJobFile(name: string, io: Io): Promise<NamedText> {
  const source = await readNamed(name, io);
  if ("regions" in fieldsOf(source.text)) {
    throw badInput(
      "not-a-job-file",
      `${source.file} is a scenario: it describes regions, and the fleet is the service's`,
      "submit a file with one job, or with a list `jobs:` alone; `bace up --fleet` takes the scenario",
    );
  }
  return source;
}

/** Names of the jobs in a file; nothing where it is no job file, which is the service's to say. */
export function jobNames(text: string): string[] {
  const { jobs, name } = fieldsOf(text);
  const entries: readonly unknown[] = Array.isArray(jobs) ? jobs : [{ name }];
  return entries.flatMap((entry) => {
    const { name: id } = (entry ?? {}) as { readonly name?: unknown };
    return typeof id === "string" ? [id] : [];
  });
}

function fieldsOf(text: string): { readonly jobs?: unknown; readonly name?: unknown } {
  try {
    const value: unknown = parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
