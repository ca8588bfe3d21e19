// An executor over a cluster and a network that loses, delays and cuts off answers. It keeps the contract of executors: what
// is on its way counts as "about to be" in its list, and `find` says unknown until it has arrived or cannot arrive any
// more. It does not keep anybody from submitting what is on its way: that is the control plane's duty.
import type { Executor, Found, Launch } from "../src/executors/executor.ts";
import type { Cluster } from "./cluster.ts";
import type { Faults } from "./faults.ts";
import type { EffectPoints, Life } from "./lives.ts";
import type { Timeline } from "./timeline.ts";

const TIMEOUT_SECONDS = 10;
/** Until then a submit that was not heard of may still arrive. */
const ARRIVES_WITHIN_SECONDS = 30;
const SLOW_SECONDS = 8;

/** By key, until when a submit may be on its way; noted down before it is sent, so a crash does not forget it. */
export type Underway = Map<string, number>;

interface Outside {
  readonly faults: Faults;
  readonly points: EffectPoints;
  readonly timeline: Timeline;
}

export function createSimulatedExecutor(
  cluster: Cluster,
  underway: Underway,
  life: Life,
  { faults, points, timeline }: Outside,
): Executor {
  const visible = (key: string): Launch | undefined => {
    const runs = cluster.processes.filter((process) => process.key === key && !process.forgotten);
    if (runs.some(({ state }) => state !== "over")) return { kind: "running" };
    const last = runs.at(-1);
    return last && { kind: "exited", exitCode: last.exitCode! };
  };
  const isUnderway = (key: string) => (underway.get(key) ?? 0) > timeline.nowSeconds();

  return {
    capabilities: { name: `simulated ${cluster.region}`, serves: (region) => region === cluster.region },

    submit: (key, artifact) =>
      points.around(life, "submit", async () => {
        if (faults.happens("submit-throws")) throw new Error("no route to host");
        if (visible(key)) return { kind: "exists" };
        underway.set(key, timeline.nowSeconds() + ARRIVES_WITHIN_SECONDS);
        if (faults.happens("submit-lost")) {
          await timeline.sleep(TIMEOUT_SECONDS);
          return { kind: "unknown", reason: "timed out" };
        }
        if (faults.happens("submit-late")) {
          const delay = ARRIVES_WITHIN_SECONDS * faults.draw("submit-late");
          timeline.after(delay, () => {
            underway.delete(key);
            cluster.arrive(key, artifact);
          });
          await timeline.sleep(Math.min(delay / 2, TIMEOUT_SECONDS));
          return { kind: "unknown", reason: "timed out" };
        }
        if (faults.happens("submit-slow")) await timeline.sleep(SLOW_SECONDS * faults.draw("submit-slow"));
        underway.delete(key);
        cluster.arrive(key, artifact);
        if (faults.happens("submit-answer-lost")) return { kind: "unknown", reason: "connection reset" };
        return { kind: "accepted" };
      }),

    find: (key) =>
      points.around(life, "find", async (): Promise<Found> => {
        if (faults.happens("find-throws")) throw new Error("no route to host");
        if (faults.happens("find-unknown")) return { kind: "unknown" };
        return visible(key) ?? { kind: isUnderway(key) ? "unknown" : "absent" };
      }),

    list: () =>
      points.around(life, "list", async () => {
        if (faults.happens("list-throws")) throw new Error("no route to host");
        const launches = new Map<string, Launch>();
        for (const key of underway.keys()) if (isUnderway(key)) launches.set(key, { kind: "running" });
        for (const { key } of cluster.processes) {
          const launch = visible(key);
          if (launch) launches.set(key, launch);
        }
        // What it says is as old as it is slow.
        if (faults.happens("list-slow")) await timeline.sleep(SLOW_SECONDS * faults.draw("list-slow"));
        return launches;
      }),

    cancel: (key) =>
      points.around(life, "cancel", async () => {
        if (faults.happens("cancel-throws")) throw new Error("no route to host");
        if (!faults.happens("cancel-lost")) cluster.cancel(key);
      }),

    logs: async () => [],
  };
}
