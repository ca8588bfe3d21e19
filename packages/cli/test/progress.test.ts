// Long work shows how far it has come, short work nothing.
import { expect, test } from "vitest";
import { createProgress } from "../src/render/progress.ts";
import { recordingIo } from "./support/recorder.ts";

/** Says what is shown for each step, of which one takes `seconds`. */
function shown(isTerminal: boolean, steps: number, seconds: number, quietSeconds: number): string {
  const { io, recorded } = recordingIo();
  let now = 1000;
  const noun = "events";
  const progress = createProgress({ ...io.err, isTerminal }, { noun, quietSeconds, nowSeconds: () => now });
  for (let step = 1; step <= steps; step++) {
    now += seconds;
    progress.done(step, steps);
  }
  progress.end();
  return recorded.err;
}

test("elsewhere than on a terminal: a line now and then, with what is left", () => {
  expect(shown(false, 40, 1, 1)).toBe(
    [
      "1 of 40 events, 2.5 %",
      "16 of 40 events, 40.0 %, about 25.6 s left",
      "31 of 40 events, 77.5 %, about 9.3 s left",
      "",
    ].join("\n"),
  );
});

test("on a terminal: a bar in place, which is gone at the end", () => {
  const text = shown(true, 3, 1, 1);
  expect(text).toContain("██████████░░░░░░░░░░░░░░░░░░░░ 1 of 3 events, 33.3 %");
  expect(text).toContain("2 of 3 events, 66.7 %, about");
  expect(text.endsWith("\x1b[J\x1b[?7h")).toBe(true);
});

test("nothing where it is over sooner", () => {
  expect(shown(true, 50, 0.01, 1)).toBe("");
  expect(shown(false, 50, 0.01, 1)).toBe("");
});
