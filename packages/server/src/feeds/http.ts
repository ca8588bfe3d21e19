// What a feed fetches: a text of bounded length within a bounded time, or a failure. Addresses are the administrator's alone
// (access/addresses.ts), so they may be private ones; but what a source answers is not, so no redirect is followed. Failures
// name the place without its query, where tokens are, and nothing that the other side says about them.
import { type FeedFailureCode, failed, type Got, got } from "./feed.ts";

export interface Limits {
  readonly timeoutSeconds: number;
  readonly maxBytes: number;
}

export interface Asked extends Limits {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the answer, such as `json`: a part of its content type. */
  readonly type: "json" | "xml" | "csv";
  /** Region, link or place that it is about. */
  readonly about: string;
  /** Not to be told to anybody. */
  readonly secret?: string | undefined;
  /** Statuses whose text is an answer too. */
  readonly alsoStatuses?: readonly number[];
}

const TYPES = {
  json: /json|text\/plain|octet-stream/,
  xml: /xml/,
  csv: /csv|text\/plain|octet-stream/,
} as const;
const ACCEPT = {
  json: "application/json",
  xml: "application/xml, text/xml",
  csv: "text/csv, text/plain",
} as const;

/** What a source may ask for at most; it is asked again after that whatever it says. */
const LONGEST_PAUSE_SECONDS = 86_400;

export async function fetchText(asked: Asked, signal: AbortSignal, nowSeconds: number): Promise<Got<string>> {
  const { about, headers = {}, maxBytes, timeoutSeconds, type, url } = asked;
  const where = placeOf(url);
  const tooLate = AbortSignal.timeout(timeoutSeconds * 1000);
  const problem = (code: FeedFailureCode, message: string, hint: string) =>
    failed(code, about, `${where}: ${message}`, hint);
  try {
    const response = await fetch(url, {
      headers: { Accept: ACCEPT[type], ...headers },
      redirect: "manual",
      signal: AbortSignal.any([signal, tooLate]),
    });
    const isWanted = response.ok || asked.alsoStatuses?.includes(response.status);
    if (!isWanted) {
      await response.body?.cancel();
      return refusal(response, about, where, nowSeconds);
    }
    const contentType = response.headers.get("Content-Type") ?? "";
    if (!TYPES[type].test(contentType.toLowerCase())) {
      await response.body?.cancel();
      const said = /^[\w.+/-]{1,60}/.exec(contentType)?.[0] ?? "of no type";
      return problem("wrong-type", `the answer is ${said}, not ${type}`, "is it the address of the API?");
    }
    const text = await boundedText(response, maxBytes);
    if (text !== undefined) return got(text);
    return problem(
      "too-large",
      `the answer has more than ${maxBytes} bytes`,
      "ask for less, or raise maxBytes",
    );
  } catch (error) {
    if (tooLate.aborted)
      return problem(
        "timed-out",
        `no whole answer in ${timeoutSeconds} s`,
        "raise timeoutSeconds if it is only slow",
      );
    return problem("unreachable", causeOf(error), "is the address right, and does this machine get there?");
  }
}

function refusal(response: Response, about: string, where: string, nowSeconds: number) {
  const { status } = response;
  const said = `${where}: status ${status}`;
  const pause = retryAfterSeconds(response.headers.get("Retry-After"), nowSeconds);
  const more = pause === undefined ? {} : { retryAfterSeconds: pause };
  if (status === 429) return failed("rate-limited", about, said, "raise everySeconds", more);
  if (status >= 500) return failed("server-error", about, said, "it is asked again later", more);
  if (status >= 300 && status < 400)
    return failed(
      "redirected",
      about,
      `${said}: it leads elsewhere`,
      "write the address that it leads to, if you trust it",
    );
  return failed("refused", about, said, "look at the token and at the address");
}

/** Seconds, or a date as HTTP writes it. */
export function retryAfterSeconds(header: string | null, nowSeconds: number): number | undefined {
  if (header === null || !/^(?:\d{1,9}|[A-Z][a-z]{2}, .*)$/.test(header)) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : Date.parse(header) / 1000 - nowSeconds;
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(0, seconds), LONGEST_PAUSE_SECONDS);
}

/** Undefined where there is more of it. */
async function boundedText(response: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early gives the connection back.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Where tokens cannot be. */
export function placeOf(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

function causeOf(error: unknown): string {
  const { cause, name } = error as { readonly cause?: { readonly code?: unknown }; readonly name?: string };
  const code = cause?.code;
  return typeof code === "string" && /^\w{1,40}$/.test(code)
    ? code
    : `it cannot be reached (${name ?? "error"})`;
}
