// How to come back to what was being looked at: said when somebody leaves it by Ctrl-C, which ends nothing but the looking.
import type { Io } from "../io.ts";
import type { Where } from "./discovery.ts";

/** @param command such as "queue --watch", without where the service is */
export function sayDetached(command: string, { server, state }: Where, io: Io): void {
  const where = [...flag("--server", server), ...flag("--state", state)].join("");
  io.err.write(`detached: jobs go on. \`bace ${command}${where}\` comes back\n`);
}

function flag(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [` ${name} ${shellWord(value)}`];
}

/** As one word of a command line. */
export function shellWord(text: string): string {
  return /^[\w./:=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
