import { describe, expect, test } from "vitest";
import type { QueueEntry } from "../src/api.ts";
import {
  filterOf,
  isShown,
  nextSort,
  sorted,
  sortOf,
  sortText,
  withField,
} from "../src/pages/queue/filter.ts";
import { withFocused } from "../src/pages/queue/focused-row.ts";
import { needText, termsOf } from "../src/pages/queue/words.ts";
import { job } from "./support/job.ts";

const query = (text: string) => new URLSearchParams(text);

describe("filter", () => {
  const shown = (text: string) =>
    [
      job("nightly-1", "running"),
      job("nightly-2", "queued", { tenant: "speech", held: true }),
      job("Other", "ended", { outcome: "failed", reason: "a rank of NIGHTLY data was lost" }),
    ]
      .filter((each) => isShown(each, filterOf(query(text))))
      .map(({ id }) => id);

  test("shows all where nothing is asked for", () => {
    expect(shown("")).toEqual(["nightly-1", "nightly-2", "Other"]);
  });

  test("looks for a text in names and reasons, whatever the case", () => {
    expect(shown("text=Nightly")).toEqual(["nightly-1", "nightly-2", "Other"]);
    expect(shown("text=+lost+")).toEqual(["Other"]);
    expect(shown("text=[")).toEqual([]);
  });

  test("takes a tenant, and a phase by the word that is shown", () => {
    expect(shown("tenant=speech")).toEqual(["nightly-2"]);
    expect(shown("phase=held")).toEqual(["nightly-2"]);
    expect(shown("phase=queued")).toEqual([]);
    expect(shown("phase=failed&tenant=library")).toEqual(["Other"]);
  });
});

describe("order", () => {
  const rows = [{ key: 10 }, { key: null }, { key: 2 }, { key: 10 }];
  const keysOf = (isDescending: boolean) =>
    sorted(rows, ({ key }) => key, isDescending).map((row) => rows.indexOf(row));

  test("is by figures, equal ones as they came, what is not known last either way", () => {
    expect(keysOf(false)).toEqual([2, 0, 3, 1]);
    expect(keysOf(true)).toEqual([0, 3, 2, 1]);
  });

  test("of names knows figures in them", () => {
    const names = ["job-10", "job-2", "Job-1"];
    expect(sorted(names, (name) => name, false)).toEqual(["Job-1", "job-2", "job-10"]);
    expect(sorted(names, undefined, true)).toBe(names);
  });

  test("goes up, down, and back to what it was", () => {
    const up = nextSort(undefined, "cost");
    const down = nextSort(up, "cost");
    expect([sortText(up), sortText(down), sortText(nextSort(down, "cost"))]).toEqual(["cost", "-cost", ""]);
    expect(sortText(nextSort(down, "job"))).toBe("job");
  });

  test("is read from the address as it was written", () => {
    expect(sortOf(query("placed=-cost"), "placed")).toEqual({ by: "cost", isDescending: true });
    expect(sortOf(query("placed=-cost"), "history")).toBeUndefined();
    expect(withField(query("a=1&b=2"), "a", "")).toEqual({ b: "2" });
    expect(withField(query("a=1"), "b", "x")).toEqual({ a: "1", b: "x" });
  });
});

describe("words", () => {
  test("each term of the priority has its name", () => {
    const order = { kind: "priority", score: 0.8123, alpha: 0.25, intensity: 0.1, sensitivity: 0.4 } as const;
    expect(termsOf(order).map(([name, value]) => `${name} ${value}`)).toEqual([
      "P 0.812",
      "α 0.25",
      "I 0.1",
      "D 0.4",
    ]);
    expect(termsOf({ kind: "shortest", idealSeconds: 90 }).map(([, value]) => value)).toEqual(["90 s"]);
    expect(termsOf({ kind: "fcfs", submitSeconds: 0 })).toEqual([]);
  });

  test("what a job needs is said with its figures", () => {
    const text = (need: QueueEntry["needs"][number]) => needText(need, 100);
    expect(text({ kind: "gpus", missing: 2, regions: ["a", "b"] })).toBe("with 2 GPUs more on a → b");
    expect(text({ kind: "gpus", missing: 1, regions: [] })).toBe("with 1 GPU more");
    expect(
      text({
        ...{ kind: "bandwidth", from: "a", to: "b" },
        ...{ neededBitsPerSecond: 5e9, residualBitsPerSecond: 2e9 },
      }),
    ).toBe("with 3 Gbit/s more on a → b");
    const tenant = "library";
    expect(text({ kind: "quota", overQuota: { kind: "gpus", tenant, quota: 4, held: 3, needed: 2 } })).toBe(
      "when library holds 1 GPU less",
    );
    expect(
      text({
        kind: "quota",
        overQuota: { kind: "usd-per-day", tenant, quota: 10, spent: 6, expected: 3, needed: 2.5 },
      }),
    ).toBe("when library has spent 1.5 USD less in 24 hours");
    expect(text({ kind: "time", because: "cheaper", untilSeconds: 160 })).toBe("in 60 s");
    expect(text({ kind: "time", because: "back-off", untilSeconds: 40 })).toBe("in 0 s");
  });
});

test("a row that has the focus stays when it is scrolled away, and Tab finds the next one", () => {
  expect(withFocused([100, 101, 102], 3, 1000)).toEqual([2, 3, 4, 100, 101, 102]);
  expect(withFocused([0, 1, 2], 999, 1000)).toEqual([0, 1, 2, 998, 999]);
  expect(withFocused([0, 1, 2], 0, 1000)).toEqual([0, 1, 2]);
  expect(withFocused([0, 1, 2], -1, 1000)).toEqual([0, 1, 2]);
});
