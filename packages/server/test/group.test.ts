// Commits that wait together become durable together, and until then nobody sees or hears of them.
import { createPolicy, type Event, emptyState, type Fact } from "@bace-pipe/core";
import { parseJobs, parseScenario } from "@bace-pipe/core/spec";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { Log } from "../src/store/log.ts";
import { createWriter, type Writer } from "../src/writer.ts";
import { jobText, SCENARIO } from "./support/service.ts";

const scenario = parseScenario(SCENARIO, "two-regions.yaml");
if (!scenario.ok) throw new Error(JSON.stringify(scenario.diagnostics));
const { fleet } = scenario.value;

function submitted(name: string): Fact {
  const parsed = parseJobs(jobText(name, { gpus: 2 }), "job.yaml", fleet, { efficiency: 0.4 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return { kind: "submitted", job: { ...parsed.value[0]!, submitSeconds: 1 } };
}

/** A writer whose appends wait until a test lets them through, or fail. */
function slowWriter() {
  const appends: { readonly events: readonly Event[]; end: (error?: Error) => void }[] = [];
  const log: Log = {
    append: (events) =>
      new Promise((resolve, reject) => {
        appends.push({ events, end: (error) => (error ? reject(error) : resolve()) });
      }),
    saveSnapshot: async () => {},
    decisions: async () => [],
    steps: async () => ({ count: 0, steps: [] }),
    fleets: async () => [],
    figures: async () => [],
  };
  const writer = createWriter({
    ...{ log, state: emptyState(), nowSeconds: () => 1, logger: pino({ level: "silent" }) },
    deciding: { policy: createPolicy("bace"), timeModel: "1f1b", newLaunchKey: () => "key" },
  });
  return { appends, writer };
}

/** All that waits for nothing but promises has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const kindsOf = (events: readonly Event[]) => events.map(({ kind }) => kind);

/** While an append is under way, so that what is committed next waits together. */
async function busy({ appends, writer }: ReturnType<typeof slowWriter>): Promise<() => Promise<void>> {
  const first = writer.commit(() => [{ kind: "cancel-requested", jobId: "nobody" }]);
  await settled();
  expect(appends).toHaveLength(1);
  return async () => {
    appends.shift()!.end();
    await settled();
    void first;
  };
}

const outcomeOf = (commit: Promise<void>) => {
  const outcome = { text: "waits" };
  commit.then(
    () => (outcome.text = "done"),
    (error: Error) => (outcome.text = error.message),
  );
  return outcome;
};
const names = (writer: Writer) => [...writer.state().jobs.keys()];

test("those that wait share one append; nobody is answered, and nothing is to be seen or heard, before it is done", async () => {
  const slow = slowWriter();
  const { appends, writer } = slow;
  const proceed = await busy(slow);
  const heard: string[] = [];
  writer.listen({ appended: (events) => heard.push(...kindsOf(events)) });
  writer.onChange(() => heard.push("change"));
  const outcomes = ["a", "b", "c"].map((name) => outcomeOf(writer.commit(() => [submitted(name)])));
  await proceed();
  expect(appends.map(({ events }) => kindsOf(events))).toEqual([["submitted", "submitted", "submitted"]]);
  expect(appends[0]!.events.map(({ seq }) => seq)).toEqual([2, 3, 4]);
  heard.length = 0;
  expect([names(writer), writer.state().seq, writer.revision()]).toEqual([[], 1, 1]);
  expect(outcomes.map(({ text }) => text)).toEqual(["waits", "waits", "waits"]);

  appends.shift()!.end();
  await settled();
  expect(outcomes.map(({ text }) => text)).toEqual(["done", "done", "done"]);
  expect(names(writer)).toEqual(["a", "b", "c"]);
  expect(heard).toEqual(["change", "change", "change", "submitted", "submitted", "submitted"]);
});

test("each is proposed on what those before it leave, and told the revision of that", async () => {
  const slow = slowWriter();
  const { appends, writer } = slow;
  const proceed = await busy(slow);
  const seen: unknown[] = [];
  const submit = (name: string) =>
    writer.commit(({ jobs, queued }, revision) => {
      seen.push([[...jobs.keys()], queued.size, revision]);
      return jobs.has(name) ? [] : [submitted(name)];
    });
  void submit("a");
  void submit("a");
  void writer.commit(() => [{ kind: "cancel-requested", jobId: "a" }]);
  void submit("b");
  await proceed();
  expect(kindsOf(appends[0]!.events)).toEqual(["submitted", "cancel-requested", "submitted"]);
  expect(seen).toEqual([
    [[], 0, 1],
    [["a"], 1, 2],
    [["a"], 0, 3],
  ]);
});

test("a proposal that throws is the only one refused, and not before what it may have been refused for is durable", async () => {
  const slow = slowWriter();
  const { appends, writer } = slow;
  const proceed = await busy(slow);
  const outcomes = [
    writer.commit(() => [submitted("a")]),
    writer.commit(({ jobs }) => {
      throw new Error(`taken: ${[...jobs.keys()]}`);
    }),
    writer.commit(() => [submitted("b")]),
  ].map(outcomeOf);
  await proceed();
  expect(outcomes.map(({ text }) => text)).toEqual(["waits", "waits", "waits"]);
  appends.shift()!.end();
  await settled();
  expect(outcomes.map(({ text }) => text)).toEqual(["done", "taken: a", "done"]);
  expect(names(writer)).toEqual(["a", "b"]);
});

test("when their append fails all of them are in doubt, nothing of it is to be seen, and the writer takes nothing more", async () => {
  const slow = slowWriter();
  const { appends, writer } = slow;
  const proceed = await busy(slow);
  const outcomes = ["a", "b"].map((name) => outcomeOf(writer.commit(() => [submitted(name)])));
  await proceed();
  const late = outcomeOf(writer.commit(() => [submitted("c")]));
  appends.shift()!.end(new Error("the connection was lost"));
  await settled();
  for (const { text } of [...outcomes, late]) expect(text).toMatch(/written or not/);
  expect([names(writer), writer.healthy(), appends.length]).toEqual([[], false, 0]);
  await expect(writer.failed).rejects.toThrow("the connection was lost");
});

test("a group has an end: those beyond it have the next turn", async () => {
  const slow = slowWriter();
  const { appends, writer } = slow;
  const proceed = await busy(slow);
  const last = outcomeOf(
    Array.from({ length: 100 }, () => writer.commit(() => [{ kind: "cancel-requested", jobId: "a" }])).at(
      -1,
    )!,
  );
  await proceed();
  expect(appends[0]!.events).toHaveLength(64);
  appends.shift()!.end();
  await settled();
  expect(appends[0]!.events).toHaveLength(36);
  expect(last.text).toBe("waits");
});
