// What the worker's `probe` prints of a link, and the entries of a fleet file that follow from it: what the kernel's own
// windows carry, for plans leave windows to the kernel, with as many streams as the worker would choose.
import { z } from "zod";
import { count } from "./quantity.ts";

/** Streams by size of windows. */
const chosenSchema = z.object({ defaultWindows: count(1), largeWindows: count(1) });

export const linkProbeSchema = z.object({
  roundTripSeconds: z.number().min(0),
  results: z.array(
    z.object({
      /** From where the probe was started, or back to it. */
      direction: z.enum(["out", "back"]),
      streams: count(1),
      /** Of each connection; null: the kernel's windows. */
      bufferBytes: count(1).nullable(),
      goodputBitsPerSecond: z.number().positive(),
    }),
  ),
  chosen: z.object({ out: chosenSchema, back: chosenSchema }),
});
export type LinkProbe = z.output<typeof linkProbeSchema>;
export type ProbeDirection = LinkProbe["results"][number]["direction"];

/** As in a scenario's `links`. */
export interface LinkEntry {
  readonly from: string;
  readonly to: string;
  readonly bandwidthBitsPerSecond: number;
  readonly latencySeconds: number;
  readonly streams: number;
}

/** Bits per second; undefined where it was not measured. */
export function goodputOf(
  { results }: LinkProbe,
  wanted: { readonly direction: ProbeDirection; readonly streams: number; readonly largeWindows: boolean },
): number | undefined {
  return results.find(
    ({ bufferBytes, direction, streams }) =>
      direction === wanted.direction &&
      streams === wanted.streams &&
      (bufferBytes !== null) === wanted.largeWindows,
  )?.goodputBitsPerSecond;
}

/** Both directions, of which each has half the round trip. */
export function linkEntries(near: string, far: string, probe: LinkProbe): readonly LinkEntry[] {
  const entry = (direction: ProbeDirection, from: string, to: string): LinkEntry => {
    const streams = probe.chosen[direction].defaultWindows;
    const goodput = goodputOf(probe, { direction, streams, largeWindows: false })!;
    const latencySeconds = probe.roundTripSeconds / 2;
    return { ...{ from, to, streams, latencySeconds }, bandwidthBitsPerSecond: Math.floor(goodput) };
  };
  return [entry("out", near, far), entry("back", far, near)];
}
