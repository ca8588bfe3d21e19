// Where a feed's text is: behind an address, or in a file. Tokens are read each time that they are needed, so that one that
// is replaced is the one that counts, and are kept nowhere.
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { FeedToken } from "@bace-pipe/core/spec";
import { failed, type Got, got } from "./feed.ts";
import { fetchText, type Limits } from "./http.ts";

export interface FeedContext {
  /** What relative paths start from. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Place extends Limits {
  readonly url?: string | undefined;
  readonly file?: string | undefined;
}

export interface TextFound {
  readonly text: string;
  /** Of a file: when it was written. Of an answer: now. */
  readonly writtenSeconds: number;
}

export function tokenOf(token: FeedToken, about: string, { directory, env }: FeedContext): Got<string> {
  const where = token.env === undefined ? `the file ${token.file}` : `the variable ${token.env}`;
  const none = (why: string) =>
    failed("no-token", about, `${where} ${why}`, "put the token there, and nothing else");
  let text: string;
  try {
    text =
      token.env === undefined
        ? readFileSync(resolve(directory, token.file!), "utf8")
        : (env[token.env] ?? "");
  } catch {
    return none("cannot be read");
  }
  const found = text.trim();
  if (found === "") return none("is empty");
  return /^[\x21-\x7e]{1,4096}$/.test(found) ? got(found) : none("holds no token");
}

export async function textAt(
  place: Place,
  type: "json" | "csv",
  about: string,
  headers: Readonly<Record<string, string>>,
  { context, nowSeconds, signal }: { context: FeedContext; nowSeconds: number; signal: AbortSignal },
): Promise<Got<TextFound>> {
  const { file, maxBytes, timeoutSeconds, url } = place;
  if (url !== undefined) {
    const fetched = await fetchText(
      { url, type, about, headers, maxBytes, timeoutSeconds },
      signal,
      nowSeconds,
    );
    return fetched.ok ? got({ text: fetched.value, writtenSeconds: nowSeconds }) : fetched;
  }
  const path = resolve(context.directory, file!);
  try {
    const found = statSync(path);
    const { mtimeMs, size } = found;
    if (!found.isFile()) return failed("file-not-read", about, `${file} is no file`, "name a file");
    if (size > maxBytes)
      return failed(
        "too-large",
        about,
        `${file} has more than ${maxBytes} bytes`,
        "raise maxBytes, or write less",
      );
    return got({ text: readFileSync(path, "utf8"), writtenSeconds: mtimeMs / 1000 });
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    return failed(
      "file-not-read",
      about,
      `${file}: ${code}`,
      "is the path right, relative to the file of feeds?",
    );
  }
}

/** An own property of own properties: `data.prices[0].value`. Undefined where there is none. */
export function valueAtPath(value: unknown, path: string): unknown {
  let found = value;
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(\d{1,6})\]/g)) {
    const key = name ?? index!;
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

/** Of a text, a number or a truth value; empty of anything else, which could be anything at all. */
export function wordOf(value: unknown): string {
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : "";
}

/** What a source says of a failure, fit to be shown. */
export function saidText(value: unknown): string {
  return wordOf(value)
    .replace(/[^\x20-\x7e]/g, " ")
    .slice(0, 200);
}

export function jsonOf(text: string, about: string): Got<unknown> {
  try {
    return got(JSON.parse(text) as unknown);
  } catch {
    return failed(
      "bad-answer",
      about,
      "it is not whole JSON",
      "is the file complete, and the address the API's?",
    );
  }
}
