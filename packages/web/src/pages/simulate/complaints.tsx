// What is wrong with a file, as the command line says it: what, where, the line itself, what to do.
import { excerptOf } from "@bace-pipe/core/shell";
import type { Diagnostic } from "@bace-pipe/core/spec";
import type { Beside } from "./request.ts";

interface Props {
  readonly kind: "error" | "warning";
  readonly diagnostics: readonly Diagnostic[];
  readonly texts: Beside;
  /** Where a person can be led, the others are places in files beside. */
  readonly file: string;
  jump(line: number, column: number, length: number): void;
}

export function Complaints({ diagnostics, file, jump, kind, texts }: Props) {
  return (
    <ul className={`complaints ${kind}`}>
      {diagnostics.map((diagnostic) => {
        const { code, column, hint, line, message } = diagnostic;
        const { before, length, place, source } = excerptOf(diagnostic, texts[diagnostic.file]);
        return (
          <li key={`${place} ${code} ${message}`}>
            <p>
              <strong>
                {kind}[{code}]
              </strong>{" "}
              {message}
            </p>
            {diagnostic.file === file ? (
              <button type="button" className="place" onClick={() => jump(line, column, length)}>
                {place}
              </button>
            ) : (
              <p className="small">{place}</p>
            )}
            {source !== undefined && (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard too.
              <pre tabIndex={0}>
                {source}
                {"\n"}
                <span aria-hidden="true">{`${" ".repeat(before)}${"^".repeat(length)}`}</span>
              </pre>
            )}
            <p className="small">help: {hint}</p>
          </li>
        );
      })}
    </ul>
  );
}
