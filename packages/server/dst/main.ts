// `npm run dst -- --seeds N --from S`: the control plane under simulated faults, on all cores; exits with 1 where an
// invariant is broken. `--seed N` runs one seed and prints its log; `--mutant NAME` runs a build that is broken on purpose.
// Interrupted once, it finishes the seeds that it has begun and tells of those that it has run.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { withBundle } from "./bundle.ts";
import { MUTANTS, type MutantName } from "./mutants.ts";
import { type Run, runSeed } from "./run.ts";
import { tallyOf, tallyText } from "./tally.ts";

/** Seeds that a process is given at once. */
const PART = 50;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "500" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      mutant: { type: "string" },
    },
  });
  const { mutant, seed } = values;
  if (mutant !== undefined && !(mutant in MUTANTS))
    throw new Error(`no mutant "${mutant}"; there are ${Object.keys(MUTANTS).join(", ")}`);
  if (seed !== undefined) return one(whole("seed", seed));
  const [count, from] = [whole("seeds", values.seeds), whole("from", values.from)];
  const started = performance.now();
  const runs = await withBundle(mutant as MutantName | undefined, (bundle) => all(bundle, from, count));
  process.stdout.write(tallyText(tallyOf(runs), (performance.now() - started) / 1000));
  const broken = runs.find(({ violation }) => violation !== undefined);
  if (broken) process.stdout.write(`see it: npm run dst -- --seed ${broken.seed}\n`);
  return broken ? 1 : 0;
}

async function one(seed: number): Promise<number> {
  const run = await runSeed(seed, { trace: (line) => process.stdout.write(`${line}\n`) });
  process.stdout.write(`${run.violation ?? "no invariant broken"}\nlog ${run.digest}\n`);
  return run.violation === undefined ? 0 : 1;
}

async function all(bundle: string, from: number, count: number): Promise<readonly Run[]> {
  const runs: Run[] = [];
  let next = from;
  process.once("SIGINT", () => {
    process.stderr.write("stops after the seeds that have begun\n");
    next = from + count;
  });
  const take = async (): Promise<void> => {
    while (next < from + count) {
      const first = next;
      next += PART;
      for await (const run of part(bundle, first, Math.min(PART, from + count - first))) {
        runs.push(run);
        if (run.violation !== undefined) process.stderr.write(`seed ${run.seed}: ${run.violation}\n`);
      }
      process.stderr.write(`${runs.length} of ${count} seeds\n`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, take));
  return runs.sort((a, b) => a.seed - b.seed);
}

async function* part(bundle: string, from: number, count: number): AsyncGenerator<Run> {
  const child = spawn(process.execPath, [bundle, String(from), String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true, // an interrupt is for this process
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const run = JSON.parse(line) as Omit<Run, "points"> & { readonly points: [string, never][] };
    yield { ...run, points: new Map(run.points) };
  }
  const code = await ended;
  if (code !== 0) throw new Error(`seeds from ${from} on ended with ${code}`);
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} is a whole number, not ${text}`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`dst: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
