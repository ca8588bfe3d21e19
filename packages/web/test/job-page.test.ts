import { describe, expect, test } from "vitest";
import type { JobLogs } from "../src/api.ts";
import { linesOf, withLogs } from "../src/pages/job/log-lines.ts";
import { lineText, type Step, withSteps } from "../src/pages/job/steps.ts";
import { busySeconds, type StepTimeline, shapeOf, ticksOf } from "../src/pages/job/timeline-shape.ts";

const step = (number: number, epoch = 1, loss: number | null = 5 - number): Step => ({
  ...{ step: number, epoch, loss },
  ...{ atSeconds: 100 * epoch + number, stepSeconds: 0.5 },
});

describe("steps", () => {
  test("that are done again after a checkpoint take the place of those before", () => {
    const first = withSteps([], [step(1), step(2), step(3), step(4)]);
    const both = withSteps(first, [step(3, 2), step(4, 2)]);
    expect(both.map((each) => [each.step, each.epoch])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
    ]);
    expect(first.length).toBe(4);
  });

  test("ascend, also where one report holds two epochs", () => {
    const steps = withSteps([], [step(10), step(20), step(30), step(21, 2), step(41, 2)]);
    expect(steps.map((each) => each.step)).toEqual([10, 20, 21, 41]);
  });

  test("are said in words", () => {
    const text = (steps: readonly Step[]) => lineText("Loss", steps, ({ loss }) => loss, String);
    expect(text([step(1, 1, null), step(2), step(3), step(4)])).toBe(
      "Loss: 3 at step 2, 1 at step 4; between 1 and 3",
    );
    expect(text([])).toBe("Loss: nothing measured yet");
  });
});

describe("logs", () => {
  const part = (
    region: string,
    name: string,
    text: string,
    skippedBytes = 0,
  ): JobLogs["regions"][number] => ({
    ...{ region, problem: null },
    files: [{ name, rank: 0, text, skippedBytes }],
  });
  const textsOf = (...args: Parameters<typeof linesOf>) => linesOf(...args).map(({ text }) => text);

  test("go on where they ended, by file", () => {
    const first = withLogs([], { regions: [part("a", "rank-0", "one\n"), part("b", "rank-1", "two\n")] });
    const both = withLogs(first, { regions: [part("a", "rank-0", "three\n")] });
    expect(linesOf(both, "", "")).toEqual([
      { source: "a rank-0", text: "one" },
      { source: "a rank-0", text: "three" },
      { source: "b rank-1", text: "two" },
    ]);
    expect(textsOf(both, "b", "")).toEqual(["two"]);
    expect(textsOf(both, "", "THREE")).toEqual(["three"]);
  });

  test("say that something was left out, and begin anew after it", () => {
    const files = withLogs(withLogs([], { regions: [part("a", "rank-0", "one\n")] }), {
      regions: [part("a", "rank-0", "much later\n", 5000)],
    });
    expect(files).toMatchObject([{ text: "much later\n", isCut: true }]);
  });

  test("keep the end of a file that is very long", () => {
    const long = `${"x".repeat(2 ** 20)}\nend\n`;
    const [file] = withLogs([], { regions: [part("a", "rank-0", long)] });
    expect(file!.text.length).toBe(2 ** 20);
    expect(file!.text.endsWith("\nend\n")).toBe(true);
    expect(file!.isCut).toBe(true);
  });

  test("show nothing that a program means a terminal to do", () => {
    const hostile = "\u001b[31mred\u001b[0m\u0007 \u202egnp.exe\u202c <b>x</b>\tend\r\n";
    const files = withLogs([], { regions: [part("a", "rank-0", hostile)] });
    expect(textsOf(files, "", "")).toEqual(["red gnp.exe <b>x</b>\tend"]);
  });
});

describe("timeline", () => {
  const timeline: StepTimeline = {
    makespanSeconds: 4,
    blocks: [
      { stage: 0, kind: "F", microbatch: 0, startSeconds: 0, endSeconds: 1 },
      { stage: 1, kind: "F", microbatch: 0, startSeconds: 1.5, endSeconds: 2 },
      { stage: 0, kind: "B", microbatch: 0, startSeconds: 3, endSeconds: 4 },
    ],
    messages: [
      { fromStage: 0, toStage: 1, microbatch: 0, startSeconds: 1, endSeconds: 1.2, arrivalSeconds: 1.5 },
    ],
  };

  const stages = [
    { stage: 0, region: "east" },
    { stage: 1, region: "west" },
  ];

  test("is a path per kind, to scale, with messages from row to row", () => {
    const { blocks, heightPixels, messages, names } = shapeOf(timeline, stages, 8, 80);
    expect(heightPixels).toBe(68);
    expect(blocks).toEqual([
      { kind: "F", path: "M0 0H10V18H0ZM15 47H20V65H15Z" },
      { kind: "B", path: "M30 0H40V18H30Z" },
    ]);
    expect(messages).toBe("M10 18L15 47");
    expect(names).toEqual([]);
    expect(shapeOf(timeline, stages, 8, 160).names.map(({ text, x }) => [text, x])).toEqual([
      ["F0", 10],
      ["B0", 70],
    ]);
  });

  test("says how long each stage computes", () => {
    expect(busySeconds(timeline, 2)).toEqual([2, 0.5]);
  });

  test("has round times on its axis", () => {
    expect(ticksOf(4, 6)).toEqual([0, 1, 2, 3, 4]);
    expect(ticksOf(0.65, 6).map((each) => each.toFixed(1))).toEqual(["0.0", "0.2", "0.4", "0.6"]);
  });
});
