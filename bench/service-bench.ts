// What benchmarks of the service share: a PostgreSQL of their own with fsync, a fleet of six regions, lines of figures.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "../packages/server/src/store/database.ts";
import { openPostgres } from "../packages/server/src/store/postgres.ts";
import { startPostgres, whyNoPostgres } from "../packages/server/test/support/postgres.ts";
import type { Clock } from "../packages/server/test/support/service.ts";

export const secondsNow = () => performance.now() / 1000;

export const WALL_CLOCK: Clock = {
  get seconds() {
    return Date.now() / 1000;
  },
};

/** Six regions, each linked to each. */
export function sixRegions(gpusPerRegion: number): string {
  const regions = Array.from({ length: 6 }, (_, i) => `r${i}`);
  return `
version: 1
name: six-regions
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
${regions.map((name, i) => `  - {name: ${name}, gpuType: slot, gpus: ${gpusPerRegion}, priceUsdPerKwh: 0.1${i}}`).join("\n")}
links:
${regions
  .flatMap((from, i) =>
    regions
      .slice(i + 1)
      .map(
        (to) =>
          `  - {from: ${from}, to: ${to}, both: true, bandwidthBitsPerSecond: 10 Gbit/s, latencySeconds: 10 ms}`,
      ),
  )
  .join("\n")}
`;
}

/** @param rate of single rows, where the figure is one to be compared with it */
export function show(name: string, value: number, unit: string, rate?: number): void {
  const ratio = rate === undefined ? "" : `  ${(value / rate).toFixed(2)} of the single-row rate`;
  process.stdout.write(
    `${name.padEnd(52)}${value.toFixed(value < 100 ? 2 : 0).padStart(10)} ${unit}${ratio}\n`,
  );
}

/** Calls back with how to open a session; says why, and fails, where there is no PostgreSQL. */
export async function withPostgres(use: (open: () => Promise<Database>) => Promise<void>): Promise<void> {
  if (whyNoPostgres !== undefined) {
    process.stderr.write(`left out: ${whyNoPostgres}\n`);
    process.exitCode = 1;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "bace-bench-"));
  const server = await startPostgres({ folder, settings: ["fsync=on", "shared_buffers=128MB"] });
  try {
    await use(async () => (await openPostgres(server.url))!);
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
