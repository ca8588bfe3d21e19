// What a tenant's token sees of what belongs to several: its own part, and of the rest neither names nor reasons.
import type { Decision, Event, Fleet, Job, State } from "@bace-pipe/core";
import { type Identity, seesTenant } from "./identity.ts";

/** Fields of answers that are the name of a job that the answer is not about. */
const NAMES: ReadonlySet<string> = new Set(["blockedBy", "reservedFor", "by", "preemptedBy", "behind"]);
/** The one reason, or message of a condition, in which a job is named; anything else in a reason may look like a job's name and be none. */
const PREEMPTED_BY = /^preempted by ([a-z0-9-]+)/;
const HIDDEN = "another tenant's job";

/**
 * The value with other tenants' jobs unnamed, those that have been forgotten among them; itself for those who see
 * everything.
 * @param fresh own jobs that are not there yet
 */
export function hideOthers<T>(value: T, { jobs }: State, identity: Identity, fresh: readonly Job[] = []): T {
  if (identity.tenant === null) return value;
  const own = new Set(fresh.map(({ id }) => id));
  const isOwn = (name: string) => own.has(name) || jobs.get(name)?.job.tenant === identity.tenant;
  const shown = (name: string) => (isOwn(name) ? name : HIDDEN);
  const walk = (field: unknown, name: string): unknown => {
    if (typeof field === "string") {
      if (name === "reason" || name === "message")
        return field.replace(PREEMPTED_BY, (_, by: string) => `preempted by ${shown(by)}`);
      return NAMES.has(name) ? shown(field) : field;
    }
    if (Array.isArray(field)) return field.map((item) => walk(item, name));
    if (typeof field !== "object" || field === null) return field;
    return Object.fromEntries(Object.entries(field).map(([key, inner]) => [key, walk(inner, key)]));
  };
  return walk(value, "") as T;
}

/** Of the jobs that are there; undefined for who sees all of them. */
export function ownJobIds({ jobs }: State, { tenant }: Identity): readonly string[] | undefined {
  if (tenant === null) return undefined;
  return Array.from(jobs.values()).flatMap(({ job }) => (job.tenant === tenant ? [job.id] : []));
}

/** Of a dry run, with jobs that are not there yet. */
export function ownDecisions(
  decisions: readonly Decision[],
  fresh: readonly Job[],
  { jobs }: State,
  identity: Identity,
): readonly Decision[] {
  const names = new Set(fresh.map(({ id }) => id));
  return decisions.filter(
    ({ jobId }) => names.has(jobId) || seesTenant(identity, jobs.get(jobId)?.job.tenant),
  );
}

/**
 * An event as the stream of events shows it: without secrets, and without how the service starts programs. undefined for
 * what this reader may not see. What is about the fleet everybody may, as in the list of regions.
 */
export function visibleEvent(event: Event, state: State, identity: Identity): object | undefined {
  switch (event.kind) {
    case "submitted": {
      const { clientKey: _, ...rest } = event;
      return seesTenant(identity, event.job.tenant) ? rest : undefined;
    }
    case "placed": {
      const { launchKey: _, ...rest } = event;
      return ofOwnJob(rest, state, identity);
    }
    case "fleet-loaded":
      return { ...event, fleet: publicFleet(event.fleet) };
    case "forgotten":
      return identity.tenant === null ? event : undefined;
    default:
      return "jobId" in event ? ofOwnJob(event, state, identity) : event;
  }
}

function ofOwnJob<E extends { readonly jobId: string; readonly atSeconds: number }>(
  event: E,
  state: State,
  identity: Identity,
): E | undefined {
  if (identity.tenant === null) return event;
  return seesPast(event, state, identity) ? hideOthers(event, state, identity) : undefined;
}

/**
 * Whether an event of a job's is told. A job that has been forgotten meanwhile is nobody's any more; and what is older than
 * the job that has the name now was another one's, of whatever tenant.
 */
export function seesPast(
  { atSeconds, jobId }: Pick<Event, "atSeconds"> & { readonly jobId: string },
  { jobs }: State,
  identity: Identity,
): boolean {
  if (identity.tenant === null) return true;
  const job = jobs.get(jobId)?.job;
  return job !== undefined && job.tenant === identity.tenant && job.submitSeconds <= atSeconds;
}

function publicFleet({ name, regions }: Fleet): object {
  return {
    name,
    regions: regions.map(({ gpus, gpuType, name: region }) => ({ name: region, gpus, gpuType })),
  };
}
