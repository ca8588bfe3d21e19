// `bace schedule`: data in, data out; flags; files; what is told where something is wrong.
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scheduleNames } from "@bace-pipe/core/pipeline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main } from "../src/main.ts";
import { bace, recordingIo } from "./support/recorder.ts";

/** Table of optima in the design of schedules: 4 stages, 8 micro-batches, all times 1, one cut in the middle. */
const spec = (more: object = {}) =>
  JSON.stringify({
    ...{ stages: 4, microbatches: 8, forwardSeconds: 1, inputGradSeconds: 1, weightGradSeconds: 1 },
    ...{ links: [{}, { latencySeconds: 1 }, {}], memoryCap: 4, generator: "1f1b" },
    ...more,
  });

async function scheduled(input: string, ...options: readonly string[]) {
  const { err, exitCode, out } = await bace(["schedule", "--spec", "-", "-o", "json", ...options], { input });
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  return JSON.parse(out);
}

describe("a file", () => {
  test("of one generator gives its schedule's figures", async () => {
    const result = await scheduled(spec());
    expect(Object.keys(result)).toEqual([
      ...[
        "version",
        "inputHash",
        "generator",
        "status",
        "makespanSeconds",
        "spanSeconds",
        "bubbleRatio",
        "spanBubbleRatio",
      ],
      ...["peakActivations", "exposedSeconds", "lowerBoundSeconds", "gap"],
    ]);
    expect(result).toMatchObject({
      ...{ generator: "1f1b", status: "feasible", makespanSeconds: 41, peakActivations: [4, 3, 2, 1] },
      bubbleRatio: 1 - 24 / 41,
    });
    expect(result.exposedSeconds).toHaveLength(3);
    expect(result.gap).toBeCloseTo(41 / result.lowerBoundSeconds - 1, 12);
    expect(result.lowerBoundSeconds).toBeLessThanOrEqual(31);
  });

  test("of several gives the best that fits, and all as candidates, in their order", async () => {
    const generator = ["gpipe", "1f1b", "zb-h1"];
    const { candidates, inputHash, version, ...best } = await scheduled(spec({ generator }));
    expect([inputHash, version]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), "0.1.0"]);
    expect(candidates.map((one: { generator: string }) => one.generator)).toEqual(generator);
    expect(candidates[0]).toMatchObject({ status: "over-memory", peakActivations: [8, 8, 8, 8] });
    expect(best).toEqual(candidates[2]);
    expect(best).toMatchObject({ generator: "zb-h1", makespanSeconds: 33 });
  });

  test("that names auto compares every generator", async () => {
    const {
      candidates,
      inputHash: _,
      version: __,
      ...best
    } = await scheduled(spec({ generator: "auto", memoryCap: 8 }));
    expect(candidates.map((one: { generator: string }) => one.generator)).toEqual(scheduleNames);
    const fitting = candidates.filter(
      (one: { status?: string }) => one.status === "optimal" || one.status === "feasible",
    );
    expect(best.makespanSeconds).toBe(Math.min(...fitting.map((one: typeof best) => one.makespanSeconds)));
  });

  test("a bound that is met is an optimum", async () => {
    expect(await scheduled(spec({ links: [], generator: "zb-h1" }))).toMatchObject({
      ...{ status: "optimal", makespanSeconds: 27, lowerBoundSeconds: 27, gap: 0 },
    });
  });

  test("where nothing fits, what is least over memory is shown, and said to be", async () => {
    expect(await scheduled(spec({ memoryCap: 3.5, generator: ["gpipe", "1f1b"] }))).toMatchObject({
      ...{ generator: "1f1b", status: "over-memory" },
    });
    const { err } = await bace(["schedule", "--spec", "-"], { input: spec({ memoryCap: 3.5 }) });
    expect(err).toBe("warning[over-memory]: 1f1b does not fit into memory\n");
  });

  test("what there is not is a refused candidate of a list, and an error alone", async () => {
    const odd = { stages: 3, links: [], memoryCap: 9 };
    const { candidates, generator } = await scheduled(spec({ ...odd, generator: ["dualpipe", "1f1b"] }));
    expect(generator).toBe("1f1b");
    expect(candidates[0]).toEqual({ generator: "dualpipe", refused: expect.stringContaining("odd") });
    const alone = await bace(["schedule", "--spec", "-"], { input: spec({ ...odd, generator: "dualpipe" }) });
    expect(alone).toMatchObject({ exitCode: 2, out: "" });
    expect(alone.err).toMatch(/error\[no-schedule\].*dualpipe.*odd[\s\S]*help: change the sizes/);
  });

  test("--generator is over the file's", async () => {
    expect(await scheduled(spec(), "-g", "zb-h1")).toMatchObject({ generator: "zb-h1" });
  });

  test("that is wrong is told with its place", async () => {
    const { err, exitCode } = await bace(["schedule", "--spec", "-"], {
      input: "stages: 4\nmicrobatches: none\n",
    });
    expect(exitCode).toBe(2);
    expect(err).toContain("<stdin>:2:15 (microbatches)");
  });

  test("the same input gives the same bytes", async () => {
    const input = spec({ generator: "auto" });
    expect(await scheduled(input)).toEqual(await scheduled(input));
  });
});

test("exact proves a small optimum, and says by which solver", async () => {
  const input = spec({ stages: 2, microbatches: 3, links: [{ latencySeconds: 1 }], memoryCap: 2 });
  const args = ["schedule", "--spec", "-", "-g", "exact", "--time-limit", "20", "-o", "json"];
  const { err, exitCode, out } = await bace(args, { input });
  expect(exitCode).toBe(0);
  expect(err).toMatch(/^searching for at most 20 s; Ctrl-C ends it with the best so far/);
  const result = JSON.parse(out);
  expect(result).toMatchObject({ generator: "exact", status: "optimal", gap: 0, solver: expect.any(String) });
  expect(result.lowerBoundSeconds).toBe(result.makespanSeconds);
});

test("Ctrl-C is listened to only while a solver runs: it ends the program otherwise", async () => {
  const listened = async (...generator: readonly string[]) => {
    const { io } = recordingIo({
      input: spec({ stages: 2, microbatches: 2, links: [], memoryCap: 2, generator }),
    });
    let [begun, ended] = [0, 0];
    const onInterrupt = () => {
      begun++;
      return () => void ended++;
    };
    expect(await main(["schedule", "--spec", "-", "-o", "json"], { ...io, onInterrupt })).toBe(0);
    return { begun, ended };
  };
  expect(await listened("1f1b", "crosspipe")).toEqual({ begun: 0, ended: 0 });
  expect(await listened("1f1b", "exact")).toEqual({ begun: 1, ended: 1 });
});

test("exact in a list is refused like others where it cannot be, and nobody searches", async () => {
  const generator = ["1f1b", "crosspipe", "exact"];
  for (const [more, reason] of [
    [{ memoryCap: 0.5 }, /rank 0 can hold 0.5 activations.*more memory/],
    [{ microbatches: 512 }, /more blocks than.*fewer micro-batches/],
  ] as const) {
    const { err, exitCode, out } = await bace(["schedule", "--spec", "-", "-o", "json"], {
      input: spec({ ...more, generator }),
    });
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    const { candidates } = JSON.parse(out);
    expect(candidates[0]).toMatchObject({ generator: "1f1b", makespanSeconds: expect.any(Number) });
    expect(candidates[2]).toEqual({ generator: "exact", refused: expect.stringMatching(reason) });
  }
});

test("Ctrl-C ends a search with the best so far, and the exit code says so", async () => {
  const { io, recorded } = recordingIo({ input: spec({ microbatches: 24 }) });
  const interrupted = {
    ...io,
    onInterrupt: (callback: () => void) => {
      callback();
      return () => undefined;
    },
  };
  const args = ["schedule", "--spec", "-", "-g", "exact", "--time-limit", "60", "-o", "json"];
  expect(await main(args, interrupted)).toBe(130);
  expect(recorded.err).toContain("stopped: this is the best schedule so far");
  expect(JSON.parse(recorded.out)).toMatchObject({ generator: "exact", makespanSeconds: expect.any(Number) });
});

describe("flags", () => {
  const FLAGS = ["schedule", "--stages", "4", "--microbatches", "8"];
  const second = ["--forward", "1", "--input-grad", "1", "--weight-grad", "1s"];

  test("say the same as a file: --cut N is a cut after N stages, its gbps with --message the occupancy", async () => {
    const cut = ["--cut", "1:lat=500ms,gbps=8", "--cut", "3:gbps=4", "--message", "1GB"];
    const args = [...FLAGS, ...second, ...cut, "-g", "1f1b", "-o", "json"];
    const links = [{ latencySeconds: 0.5, occupancySeconds: 1 }, {}, { occupancySeconds: 2 }];
    expect(JSON.parse((await bace(args)).out)).toEqual(await scheduled(spec({ links })));
  });

  test("memory is what 1F1B needs unless told; none is no limit", async () => {
    const status = async (...more: string[]) =>
      JSON.parse((await bace([...FLAGS, "-g", "gpipe", "-o", "json", ...more])).out).status;
    expect(await status()).toBe("over-memory");
    expect(await status("--memory", "none")).toBe("feasible");
  });

  test("the table has the best first and its timeline below, 120 columns wide at most", async () => {
    const { err, exitCode, out } = await bace([...FLAGS, "--cut", "2:lat=10ms", "-g", "1f1b,zb-h1"]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toMatch(
      /^GENERATOR +MAKESPAN +SPAN +BUBBLE +SPAN BUBBLE +PEAK +EXPOSED +BOUND +GAP +STATUS\nzb-h1 .*\n1f1b /,
    );
    expect(out).toContain("\nrank 0 |F0=");
    const timeline = out.split("\n").filter((line) => line.startsWith("rank"));
    expect(new Set(timeline.map((line) => line.length))).toEqual(new Set([120]));
  });

  test.each([
    [
      ["--cut", "4:lat=1ms"],
      /error\[invalid-cut\]: --cut 4: there is no hop after 4 of 4 stages[\s\S]*from 1 to 3/,
    ],
    [["--cut", "2:lat=1ms", "--cut", "2"], /error\[invalid-cut\]: --cut 2 is there twice/],
    [["--cut", "2:latency=1ms"], /STAGES:lat=TIME,gbps=NUMBER/],
    [["--cut", "2:gbps=0"], /STAGES:lat=TIME,gbps=NUMBER/],
    [["--forward", "10MB"], /Give a time of 0 or more, such as 10ms/],
    [["--forward", "0"], /Give a time above 0, such as 10ms/],
    [["--message", "16"], undefined],
    [
      ["--generator", "zbh1"],
      /error\[unknown-generator\]: "zbh1" is not a generator[\s\S]*did you mean "zb-h/,
    ],
    [["--spec", "file.yaml"], /--spec <file>' cannot be used with option '--stages/],
    [["--time-limit", "0"], /Give a number above 0/],
    [
      ["--stages", "500", "--microbatches", "4000"],
      /error\[invalid-option\]: microbatches: .* more than 262144/,
    ],
  ])("%j", async (more, complaint) => {
    const { err, exitCode } = await bace([...FLAGS, ...more]);
    expect(exitCode).toBe(complaint ? 2 : 0);
    expect(err).toMatch(complaint ?? /^$/);
  });

  test("nothing to schedule is an error that says what to give", async () => {
    const { err, exitCode } = await bace(["schedule", "--stages", "4"]);
    expect(exitCode).toBe(2);
    expect(err).toMatch(/error\[nothing-to-schedule\][\s\S]*--stages and --microbatches, or --spec/);
  });
});

describe("files", () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "bace-schedule-")));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (generator: string, ...more: readonly string[]) =>
    bace(
      ["schedule", "--stages", "2", "--microbatches", "4", "--cut", "1:lat=5ms", "-g", generator, ...more],
      {
        folder,
      },
    );
  const read = (name: string) => readFileSync(join(folder, name), "utf8");

  test("are of the best schedule: picture, page, trace and PyTorch's two formats", async () => {
    const files = ["--svg", "a.svg", "--html", "a.html", "--chrome-trace", "a.json"];
    const torch = ["--torch-csv", "a.csv", "--torch-csv-comms", "b.csv"];
    expect(await run("1f1b", ...files, ...torch)).toMatchObject({ exitCode: 0, err: "" });
    expect(read("a.svg")).toMatch(/^<\?xml[\s\S]*1f1b, 2 ranks × 4 micro-batches[\s\S]*<\/svg>\n$/);
    expect(read("a.html")).toMatch(/^<!doctype html>[\s\S]*<th scope="row">1f1b<\/th>/);
    const { traceEvents } = JSON.parse(read("a.json"));
    const processes = traceEvents.filter((event: { name: string }) => event.name === "process_name");
    expect(processes.map((event: { args: { name: string } }) => event.args.name)).toEqual([
      "region 1",
      "region 2",
    ]);
    expect(read("a.csv")).toBe("0F0,0F1,0B0,0F2,0B1,0F3,0B2,0B3\n1F0,1B0,1F1,1B1,1F2,1B2,1F3,1B3\n");
    expect(read("b.csv")).toMatch(/^0F0,0SEND_F0,[\s\S]*,1SEND_B3,1REDUCE_GRAD\n$/);
  });

  test("a schedule that PyTorch cannot run leaves no CSV, and says why", async () => {
    const { err, exitCode } = await run("dualpipe", "--memory", "none", "--torch-csv", "a.csv");
    expect(exitCode).toBe(2);
    expect(err).toMatch(/error\[not-for-torch\]: PyTorch cannot run dualpipe: [\s\S]*each stage on one rank/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that cannot be written are told before the work starts", async () => {
    const { err, exitCode, out } = await run("1f1b", "--svg", "nowhere/a.svg");
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toContain("error[folder-not-found]: --svg nowhere/a.svg");
  });

  test("the file that is read is not overwritten", async () => {
    writeFileSync(join(folder, "p.json"), spec());
    const { err, exitCode } = await bace(["schedule", "--spec", "p.json", "--svg", "p.json"], { folder });
    expect(exitCode).toBe(2);
    expect(err).toContain("error[same-file]");
    expect(read("p.json")).toBe(spec());
  });
});
