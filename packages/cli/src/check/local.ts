// Commands of this machine for regions whose launches are its processes. Their prefix is an administrator's words, which go to
// no shell and are passed on as they are.
import { type Run, runProgram } from "@bace-pipe/server/slurm";

const TIMEOUT_SECONDS = 20;

export function localRun(prefix: readonly string[] = []): Run {
  return ({ input = "", timeoutSeconds = TIMEOUT_SECONDS, words }) => {
    const [program, ...rest] = [...prefix, ...words];
    return runProgram(program!, rest, process.env, input, timeoutSeconds);
  };
}
