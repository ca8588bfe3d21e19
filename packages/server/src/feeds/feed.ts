// The contract of a feed: asked at a time, it answers with what it can say of the fleet and with what went wrong, as values.
// It has no clock of its own, decides nothing, and never throws: one region's failure does not hide what is known of another.
//
//   { facts: [price-curve of north], failures: [{ code: "no-data", about: "south", … }] }
import type { InputFact } from "@bace-pipe/core";

export interface Feed {
  /** The source of what it says. */
  readonly name: string;
  readonly everySeconds: number;
  /** @param signal when nobody wants the answer any more */
  ask(nowSeconds: number, signal: AbortSignal): Promise<FeedAnswer>;
}

export interface FeedAnswer {
  readonly facts: readonly InputFact[];
  readonly failures: readonly FeedFailure[];
}

export const FEED_FAILURES = {
  unreachable: "The address cannot be reached.",
  "timed-out": "No whole answer came in time.",
  "too-large": "The answer is longer than it may be.",
  redirected: "The address leads to another one. Redirects are not followed.",
  refused: "The source lets this token in no more, or has no such thing.",
  "rate-limited": "The source wants to be asked less often.",
  "server-error": "The source has failed.",
  "wrong-type": "The answer is of another type than what was asked for.",
  "bad-answer": "The answer does not say what it should.",
  "no-data": "The source has nothing of this time.",
  "no-rate": "The answer is in a currency that has no rate.",
  "no-token": "The token is not where it should be.",
  "file-not-read": "The file is not there, or cannot be read.",
  "probe-failed": "What measured says that it could not.",
  "feed-broken": "The feed itself has failed.",
} as const;

export type FeedFailureCode = keyof typeof FEED_FAILURES;

export interface FeedFailure {
  readonly code: FeedFailureCode;
  /** Region, link or place. */
  readonly about: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** The source asks for at least so long a pause. */
  readonly retryAfterSeconds?: number;
}

/** A value, or why there is none. */
export type Got<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: FeedFailure };

export function got<T>(value: T): Got<T> {
  return { ok: true, value };
}

export function failed(
  code: FeedFailureCode,
  about: string,
  message: string,
  hint: string,
  more: { readonly retryAfterSeconds?: number } = {},
): { readonly ok: false; readonly failure: FeedFailure } {
  return { ok: false, failure: { code, about, message, hint, ...more } };
}

/** Whom it makes no sense to ask for the next region: the answer would be the same. */
export function isOfWholeSource({ code }: FeedFailure): boolean {
  return code === "rate-limited" || code === "no-token";
}

/** One after the other, until one fails for all. */
export async function askEach<T>(
  items: readonly T[],
  ask: (item: T) => Promise<Got<readonly InputFact[]>>,
): Promise<FeedAnswer> {
  const facts: InputFact[] = [];
  const failures: FeedFailure[] = [];
  for (const item of items) {
    const answer = await ask(item);
    if (answer.ok) facts.push(...answer.value);
    else failures.push(answer.failure);
    if (!answer.ok && isOfWholeSource(answer.failure)) break;
  }
  return { facts, failures };
}
