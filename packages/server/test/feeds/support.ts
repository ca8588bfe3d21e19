// A source of figures on this machine, a feed that asks it, and a timer that a test winds on by hand.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { parseFeeds } from "@bace-pipe/core/spec";
import type { Feed } from "../../src/feeds/feed.ts";
import { feedsOf } from "../../src/feeds/feeds.ts";
import type { Timing } from "../../src/feeds/schedule.ts";

export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Never answers. */
export const HANGS = "hangs";

export interface TestSource {
  readonly url: string;
  /** Paths with their queries, in order. */
  readonly asked: string[];
  readonly headers: IncomingMessage["headers"][];
  answer: (path: string) => Answer | typeof HANGS;
  close(): Promise<void>;
}

export async function openSource(): Promise<TestSource> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    source.asked.push(request.url!);
    source.headers.push(request.headers);
    const answer = source.answer(request.url!);
    if (answer === HANGS) return;
    const { body = "", headers = {}, status = 200, type = "application/json" } = answer;
    response.writeHead(status, { "Content-Type": type, ...headers });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const source: TestSource = {
    url: `http://127.0.0.1:${port}`,
    asked: [],
    headers: [],
    answer: () => ({ status: 404 }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return source;
}

export const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));

export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
}

/** Of a file of feeds with one source; paths in it are of the fixtures. */
export function feedOf(
  text: string,
  env: Readonly<Record<string, string>> = { TOKEN: "s3cret-t0ken" },
): Feed {
  const parsed = parseFeeds(text, "feeds.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return feedsOf({ config: parsed.value, directory: FIXTURES }, env)[0]!;
}

export function ask(feed: Feed, at: string | number) {
  return feed.ask(typeof at === "number" ? at : seconds(at), new AbortController().signal);
}

export function seconds(iso: string): number {
  return Date.parse(iso) / 1000;
}

export interface TestTiming extends Timing {
  /** What is due goes off, in order, and what follows from it too. */
  pass(seconds: number): Promise<void>;
}

/** @param settled resolves when what has gone off has come to an end */
export function timingOf(clock: { seconds: number }, settled: () => Promise<void>): TestTiming {
  const due = new Map<() => void, number>();
  return {
    nowSeconds: () => clock.seconds,
    random: () => 0,
    after(pause, callback) {
      const own = () => callback();
      due.set(own, clock.seconds + pause);
      return () => due.delete(own);
    },
    async pass(more) {
      const end = clock.seconds + more;
      await settled();
      for (;;) {
        const next = [...due].filter(([, each]) => each <= end).toSorted(([, a], [, b]) => a - b)[0];
        if (!next) break;
        const [callback, at] = next;
        due.delete(callback);
        clock.seconds = Math.max(clock.seconds, at);
        callback();
        await settled();
      }
      clock.seconds = end;
    },
  };
}
