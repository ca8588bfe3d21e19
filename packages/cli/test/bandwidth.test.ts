import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bace } from "./support/recorder.ts";

// A gigabyte every 114 ms, 5 ms away: the example of core's bandwidth-point.ts.
const SIZES = ["--stages", "8", "--microbatches", "32", "--message", "1GB"];
const TIMES = ["--forward", "38ms", "--input-grad", "38ms", "--weight-grad", "38ms"];
const EXAMPLE = [...SIZES, ...TIMES, "--cut", "4:lat=5ms,gbps=50"];
const bandwidth = (...args: string[]) => bace(["bandwidth", ...args]);
const study = async (...args: string[]) => JSON.parse((await bandwidth(...args, "-o", "json")).out);

describe("bace bandwidth", () => {
  test("says first how much is worth buying, and what memory would save", async () => {
    const { exitCode, err, out } = await bandwidth(...EXAMPLE, "--memory", "9");
    expect([exitCode, err]).toEqual([0, ""]);
    const [first, second] = out.split("\n");
    expect(first).toBe(
      "Buy 154 Gbit/s on the cut after 4 stages; it has 50 Gbit/s. With 1 extra forward, 7.04 s an iteration become 4.56 s, 35.2 % less; all beyond it saves 104 ms at most.",
    );
    expect(second).toBe(
      "One more activation of memory on each rank saves 702 ms of 7.04 s an iteration at the bandwidth that there is, and 73.4 Gbit/s would be enough.",
    );
    expect(out).toMatch(/^ +0 +none +8 +9\.67 s +–$/m);
    expect(out).toMatch(/^ +2 +73\.4 Gbit\/s +10 +6\.34 s +4\.67 s +more than memory holds$/m);
    expect(out).toMatch(/^ *154 Gbit\/s .*◄ knee$/m);
    expect(out).toMatch(/^ *50 Gbit\/s .*◄ now the link is the bottleneck$/m);
    expect(out).toMatch(/^rank 0 +702 ms \(-10\.0 %\)/m);
  });

  test("gives all of it as data, and the time at the point is one fill and one drain longer than the work", async () => {
    const { atPoint, byForwards, curve, fittingForwards, pointBitsPerSecond } = await study(
      ...EXAMPLE,
      "--memory",
      "9",
    );
    expect(fittingForwards).toBe(1);
    expect(pointBitsPerSecond).toBeCloseTo(8e9 / 0.052, -3);
    expect(atPoint.warmup).toBeCloseTo((32 + 7) * 0.114 + 2 * (0.005 + 0.052), 9);
    expect(byForwards.map(({ fits }: { fits: boolean }) => fits)).toEqual([true, true, false, false]);
    const bandwidths = curve.map(({ bitsPerSecond }: { bitsPerSecond: number }) => bitsPerSecond);
    expect(bandwidths).toEqual([...bandwidths].sort((a, b) => a - b));
    expect(bandwidths[0]).toBeCloseTo(8e9 / 0.114 / 4, -3);
    expect(bandwidths.at(-1)).toBeCloseTo((4 * 8e9) / 0.052, -3);
    expect(bandwidths).toContain(50e9);
    expect(bandwidths).toContain(pointBitsPerSecond);
    for (const { crosspipe, oneFOneB, warmup } of curve) {
      expect(warmup).toBeLessThanOrEqual(oneFOneB + 1e-9);
      expect(crosspipe).toBeLessThan(warmup);
    }
  });

  test("says that no bandwidth is enough where memory has room for nothing", async () => {
    const { out } = await bandwidth(...EXAMPLE);
    expect(out).toMatch(/^No bandwidth hides the cut after 4 stages, because memory holds no extra forward/);
    expect(out).toContain("and 154 Gbit/s would be enough.");
    const tooSmall = await bandwidth(...EXAMPLE, "--memory", "7");
    expect(tooSmall.out).toMatch(/^Memory does not hold 1F1B's activations/);
  });

  test("says that enough is enough", async () => {
    const { out } = await bandwidth(...SIZES, ...TIMES, "--cut", "4:lat=5ms,gbps=200", "--memory", "none");
    expect(out).toMatch(
      /^The cut after 4 stages needs 70\.2 Gbit\/s with 3 extra forwards, and it has 200 Gbit\/s/,
    );
    expect(out).toContain("Memory is not limited here.");
  });

  test("studies the thinnest of several cuts, or the one that is asked for; others keep their forwards", async () => {
    const cuts = [
      ...SIZES,
      ...TIMES,
      "--cut",
      "2:lat=5ms,gbps=90",
      "--cut",
      "6:lat=50ms,gbps=80",
      "--memory",
      "20",
    ];
    expect((await study(...cuts)).cutAfter).toBe(6);
    const { byForwards, cutAfter } = await study(...cuts, "--on", "2");
    expect(cutAfter).toBe(2);
    // 8 stages, and three forwards for the cut after 6: 2 × (50 + 100 ms) / 114 ms.
    expect(byForwards[0].heldActivations).toBe(8 + 3);
  });

  test("reads a file, whose occupancies are of messages of the size given", async () => {
    const spec =
      "{stages: 2, microbatches: 8, forwardSeconds: 1, inputGradSeconds: 1, weightGradSeconds: 1, links: [{occupancySeconds: 2}], memoryCap: 4}";
    const run = await bace(["bandwidth", "--spec", "-", "--message", "1MB", "-o", "json"], { input: spec });
    expect(JSON.parse(run.out)).toMatchObject({
      bitsPerSecond: 4e6,
      floorBitsPerSecond: 8e6 / 3,
      fittingForwards: 2,
    });
  });

  test("counts whole stages where the file counts chunks", async () => {
    const chunks = (count: number) =>
      `{stages: 4, chunks: ${count}, microbatches: 8, forwardSeconds: ${2 / count}, inputGradSeconds: ${2 / count}, weightGradSeconds: ${2 / count}, links: [{occupancySeconds: 2}], memoryCap: ${8 * count}, gradients: {reduceSeconds: ${16 / count}, gatherSeconds: ${4 / count}}}`;
    const [whole, halves] = await Promise.all(
      [1, 2].map((count) => bace(["bandwidth", "--spec", "-", "-o", "json"], { input: chunks(count) })),
    );
    const figures = ({ out }: { readonly out: string }) => ({ ...JSON.parse(out), inputHash: undefined });
    expect(figures(halves!)).toEqual(figures(whole!));
  });

  test.each([
    ["on networks apart", false, 2 + 8],
    // Gathered before the first message, and reduced after the last block: nothing waits for the link.
    ["over the links", true, 2 + 8],
  ])("counts what replicas exchange %s, whatever the schedule", async (_, overLinks, moreSeconds) => {
    const gradients = `, gradients: {gatherSeconds: 2, reduceSeconds: 8, overLinks: ${overLinks}}`;
    const file = (rest: string) =>
      `{stages: 4, microbatches: 8, forwardSeconds: 1, inputGradSeconds: 1, weightGradSeconds: 1, links: [{}, {occupancySeconds: 0.5}, {}], memoryCap: 5${rest}}`;
    const timesOf = async (rest: string) =>
      JSON.parse((await bace(["bandwidth", "--spec", "-", "-o", "json"], { input: file(rest) })).out).now;
    const [without, within] = await Promise.all([timesOf(""), timesOf(gradients)]);
    expect(within.oneFOneB).toBeCloseTo(without.oneFOneB + moreSeconds, 9);
    expect(within.warmup).toBeCloseTo(without.warmup + moreSeconds, 9);
    expect(within.crosspipe).toBeGreaterThan(without.crosspipe);
    const scheduled = await bace(["schedule", "--spec", "-", "--generator", "1f1b", "-o", "json"], {
      input: file(gradients),
    });
    expect(JSON.parse(scheduled.out)).toMatchObject({ makespanSeconds: within.oneFOneB });
  });

  test("draws the curve", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bace-bandwidth-"));
    try {
      const file = join(folder, "curve.svg");
      expect((await bandwidth(...EXAMPLE, "--memory", "9", "--svg", file)).exitCode).toBe(0);
      const svg = readFileSync(file, "utf8");
      for (const text of [
        "Gbit/s of the link, logarithmic",
        "seconds of an iteration",
        "enough 154 Gbit/s",
        "now 50 Gbit/s",
      ])
        expect(svg).toContain(text);
      expect(svg.match(/class="seconds /g)).toHaveLength(3);
      expect(svg).not.toContain("NaN");
      expect((await bandwidth(...EXAMPLE, "--svg", join(folder, "no/curve.svg"))).exitCode).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ["no cut", [...SIZES], "no-cut", "give --cut"],
    ["a cut that is not there", [...EXAMPLE, "--on", "3"], "no-cut", "give one of 4"],
    ["nothing to schedule", ["--cut", "4:lat=5ms"], "nothing-to-schedule", "--stages"],
    ["no bytes", [...EXAMPLE, "--message", "0"], "invalid-option", "size of a message"],
  ])("is told that %s is wrong, and what to do", async (_, args, code, hint) => {
    const { err, exitCode, out } = await bandwidth(...args);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toContain(`error[${code}]: `);
    expect(err).toContain(hint);
  });

  test("is told where a file is wrong", async () => {
    const { err, exitCode } = await bace(["bandwidth", "--spec", "-"], { input: "stages: -1\n" });
    expect(exitCode).toBe(2);
    expect(err).toContain("<stdin>:1:9 (stages)");
    expect((await bandwidth("--spec", "x.yaml", "--stages", "4")).exitCode).toBe(2);
  });
});
