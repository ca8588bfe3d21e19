// What ends a command early: thrown by commands, caught and drawn once in main.ts.
import type { Problem } from "@bace-pipe/server";
import type { FailureCode } from "./failure-codes.ts";

export const EXIT = { ok: 0, failed: 1, badInput: 2, unreachable: 3, interrupted: 130 } as const;

/** As in problem+json and in core's Diagnostic. */
export type Complaint = NonNullable<Problem["diagnostics"]>[number];

export interface FailureDetails {
  readonly exitCode: number;
  /** Stable. */
  readonly code: FailureCode;
  /** What to do. */
  readonly hint?: string;
  readonly complaints?: readonly Complaint[];
  /** Text of the files that complaints are about, by the name that they give. */
  readonly texts?: ReadonlyMap<string, string>;
}

export class Failure extends Error {
  readonly details: FailureDetails;

  constructor(message: string, details: FailureDetails) {
    super(message);
    this.details = details;
  }
}

export function badInput(code: FailureCode, message: string, hint: string): Failure {
  return new Failure(message, { exitCode: EXIT.badInput, code, hint });
}

/** Everything that is wrong with one file, and with others that it names. */
export function badFile(
  file: string,
  text: string,
  complaints: readonly Complaint[],
  otherTexts: ReadonlyMap<string, string> = new Map(),
): Failure {
  const count = complaints.length === 1 ? "1 error" : `${complaints.length} errors`;
  return new Failure(`${count} in ${file}`, {
    exitCode: EXIT.badInput,
    code: (complaints[0]?.code as FailureCode | undefined) ?? "invalid-field", // a service's, or core's own
    complaints,
    texts: new Map([...otherTexts, [file, text]]),
  });
}
