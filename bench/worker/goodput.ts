// How much of a WAN the worker's transport fills, by streams per link and by windows: those that the kernel allows by itself,
// and socket buffers of twice what is under way. Measured by the worker's own probe, which also says how many streams a link
// should have. At most 95.6 % of a rate is payload; the rest are headers.
import { bitRate, share } from "../../packages/core/src/format.ts";
import { probe } from "./lab.ts";
import { FAST, nameOf, settingOf } from "./networks.ts";
import type { Row } from "./table.ts";

const STREAMS = "1,4,16";
const LARGE_BYTES = 2 * (FAST.bitsPerSecond / 8) * 2 * FAST.delaySeconds;
const SECONDS = 4;
const LEAST_SHARE = 0.95;
const DEADLINE_SECONDS = 180;

export async function* goodputRows(): AsyncGenerator<Row> {
  const { wan } = settingOf(2, FAST, "default");
  const settings = { streams: STREAMS, "buffer-bytes": String(LARGE_BYTES), seconds: String(SECONDS) };
  const { chosen, results } = await probe(wan, settings, DEADLINE_SECONDS);
  for (const windows of ["largeWindows", "defaultWindows"] as const) {
    for (const { bufferBytes, direction, goodputBitsPerSecond, streams } of results) {
      if (direction !== "out" || (bufferBytes === null) !== (windows === "defaultWindows")) continue;
      const reached = goodputBitsPerSecond / FAST.bitsPerSecond;
      const isChosen = streams === chosen.out[windows];
      yield {
        name: `goodput, ${windows === "largeWindows" ? "large" : "default"} windows, streams: ${streams}${isChosen ? " (chosen)" : ""}`,
        measured: bitRate(goodputBitsPerSecond),
        against: nameOf(FAST),
        result: share(reached),
        ...(isChosen ? { target: { text: `≥ ${100 * LEAST_SHARE} %`, met: reached >= LEAST_SHARE } } : {}),
      };
    }
  }
}
