// Before something is lost: a question on a terminal. Without one nobody is asked; then what the command names outright
// goes through, as with `kubectl delete` and `scancel`, and what it does not name needs --yes.
import { Option } from "commander";
import { badInput, EXIT, Failure } from "./failure.ts";
import type { Io } from "./io.ts";

export interface Confirmation {
  readonly question: string;
  /** --yes */
  readonly yes: boolean | undefined;
  /** Whether the command line names one thing, and that alone is touched. */
  readonly isNamed: boolean;
}

export function yesOption(): Option {
  return new Option("-y, --yes", "do not ask");
}

/** Throws where the answer is no, and where nobody can be asked and has to be. */
export async function confirm({ isNamed, question, yes }: Confirmation, io: Io): Promise<void> {
  if (yes) return;
  const answer = await io.confirm(question);
  if (answer === true || (answer === undefined && isNamed)) return;
  if (answer === undefined)
    throw badInput("needs-yes", `${question} There is no terminal to ask on`, "give --yes if that is meant");
  throw new Failure("nothing was done", {
    exitCode: EXIT.failed,
    code: "not-confirmed",
    hint: "answer yes, or give --yes",
  });
}
