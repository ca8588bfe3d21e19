// `node seeds.mjs FROM COUNT`: runs that many seeds and writes each as a line of JSON. For main.ts, which bundles it.
import { runSeed } from "./run.ts";

const [from, count] = process.argv.slice(2).map(Number);
for (let seed = from!; seed < from! + count!; seed++) {
  const run = await runSeed(seed);
  process.stdout.write(`${JSON.stringify({ ...run, points: [...run.points] })}\n`);
}
