// What an importer says: warnings on standard error, complaints as the end of the command.
import type { Diagnostic, Imported, NamedText } from "@bace-pipe/core/spec";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";

/** The value; warnings go to standard error, complaints end the command. */
export function taken<T>(result: Imported<T>, files: readonly NamedText[], io: Io): T {
  if (result.ok) {
    for (const warning of result.warnings) io.err.write(warningText(warning, io));
    return result.value;
  }
  const { diagnostics } = result;
  const count = diagnostics.length === 1 ? "1 error" : `${diagnostics.length} errors`;
  throw new Failure(`${count} in ${[...new Set(diagnostics.map(({ file }) => file))].join(", ")}`, {
    exitCode: EXIT.badInput,
    code: diagnostics[0]!.code,
    complaints: diagnostics,
    texts: new Map(files.map(({ file, text }) => [file, text])),
  });
}

export function warningText({ code, file, line, column, message, hint }: Diagnostic, { err }: Io): string {
  return `${err.colors.yellow(`warning[${code}]`)}: ${file}:${line}:${column}: ${message} (${hint})\n`;
}
