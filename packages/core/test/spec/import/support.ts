// Results of importers, opened; and data that is beside the repository on some machines.
import { existsSync, readFileSync } from "node:fs";
import type { Diagnostic, Parsed } from "../../../src/spec/diagnostic.ts";
import type { Imported, NamedText } from "../../../src/spec/import/imported.ts";

export function opened<T>(result: Imported<T> | Parsed<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics, null, 2));
  return result.value;
}

export function warningsOf(result: Imported<unknown>): readonly Diagnostic[] {
  opened(result);
  return result.ok ? result.warnings : [];
}

export function complaintsOf(result: Imported<unknown> | Parsed<unknown>): readonly Diagnostic[] {
  if (result.ok) throw new Error("was accepted");
  return result.diagnostics;
}

/** "line:column code", as a person looks for it. */
export function placesOf(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

const shared = new URL("../../../../../../shared/data/", import.meta.url);
export const sharedIsHere = existsSync(shared);
if (!sharedIsHere)
  process.stderr.write(`SKIPPED: importers are not tried on whole files, no ${shared.pathname}\n`);

export function sharedFile(path: string): NamedText {
  return { file: path, text: readFileSync(new URL(path, shared), "utf8") };
}

const shipped = new URL("../../../../../scenarios/data/", import.meta.url);

export function shippedFile(name: string): NamedText {
  return { file: name, text: readFileSync(new URL(name, shipped), "utf8") };
}
