// What keeps a service from starting that a user can mend.
import type { Diagnostic } from "@bace-pipe/core/spec";

export const START_ERRORS = {
  "state-in-use": "Another service runs on the state folder.",
  "port-in-use": "Another program listens on the port.",
  "invalid-address": "What ranks are to be told is no address.",
  "no-such-host": "The machine has no such address.",
  "host-kept": "Jobs run that report to another address.",
  "port-kept": "Jobs run that report to another port.",
  "open-elsewhere": "A service that needs no token may only listen on its own machine.",
  "no-scenario": "A new state folder needs a scenario: it describes the fleet.",
  "invalid-scenario": "The scenario is wrong.",
  "unknown-policy": "There is no such policy.",
  "invalid-database": "The database's address is wrong.",
  "database-in-use": "A service runs on the database.",
  "no-log": "There is no database where one should be.",
  "not-empty": "There is a log, or there are launches, where nothing should be.",
  "database-unreachable": "The database does not answer, or lets nobody in.",
  "other-database": "The state folder belongs to another database.",
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
