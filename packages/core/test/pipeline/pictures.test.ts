/** The two pictures of a timed schedule: lines of text, and Chrome trace events. */

import { describe, expect, test } from "vitest";
import {
  chromeTrace,
  compileSchedule,
  generators,
  lowerSchedule,
  renderTimeline,
  type Timing,
  timeSchedule,
} from "../../src/pipeline/index.ts";
import { uniformTiming } from "./support/arbitraries.ts";

const timing = uniformTiming({
  stages: 2,
  forward: 1,
  backward: 2,
  cutAfter: 0,
  latencySeconds: 1,
  occupancySeconds: 1,
});
const timed = timeSchedule(compileSchedule(generators["1f1b"].build({ ranks: 2, microbatches: 2 })), timing);

// rank 0  F0 0-1, F1 1-2, B0 8-10, B1 11-13
// rank 1  F0 3-4, B0 4-6, F1 6-7, B1 7-9
describe("timeline", () => {
  test("one row per rank, blocks to scale, idle time dotted", () => {
    expect(renderTimeline(timed, { width: 39 })).toEqual([
      "rank 0 |F0=F1=..................B0====...B1====|",
      "rank 1 |.........F0=B0====F1=B1====............|",
      "        0                                     13 s",
    ]);
  });

  test("narrow charts cut labels and keep the width", () => {
    const [first] = renderTimeline(timed, { width: 13 });
    expect(first).toBe("rank 0 |FF......B0.B1|");
  });

  test("a lowered schedule looks the same", () => {
    const lowered = timeSchedule(compileSchedule(lowerSchedule(timed, "push")), timing);
    expect(renderTimeline(lowered, { width: 39 })).toEqual(renderTimeline(timed, { width: 39 }));
  });
});

describe("Chrome trace", () => {
  const { traceEvents } = chromeTrace(timed, ["Oregon", "Frankfurt"]);
  const named = (name: string, ph: string) =>
    traceEvents.filter((event) => event.name === name && event.ph === ph);

  test("processes are regions, threads ranks, and a process of its own holds the links", () => {
    const metadata = traceEvents.filter(({ ph }) => ph === "M");
    expect(metadata.map(({ name, pid, tid, args }) => [name, pid, tid, args?.["name"]])).toEqual([
      ["process_name", 0, 0, "Oregon"],
      ["process_name", 1, 0, "Frankfurt"],
      ["thread_name", 0, 0, "rank 0"],
      ["thread_name", 1, 1, "rank 1"],
      ["process_name", 2, 0, "links"],
      ["thread_name", 2, 0, "rank 0 to 1"],
      ["thread_name", 2, 1, "rank 1 to 0"],
    ]);
  });

  test("blocks are slices in microseconds, messages occupy their link", () => {
    expect(named("0F0", "X")).toEqual([
      { ph: "X", name: "0F0", cat: "F", pid: 0, tid: 0, ts: 0, dur: 1e6, args: { stage: 0, microbatch: 0 } },
      { ph: "X", name: "0F0", cat: "message", pid: 2, tid: 0, ts: 1e6, dur: 1e6 },
    ]);
  });

  test("flow arrows lead from the block that made the message to the one that uses it", () => {
    const arrow = (ph: string) => named("activation", ph).map(({ id, pid, ts }) => [id, pid, ts]);
    expect(arrow("s")).toEqual([
      [0, 0, 0],
      [1, 0, 1e6],
    ]);
    expect(arrow("f")).toEqual([
      [0, 1, 3e6],
      [1, 1, 6e6],
    ]);
    expect(named("gradient", "s")).toHaveLength(2);
  });

  test("is the same for the lowered schedule", () => {
    for (const transport of ["push", "rendezvous"] as const) {
      const lowered = timeSchedule(compileSchedule(lowerSchedule(timed, transport)), timing);
      expect(chromeTrace(lowered, ["Oregon", "Frankfurt"])).toEqual(
        chromeTrace(timed, ["Oregon", "Frankfurt"]),
      );
    }
  });

  test("without regions a process is a rank; without occupancy there is no process for links", () => {
    const free: Timing = { ...timing, links: [] };
    const names = chromeTrace(timeSchedule(timed.compiled, free)).traceEvents.flatMap((event) =>
      event.name === "process_name" ? [event.args?.["name"]] : [],
    );
    expect(names).toEqual(["rank 0", "rank 1"]);
  });
});
