// `npm run bench:worker [-- PART …]`: the worker over a WAN on this machine, one table. PART is `time`, `schedules`,
// `goodput` or `pytorch`; all of them by default. Needs root on Linux (lab/README.md); exits with 1 where a target is missed.
// Alone on a machine of two cores it takes about ten minutes.
import { goodputRows } from "./goodput.ts";
import { torchRows } from "./pytorch.ts";
import { type Row, rowText, TABLE_HEAD } from "./table.ts";
import { scheduleRows, timeRows } from "./time.ts";

const PARTS: Readonly<Record<string, () => AsyncIterable<Row>>> = {
  time: timeRows,
  schedules: scheduleRows,
  goodput: goodputRows,
  pytorch: torchRows,
};

/** Prints rows as they come; how many targets are missed. */
async function run(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((part) => !(part in PARTS));
  if (unknown.length > 0) throw new Error(`no part ${unknown}; there are ${Object.keys(PARTS).join(", ")}`);
  process.stdout.write(`${TABLE_HEAD}\n`);
  let missed = 0;
  for (const [part, rows] of Object.entries(PARTS)) {
    if (asked.length > 0 && !asked.includes(part)) continue;
    for await (const row of rows()) {
      process.stdout.write(`${rowText(row)}\n`);
      if (row.target?.met === false) missed++;
    }
  }
  return missed;
}

try {
  process.exitCode = (await run(process.argv.slice(2))) > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
