// What the newest events are about, so that a page that was away for a while need not be told everything again.
import { type Event, isInputFact } from "@bace-pipe/core";

/** At a thousand events a second, for so many seconds after a page was told something. */
const REMEMBERED = 20_000;

export interface Changed {
  /** Those that are no more among them. */
  readonly jobIds: ReadonlySet<string>;
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
  readonly fleet: boolean;
  readonly load: boolean;
}

/** @param seq of the last event that is not remembered */
export function createChangeMemory(seq: number): ChangeMemory {
  const abouts: About[] = [];
  let before = seq;
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
      let [fleet, load] = [false, false];
      for (let i = after - before; i < abouts.length; i++) {
        const about = abouts[i]!;
        for (const id of about.jobIds) jobIds.add(id);
        fleet ||= about.fleet;
        load ||= about.load;
      }
      return { jobIds, fleet, load };
    },
  };
}

const NOBODY: readonly string[] = [];
const REPORTS: ReadonlySet<Event["kind"]> = new Set(["progress", "checkpoint-committed", "replan-declined"]);

function aboutOf(event: Event): About {
  const load = !REPORTS.has(event.kind);
  if (event.kind === "submitted") return { jobIds: [event.job.id], fleet: false, load };
  if (event.kind === "forgotten") return { jobIds: event.jobIds, fleet: false, load };
  if ("jobId" in event) return { jobIds: [event.jobId], fleet: false, load };
  return { jobIds: NOBODY, fleet: event.kind === "fleet-loaded" || isInputFact(event), load };
}
