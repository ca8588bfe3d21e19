// What the newest events are about, so that a page that was away for a while need not be told everything again.
import { type Event, isInputFact, type State } from "@bace-pipe/core";

/** At a thousand events a second, for so many seconds after a page was told something. */
const REMEMBERED = 20_000;

export interface Changed {
  /** Those that are no more among them. */
  readonly jobIds: ReadonlySet<string>;
  /** Jobs were forgotten, of which some may be there again: others, under their names. */
  readonly forgotten: boolean;
  /** Prices, capacities, links: the fleet's figures are others. */
  readonly fleet: boolean;
  /** GPUs or bandwidth may be held that were not, or the other way round. */
  readonly load: boolean;
}

export interface ChangeMemory {
  add(events: readonly Event[]): void;
  /** Undefined where that is not remembered. */
  since(seq: number): Changed | undefined;
}

interface About {
  readonly jobIds: readonly string[];
  readonly forgotten: boolean;
  readonly fleet: boolean;
  readonly load: boolean;
}

/** @param state what the events that are added have led to */
export function createChangeMemory(state: () => State): ChangeMemory {
  const abouts: About[] = [];
  let before = state().seq;
  const infeasible = new Set(
    Array.from(state().jobs.values()).flatMap(({ job, phase }) => (phase === "infeasible" ? [job.id] : [])),
  );

  /** Jobs that are others though the event names none: they may fit the fleet now, or are stopped in a region. */
  const unnamed = ({ kind }: Event): readonly string[] => {
    const { active, jobs } = state();
    const freed = [...infeasible].filter((id) => jobs.get(id)?.phase !== "infeasible");
    for (const id of freed) infeasible.delete(id);
    return kind === "fleet-loaded" || kind === "region-drained" ? [...freed, ...active] : freed;
  };

  const aboutOf = (event: Event): About => {
    const about = { jobIds: NOBODY, forgotten: false, fleet: false, load: !REPORTS.has(event.kind) };
    if (event.kind === "submitted") return { ...about, jobIds: [event.job.id] };
    if (event.kind === "forgotten") return { ...about, jobIds: event.jobIds, forgotten: true };
    if (event.kind === "infeasible") infeasible.add(event.jobId);
    if ("jobId" in event) return { ...about, jobIds: [event.jobId] };
    const fleet = event.kind === "fleet-loaded" || isInputFact(event);
    return { ...about, jobIds: unnamed(event), fleet };
  };

  return {
    add(events) {
      for (const event of events) abouts.push(aboutOf(event));
      if (abouts.length <= 2 * REMEMBERED) return;
      before += abouts.length - REMEMBERED;
      abouts.splice(0, abouts.length - REMEMBERED);
    },
    since(after) {
      if (after < before || after > before + abouts.length) return undefined;
      const jobIds = new Set<string>();
      let [fleet, forgotten, load] = [false, false, false];
      for (let i = after - before; i < abouts.length; i++) {
        const about = abouts[i]!;
        for (const id of about.jobIds) jobIds.add(id);
        fleet ||= about.fleet;
        forgotten ||= about.forgotten;
        load ||= about.load;
      }
      return { jobIds, fleet, forgotten, load };
    },
  };
}

const NOBODY: readonly string[] = [];
const REPORTS: ReadonlySet<Event["kind"]> = new Set(["progress", "checkpoint-committed", "replan-declined"]);
