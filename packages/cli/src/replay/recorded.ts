// What a production log says, as a workload for the simulator, and what really became of it.
//
// Simulated are the jobs that finished: how long one would have run that was cancelled or failed, the log does not know.
// Regions are told apart by their place in the fleet, so simulated is the time since the fleet was last replaced by one
// of other regions; changes of capacity and of links since then are disruptions of the simulation. Left out: cordons,
// holds, and changes of price (the tariffs are those of when the first job came).
import {
  type Disruption,
  type Event,
  type Fleet,
  type Job,
  type JobResult,
  type JobState,
  resultOf,
  type Series,
  type State,
} from "@bace-pipe/core";
import type { Backup, NamedState } from "@bace-pipe/server";

export interface Recorded {
  readonly state: NamedState;
  /** Undefined where no job finished. */
  readonly workload: Workload | undefined;
  /** Jobs by why they are not simulated; `earlier`: on a fleet of other regions. */
  readonly leftOut: ReadonlyMap<LeftOut, number>;
}

export type LeftOut = "cancelled" | "failed" | "unfinished" | "earlier";

/** Times count from the first submission. */
export interface Workload {
  readonly fleet: Fleet;
  readonly jobs: readonly Job[];
  readonly disruptions: readonly Disruption[];
  /** What really happened to each. */
  readonly results: readonly JobResult[];
}

interface Change {
  readonly atSeconds: number;
  readonly fleet: Fleet;
  readonly disruptions: readonly Disruption[];
}

export async function recorded(backup: Backup): Promise<Recorded> {
  const { namedState, replay } = await import("@bace-pipe/server");
  const over = new Map<string, JobState>();
  let changes: readonly Change[] = [];
  let eraSeconds = Number.NEGATIVE_INFINITY;
  let before: Fleet | undefined;
  const state = await replay(backup, {
    before(current, event) {
      before = current.fleet;
      if (event.kind === "forgotten") for (const id of event.jobIds) keep(over, current.jobs.get(id));
    },
    after({ fleet }, event) {
      if (!fleet || (fleet === before && event.kind !== "link-changed")) return;
      const { atSeconds } = event;
      if (before && isComparable(before, fleet)) {
        const disruptions = [...differences(before, fleet, atSeconds), ...observedLink(fleet, event)];
        changes = [...changes, { atSeconds, fleet, disruptions }];
      } else {
        eraSeconds = atSeconds;
        changes = [{ atSeconds, fleet, disruptions: [] }];
      }
    },
  });
  for (const known of state.jobs.values()) keep(over, known);
  const leftOut = new Map<LeftOut, number>();
  const simulated = [...over.values()].filter((known) => {
    const reason = reasonToLeaveOut(known, eraSeconds);
    if (reason) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  return { state: namedState(state), workload: workloadOf(simulated, changes, state), leftOut };
}

/** A name may come back after its job was forgotten. */
function keep(over: Map<string, JobState>, known: JobState | undefined): void {
  if (known) over.set(`${known.job.id} ${known.job.submitSeconds}`, known);
}

function reasonToLeaveOut({ job, outcome }: JobState, eraSeconds: number): LeftOut | undefined {
  if (job.submitSeconds < eraSeconds) return "earlier";
  if (!outcome) return "unfinished";
  return outcome.kind === "finished" ? undefined : outcome.kind;
}

function workloadOf(
  simulated: readonly JobState[],
  changes: readonly Change[],
  state: State,
): Workload | undefined {
  if (simulated.length === 0) return undefined;
  const originSeconds = Math.min(...simulated.map(({ job }) => job.submitSeconds));
  const atFirst = changes.findLast(({ atSeconds }) => atSeconds <= originSeconds) ?? changes[0]!;
  const names = uniqueNames(simulated);
  const disruptions = changes
    .filter(({ atSeconds }) => atSeconds > originSeconds)
    .flatMap((change) => change.disruptions)
    .map((disruption) => ({ ...disruption, atSeconds: disruption.atSeconds - originSeconds }));
  return {
    fleet: shiftedFleet(atFirst.fleet, originSeconds),
    disruptions,
    jobs: simulated.map(({ job }) => ({
      ...job,
      id: names.get(job)!,
      submitSeconds: job.submitSeconds - originSeconds,
    })),
    results: simulated.map((known) => {
      const result = resultOf(known, state.fleet!);
      const shifted = (seconds: number | null) => (seconds === null ? null : seconds - originSeconds);
      return {
        ...result,
        id: names.get(known.job)!,
        submitSeconds: result.submitSeconds - originSeconds,
        startSeconds: shifted(result.startSeconds),
        endSeconds: shifted(result.endSeconds),
      };
    }),
  };
}

function uniqueNames(simulated: readonly JobState[]): ReadonlyMap<Job, string> {
  const seen = new Map<string, number>();
  return new Map(
    simulated.map(({ job }) => {
      const count = (seen.get(job.id) ?? 0) + 1;
      seen.set(job.id, count);
      return [job, count === 1 ? job.id : `${job.id} (${count})`];
    }),
  );
}

/** Whether indices of regions mean the same in both. */
function isComparable(a: Fleet, b: Fleet): boolean {
  const key = ({ regions }: Fleet) =>
    JSON.stringify(regions.map(({ gpuType, name }) => [name, gpuType.name]));
  return key(a) === key(b);
}

function differences(before: Fleet, after: Fleet, atSeconds: number): readonly Disruption[] {
  const capacity = after.regions.flatMap(({ gpus }, region): Disruption[] =>
    gpus === before.regions[region]!.gpus ? [] : [{ kind: "capacity", atSeconds, region, gpus }],
  );
  const links = after.links.flatMap(({ bandwidthBitsPerSecond, from, latencySeconds, to }): Disruption[] => {
    const old = before.links.find((link) => link.from === from && link.to === to);
    const isSame =
      old?.bandwidthBitsPerSecond === bandwidthBitsPerSecond && old.latencySeconds === latencySeconds;
    return isSame || !old
      ? []
      : [{ kind: "link", atSeconds, from, to, bandwidthBitsPerSecond, latencySeconds }];
  });
  return [...capacity, ...links];
}

/** What was observed of a link, which the fleet itself takes no notice of while it is less than what was declared. */
function observedLink({ regions }: Fleet, event: Event): readonly Disruption[] {
  if (event.kind !== "link-changed") return [];
  const { atSeconds, bandwidthBitsPerSecond, latencySeconds } = event;
  const [from, to] = [event.from, event.to].map((name) =>
    regions.findIndex((region) => region.name === name),
  );
  if (from === -1 || to === -1) return [];
  const figures = {
    ...(bandwidthBitsPerSecond === undefined ? {} : { bandwidthBitsPerSecond }),
    ...(latencySeconds === undefined ? {} : { latencySeconds }),
  };
  return [{ kind: "link", atSeconds, from: from!, to: to!, ...figures }];
}

function shiftedFleet(fleet: Fleet, originSeconds: number): Fleet {
  return {
    ...fleet,
    regions: fleet.regions.map((region) => ({
      ...region,
      tariff: shiftedSeries(region.tariff, originSeconds),
      ...(region.carbon ? { carbon: shiftedSeries(region.carbon, originSeconds) } : {}),
    })),
  };
}

function shiftedSeries(series: Series, originSeconds: number): Series {
  switch (series.kind) {
    case "flat":
      return series;
    case "series":
      return { ...series, startSeconds: series.startSeconds - originSeconds };
    case "steps":
      return { ...series, fromSeconds: series.fromSeconds.map((seconds) => seconds - originSeconds) };
    case "until":
      return {
        ...series,
        untilSeconds: series.untilSeconds - originSeconds,
        // biome-ignore lint/suspicious/noThenProperty: the field is core's
        then: shiftedSeries(series.then, originSeconds),
      };
  }
}
