// What a link between this machine and another carries, by number of streams: measured by the worker's own transport.
import { bitRate, duration } from "@bace-pipe/core/format";
import {
  goodputOf,
  type LinkProbe,
  linkEntries,
  linkProbeSchema,
  type ProbeDirection,
} from "@bace-pipe/core/spec";
import type { Colors, Io } from "../io.ts";
import { type Column, table } from "../render/table.ts";
import { workerFigures } from "./worker.ts";

export interface FarEnd {
  readonly region: string;
  /** HOST:PORT. */
  readonly address: string;
}

export interface ProbeOptions {
  /** The same on both machines. */
  readonly key: string;
  readonly streams: readonly number[];
  /** Of each number of streams. */
  readonly seconds: number;
}

export async function probed(
  { address }: FarEnd,
  { key, seconds, streams }: ProbeOptions,
  python: string,
  io: Io,
): Promise<LinkProbe> {
  const args = ["--to", address, "--key", key, "--streams", streams.join(","), "--seconds", String(seconds)];
  return linkProbeSchema.parse(await workerFigures(python, ["probe", ...args], io));
}

export function probeText(near: string, far: string, probe: LinkProbe, colors: Colors): string {
  const right = { align: "right" } as const;
  const rate = (heading: string, direction: ProbeDirection, largeWindows: boolean): Column<number> => ({
    ...{ heading, ...right },
    cell: (streams) => bitRate(goodputOf(probe, { direction, streams, largeWindows })),
  });
  const chosen = linkEntries(near, far, probe);
  const columns: readonly Column<number>[] = [
    { heading: "STREAMS", ...right, cell: String },
    rate("OUT", "out", false),
    rate("BACK", "back", false),
    rate("OUT, LARGE WINDOWS", "out", true),
    rate("BACK, LARGE WINDOWS", "back", true),
    {
      heading: "CHOSEN",
      cell: (streams) =>
        chosen
          .flatMap((entry, i) => (entry.streams === streams ? [i === 0 ? "out" : "back"] : []))
          .join(", "),
    },
  ];
  const counts = [...new Set(probe.results.map(({ streams }) => streams))].sort((a, b) => a - b);
  const title = `${near} ↔ ${far}: round trip ${duration(probe.roundTripSeconds)}\n`;
  return `${title}${table(columns, counts, { colors })}`;
}
