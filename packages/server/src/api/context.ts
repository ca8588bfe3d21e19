// What the routes stand on, and how they are made: one function per resource that adds its routes to the app.
import type { Policy, TimeModel } from "@bace-pipe/core";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { FleetHistory } from "../fleet-history.ts";
import { PROBLEMS, type ProblemCode } from "../problem.ts";
import type { Rendezvous } from "../rendezvous.ts";
import type { Log } from "../store/log.ts";
import type { Writer } from "../writer.ts";
import { problemSchema } from "./types.ts";

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
}

export type App = OpenAPIHono;

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
