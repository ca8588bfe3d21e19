// Idempotent submission by a key of the client's choice (the Idempotency-Key header). Each token has keys of its own. What is
// kept are digests: a key may be something that its owner would not like to see in a log.
import { createHash } from "node:crypto";
import type { KnownKey, State } from "@bace-pipe/core";
import type { Identity } from "./access/identity.ts";
import { canonicalJson } from "./canonical-json.ts";
import { ProblemError } from "./problem.ts";

export interface KeyedSubmission {
  readonly key: string;
  readonly request: string;
}

export function keyedSubmission(
  { id }: Identity,
  key: string | undefined,
  body: unknown,
): KeyedSubmission | undefined {
  if (key === undefined) return undefined;
  return { key: digest(`${id} ${key}`), request: digest(canonicalJson(body)) };
}

/** What was answered to the same submission before. Throws `key-reused` where it was another one. */
export function sameSubmission({ clientKeys }: State, submission: KeyedSubmission): KnownKey | undefined {
  const known = clientKeys.get(submission.key);
  if (!known || known.request === submission.request) return known;
  throw new ProblemError("key-reused", "this Idempotency-Key came with another body before: give a new one");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
