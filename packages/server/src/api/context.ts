// What the routes stand on, and how they are made: one function per resource that adds its routes to the app.
import type { Event, JobState, Policy, TimeModel } from "@bace-pipe/core";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type Identity, seesJob } from "../access/identity.ts";
import type { Executor } from "../executors/executor.ts";
import type { FleetHistory } from "../fleet-history.ts";
import { PROBLEMS, type ProblemCode, ProblemError } from "../problem.ts";
import type { Rendezvous } from "../rendezvous.ts";
import type { Log } from "../store/log.ts";
import type { Writer } from "../writer.ts";
import { problemSchema } from "./schemas/problem.ts";

export interface ApiContext {
  readonly writer: Writer;
  readonly log: Log;
  readonly rendezvous: Rendezvous;
  readonly fleets: FleetHistory;
  readonly policy: Policy;
  readonly timeModel: TimeModel;
  /** Share of peak that jobs reach where they do not say. */
  readonly efficiency: number | undefined;
  readonly version: string;
  /** Pages of the log, for the stream of events; without it there is none. */
  readonly readEvents?: ((afterSeq: number, limit: number) => Promise<readonly Event[]>) | undefined;
  /** Who has the launches' logs; more may come. */
  readonly executors?: readonly Executor[] | undefined;
  /** Of the service's own files, which no job may name. */
  readonly stateDirectory?: string | undefined;
}

export interface ApiEnv {
  Variables: {
    /** Set on every route that needs a token. */
    identity: Identity;
    requestId: string;
    /** What a request was about, for the audit log; of routes with a job in their path that one. */
    jobIds: readonly string[];
  };
}

export type App = OpenAPIHono<ApiEnv>;

/** The job, if the caller may know of it: one that he may not is as unknown as one that there is not. */
export function findJob(writer: Writer, id: string, identity: Identity): JobState {
  const known = writer.state().jobs.get(id);
  if (!known || !seesJob(identity, known)) throw unknownJob(id);
  return known;
}

export function unknownJob(id: string): ProblemError {
  return new ProblemError("unknown-job", `there is no job "${id}"`);
}

export function jsonOf<Schema>(schema: Schema) {
  return { content: { "application/json": { schema } } };
}

/** The body of a POST; without one, or without its content type, the request is refused. */
export function bodyOf<Schema>(schema: Schema) {
  return { body: { ...jsonOf(schema), required: true } };
}

/** Answers of a route other than its success, for the OpenAPI document. */
export function problems(...codes: readonly ProblemCode[]) {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => PROBLEMS[code].status === status);
      const description = here.map((code) => `${code}: ${PROBLEMS[code].title}`).join(" ");
      return [status, { description, content: { "application/problem+json": { schema: problemSchema } } }];
    }),
  );
}
