/** The pictures of a timed schedule: lines of text, Chrome trace events, SVG and a page around it. */

import { describe, expect, test } from "vitest";
import {
  chromeTrace,
  compileSchedule,
  evaluateSchedule,
  generators,
  lowerSchedule,
  type Pipeline,
  renderTimeline,
  type Timing,
  timelinePage,
  timelineSvg,
  timeSchedule,
} from "../../src/pipeline/index.ts";
import { axisOf } from "../../src/pipeline/picture/axis.ts";
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

  test("goes on in a second band where labels have no room", () => {
    expect(renderTimeline(timed, { width: 13, bands: 2 })).toEqual([
      "rank 0 |F0F1.........|",
      "rank 1 |......F0B0==F|",
      "        0           6.5 s",
      "rank 0 |...B0==..B1==|",
      "rank 1 |1B1==........|",
      "        6.5         13 s",
    ]);
  });

  test("does not go on where that would not help", () => {
    expect(renderTimeline(timed, { width: 5, bands: 1 })).toHaveLength(3);
    expect(renderTimeline(timed, { width: 2, bands: 4 })).toHaveLength(3);
  });

  test("colours blocks, not idle time, and keeps the width", () => {
    const paint = (text: string, kind: string) => `<${kind}>${text}</>`;
    const [first] = renderTimeline(timed, { width: 39, paint });
    expect(first).toBe("rank 0 |<F>F0=</><F>F1=</>..................<B>B0====</>...<B>B1====</>|");
  });

  test("a later stage of the rank is in lower case", () => {
    const schedule = generators["interleaved-1f1b"].build({ ranks: 1, microbatches: 1, chunks: 2 });
    const ofTwo = uniformTiming({ stages: 2, forward: 1, backward: 1 });
    expect(
      renderTimeline(timeSchedule(compileSchedule(schedule), { ...ofTwo, links: [] }), { width: 16 })[0],
    ).toBe("rank 0 |F0==f0==b0==B0==|");
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

const pipeline: Pipeline = {
  ranks: 4,
  microbatches: 8,
  chunks: 1,
  forwardSeconds: [1, 1, 1, 1],
  inputGradSeconds: [1, 1, 1, 1],
  weightGradSeconds: [1, 1, 1, 1],
  overheadSeconds: 0,
  hops: [0, 2, 0].map((latencySeconds) => ({ latencySeconds, occupancySeconds: latencySeconds / 4 })),
  memoryCap: [4, 4, 4, 4],
};
const evaluation = evaluateSchedule(pipeline, generators["zb-h1"].build(pipeline));
const svg = timelineSvg(evaluation, { hops: pipeline.hops, lowerBoundSeconds: 32 });
const count = (text: string, part: RegExp) => [...text.matchAll(part)].length;

describe("SVG", () => {
  test("has a block per action, and its times where the pointer is", () => {
    expect(count(svg, /class="block F"/g)).toBe(32);
    expect(count(svg, /class="block I"/g)).toBe(32);
    expect(count(svg, /class="block W"/g)).toBe(32);
    expect(svg).toContain("<title>0F1 on rank 0: stage 0, micro-batch 1, 1 s to 2 s</title>");
  });

  test("has a line per message over the cut, and for no other", () => {
    expect(count(svg, /class="message activation[^>]*><title>/g)).toBe(8);
    expect(count(svg, /class="message gradient[^>]*><title>/g)).toBe(8);
    expect(svg).toContain("activation for 2F0, rank 1 to 2: enters the link at 2 s, arrives at 4.5 s");
  });

  test("says makespan, bubble and bound, what a cut costs, and which regions it divides", () => {
    expect(svg).toMatch(
      /<title>zb-h1, 4 ranks × 8 micro-batches · makespan [\d.]+ s · bubble [\d.]+ % · bound 32 s</,
    );
    expect(svg).toContain(">latency 2 s<");
    expect(svg).toContain(">message 500 ms<");
    expect(svg).toContain(">region 2<");
  });

  test("stands alone, in light and dark", () => {
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/<script|href|url\(|http/);
  });

  test("shows what there is only: no cut, no regions; no bound where it is not known", () => {
    const free = { ...pipeline, hops: pipeline.hops.map(() => ({ latencySeconds: 0, occupancySeconds: 0 })) };
    const plain = timelineSvg(evaluateSchedule(free, evaluation.schedule), { hops: free.hops });
    expect(plain).not.toMatch(/class="(cut|region|message|bound)/);
  });

  test("blocks are where their times are: the whole chart is as long as the makespan", () => {
    const ends = [...svg.matchAll(/class="block \w" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(
      ([, x, width]) => Number(x) + Number(width),
    );
    const [, left, length] = /class="idle" x="(\d+)" y="\d+" width="(\d+)"/.exec(svg)!;
    expect(Math.max(...ends)).toBeCloseTo(Number(left) + Number(length), 1);
  });

  test("a typical block has room for two digits however long the schedule is, up to a limit", () => {
    const long = { ...pipeline, microbatches: 64 };
    const drawn = timelineSvg(evaluateSchedule(long, generators["zb-h1"].build(long)), { hops: long.hops });
    expect(drawn).toMatch(/class="label onF"[^>]*>63</);
  });
});

test("the page holds the picture and the table, escapes what it is told, and asks for nothing else", () => {
  const page = timelinePage(evaluation, {
    hops: pipeline.hops,
    title: "a <b> & c",
    facts: [["memory", "4 < 5"]],
    candidates: { headings: ["generator", "gap"], rows: [["zb-h1", "1 %"]], legend: "Gap: over the bound." },
  });
  expect(page).toContain("<h1>a &#60;b&#62; &#38; c</h1>");
  expect(page).toContain("<dt>memory</dt><dd>4 &#60; 5</dd>");
  expect(page).toContain('<th scope="row">zb-h1</th><td>1 %</td>');
  expect(count(page, /class="block/g)).toBe(96);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/<script|<link|<img/);
});

describe("axis", () => {
  test.each([
    [0.04, 5, "milliseconds", ["0", "10", "20", "30", "40"]],
    [1.346, 8, "milliseconds", ["0", "200", "400", "600", "800", "1000", "1200"]],
    [41, 5, "seconds", ["0", "10", "20", "30", "40"]],
    [600, 3, "minutes", ["0", "5", "10"]],
    [5e-6, 5, "microseconds", ["0", "1", "2", "3", "4", "5"]],
    [0, 5, "microseconds", ["0"]],
  ])("of %d s with %d marks at most but one is in %s", (endSeconds, most, unit, labels) => {
    const axis = axisOf(endSeconds, most);
    expect(axis.unit).toBe(unit);
    expect(axis.ticks.map(({ label }) => label)).toEqual(labels);
  });
});
