// A job's life as events: epochs, failures, cancellation, and facts that come late, twice or for the wrong epoch.
import { describe, expect, it } from "vitest";
import type { Fact, LaunchStatus } from "../../src/control/event.ts";
import { type Effect, launchKeyOf, type Observed, reconcile } from "../../src/control/reconcile.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, fromSnapshot, type State, toSnapshot } from "../../src/control/state.ts";
import { MAX_EPOCHS } from "../../src/control/verdict.ts";
import type { Explanation } from "../../src/scheduler/policy.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

const why: Explanation = {
  policy: "test",
  position: 1,
  order: { kind: "fcfs", submitSeconds: 0 },
  targetGpus: 6,
  neededGpus: 6,
  candidates: [],
  iterationLowerBoundSeconds: 1,
};
const placement = { regions: [0, 1], gpus: [4, 2], hopBitsPerSecond: [1e9] };
const fleet = fleetOf([{ gpus: 4 }, { gpus: 4, price: 0.1 }], () => 5);

/** Folds facts, ten seconds apart. */
function run(facts: readonly Fact[], from: State = emptyState()): State {
  return facts.reduce(
    (state, fact) => reduce(state, { ...fact, seq: state.seq + 1, atSeconds: (state.seq + 1) * 10 }),
    from,
  );
}
const loaded: Fact[] = [
  { kind: "fleet-loaded", fleet },
  { kind: "submitted", job: jobOf("a") },
];
const placed = (epoch: number): Fact => ({
  kind: "placed",
  jobId: "a",
  epoch,
  placement,
  launchKey: `key-${epoch}`,
  predictedIterationSeconds: 2,
  why,
});
const seen = (epoch: number, region: string, status: LaunchStatus): Fact => ({
  kind: "launch-observed",
  jobId: "a",
  epoch,
  region,
  status,
});
const running = (epoch: number): Fact[] => [
  seen(epoch, "r0", { kind: "running" }),
  seen(epoch, "r1", { kind: "running" }),
  { kind: "gang-started", jobId: "a", epoch, addresses: [] },
];
const exit = (epoch: number, region: string, exitCode: number): Fact =>
  seen(epoch, region, { kind: "exited", exitCode });
const jobA = (state: State) => state.jobs.get("a")!;
const free = (state: State) => [...state.ledger!.freeGpus];

describe("an epoch that goes well", () => {
  it("holds GPUs from placement until the last launch is over, and pays for that time", () => {
    let state = run([...loaded, placed(1)]);
    expect(jobA(state).phase).toBe("starting");
    expect(free(state)).toEqual([0, 2]);
    state = run(
      [...running(1), { kind: "progress", jobId: "a", epoch: 1, step: 1, loss: 5, stepSeconds: 2 }],
      state,
    );
    expect(jobA(state).phase).toBe("running");
    state = run([exit(1, "r0", 0)], state);
    expect(free(state)).toEqual([0, 2]); // r1 still runs: nothing is given back in part
    state = run([exit(1, "r1", 0)], state);
    expect(jobA(state)).toMatchObject({ phase: "ended", outcome: { kind: "finished" }, gpuSeconds: 6 * 60 });
    expect(free(state)).toEqual([4, 4]);
    // 60 s of 4 GPUs × 300 W at 0.2 and 2 × 300 W at 0.1 USD/kWh.
    expect(jobA(state).electricityUsd).toBeCloseTo((60 * (1200 * 0.2 + 600 * 0.1)) / 3.6e6, 12);
  });
});

describe("an epoch that fails", () => {
  const started = () => run([...loaded, placed(1), ...running(1)]);

  it("is stopped everywhere before the job is queued again with a back-off", () => {
    let state = run([exit(1, "r0", 69)], started());
    expect(jobA(state)).toMatchObject({ phase: "stopping", reason: "r0: exit code 69" });
    expect(free(state)).toEqual([0, 2]);
    expect(reconcile(state, live(1, "r1"))).toEqual([
      { kind: "cancel", key: launchKeyOf("a", 1, "r1"), region: "r1" },
    ]);
    state = run([exit(1, "r1", 75)], state);
    expect(jobA(state)).toMatchObject({ phase: "queued", epochs: 1, notBeforeSeconds: state.nowSeconds + 2 });
    expect(free(state)).toEqual([4, 4]);
  });

  it.each([
    [1, "user error"],
    [78, "bad plan"],
  ])("with exit code %i (%s) ends the job: it would fail again", (code) => {
    const state = run([exit(1, "r0", code), exit(1, "r1", 75)], started());
    expect(jobA(state)).toMatchObject({
      phase: "ended",
      outcome: { kind: "failed", reason: `r0: exit code ${code}` },
    });
  });

  it("through a user's error that is seen after its consequence still ends the job", () => {
    const state = run([exit(1, "r1", 69), exit(1, "r0", 1)], started());
    expect(jobA(state).outcome).toEqual({ kind: "failed", reason: "r0: exit code 1" });
  });

  it("for the last time ends the job", () => {
    let state = run(loaded);
    for (let epoch = 1; epoch <= MAX_EPOCHS; epoch++) {
      state = run([placed(epoch), ...running(epoch), exit(epoch, "r0", 69), exit(epoch, "r1", 69)], state);
    }
    expect(jobA(state).outcome).toEqual({
      kind: "failed",
      reason: `r0: exit code 69; ${MAX_EPOCHS} epochs failed`,
    });
  });

  it("because ranks did not check in is stopped and tried again", () => {
    const late: Fact = { kind: "gang-late", jobId: "a", epoch: 1, missingRanks: [3, 5] };
    const state = run([...loaded, placed(1), late]);
    expect(jobA(state)).toMatchObject({
      phase: "stopping",
      reason: "ranks 3, 5 did not check in before the deadline",
    });
    // Launches that no executor knows are over: nothing to wait for.
    const facts = reconcile(state, new Map()).map(
      (effect) => (effect as Extract<Effect, { kind: "record" }>).fact,
    );
    expect(jobA(run(facts, state)).phase).toBe("queued");
  });
});

describe("cancelling", () => {
  it("a queued job ends it at once, a running one when its launches are over", () => {
    expect(jobA(run([...loaded, { kind: "cancel-requested", jobId: "a" }])).outcome).toEqual({
      kind: "cancelled",
    });
    let state = run([...loaded, placed(1), ...running(1), { kind: "cancel-requested", jobId: "a" }]);
    expect(jobA(state).phase).toBe("stopping");
    state = run([exit(1, "r0", 75), exit(1, "r1", 75)], state);
    expect(jobA(state).outcome).toEqual({ kind: "cancelled" });
  });

  it("loses against a job that finished meanwhile", () => {
    const state = run([
      ...loaded,
      placed(1),
      ...running(1),
      { kind: "cancel-requested", jobId: "a" },
      exit(1, "r0", 0),
      exit(1, "r1", 0),
    ]);
    expect(jobA(state).outcome).toEqual({ kind: "finished" });
  });
});

describe("facts that no longer apply change nothing", () => {
  const base = () =>
    run([
      ...loaded,
      placed(1),
      ...running(1),
      exit(1, "r0", 69),
      exit(1, "r1", 69),
      placed(2),
      ...running(2),
    ]);
  const step = (epoch: number, n: number): Fact => ({
    kind: "progress",
    jobId: "a",
    epoch,
    step: n,
    loss: 4,
    stepSeconds: 1,
  });
  it.each<[string, Fact[]]>([
    ["an exit of an old epoch", [exit(1, "r0", 1)]],
    ["progress of an old epoch", [step(1, 7)]],
    ["a placement with an epoch that was used", [placed(2)]],
    ["a second submission", [{ kind: "submitted", job: jobOf("a", { iterations: 7 }) }]],
    ["a job that nobody knows", [{ kind: "cancel-requested", jobId: "z" }]],
    ["a region that the job is not in", [exit(2, "r9", 1)]],
    ["a late deadline", [{ kind: "gang-late", jobId: "a", epoch: 2, missingRanks: [0] }]],
  ])("%s", (_name, facts) => {
    const before = JSON.stringify(toSnapshot(base()).jobs);
    expect(JSON.stringify(toSnapshot(run(facts, base())).jobs)).toBe(before);
  });

  it("the same step reported twice counts once", () => {
    const state = run([step(2, 1), step(2, 2), step(2, 2), step(2, 1)], base());
    expect(jobA(state).progress).toMatchObject({ step: 2, stepCount: 1 });
  });
});

describe("snapshots", () => {
  it("restore the state that the log gives, ledger included, at every point", () => {
    const facts = [
      ...loaded,
      placed(1),
      ...running(1),
      exit(1, "r0", 69),
      exit(1, "r1", 69),
      placed(2),
      ...running(2),
    ];
    for (let length = 1; length <= facts.length; length++) {
      const { ledger, ...state } = run(facts.slice(0, length));
      const { ledger: restored, ...rest } = fromSnapshot(
        JSON.parse(JSON.stringify(toSnapshot({ ...state, ledger }))),
      );
      expect(rest).toEqual(state);
      // How often a ledger was changed is of this process, not of the log.
      expect({ ...restored, changes: 0 }).toEqual({ ...ledger, changes: 0 });
    }
  });
});

describe("reconcile", () => {
  it("submits what should run and says the same again until it is seen", () => {
    const state = run([...loaded, placed(1)]);
    const submits = reconcile(state, new Map());
    expect(submits.map(({ kind, key }) => [kind, key])).toEqual([
      ["submit", "a.1.r0"],
      ["submit", "a.1.r1"],
    ]);
    expect(reconcile(state, new Map())).toEqual(submits);
    expect(reconcile(state, live(1, "r0", "r1"))).toEqual([]);
  });

  it("never starts again what ran and is gone, and ends what nobody asked for", () => {
    const state = run([...loaded, placed(1), ...running(1)]);
    expect(reconcile(state, live(1, "r1"))).toEqual([
      { kind: "record", key: "a.1.r0", fact: seen(1, "r0", { kind: "lost" }) },
    ]);
    expect(reconcile(state, new Map([...live(1, "r0", "r1"), ["b.4.r0", "running" as const]]))).toEqual([
      { kind: "cancel", key: "b.4.r0", region: "r0" },
    ]);
  });

  it("takes a launch for lost that nobody saw run, once its ranks have met the others", () => {
    const met: Fact = { kind: "gang-started", jobId: "a", epoch: 1, addresses: [] };
    const state = run([...loaded, placed(1), met]);
    expect(reconcile(state, live(1, "r1"))).toEqual([
      { kind: "record", key: "a.1.r0", fact: seen(1, "r0", { kind: "lost" }) },
    ]);
  });
});

function live(epoch: number, ...regions: string[]): Map<string, Observed> {
  return new Map(regions.map((region) => [launchKeyOf("a", epoch, region), "running"]));
}
