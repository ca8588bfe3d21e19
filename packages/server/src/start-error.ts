// What keeps a service from starting that a user can mend.
import type { Diagnostic } from "@bace-pipe/core/spec";

export const START_ERRORS = {
  "state-in-use": "Another service runs on the state folder.",
  "port-in-use": "Another program listens on the port.",
  "no-such-host": "The machine has no such address.",
  "host-kept": "Jobs run that report to another address.",
  "port-kept": "Jobs run that report to another port.",
  "no-scenario": "A new state folder needs a scenario: it describes the fleet.",
  "invalid-scenario": "The scenario is wrong.",
  "unknown-policy": "There is no such policy.",
  "fleet-changed": "The fleet is another one, and jobs run on the old one.",
} as const;

export type StartErrorCode = keyof typeof START_ERRORS;

export class StartError extends Error {
  readonly code: StartErrorCode;
  readonly diagnostics: readonly Diagnostic[];

  /** @param message what is wrong, and what to do about it. */
  constructor(code: StartErrorCode, message: string, diagnostics: readonly Diagnostic[] = []) {
    super(message);
    this.code = code;
    this.diagnostics = diagnostics;
  }
}
