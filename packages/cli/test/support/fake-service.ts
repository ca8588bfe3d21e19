// A service that answers what a test tells it to, and remembers what it was asked.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface FakeService {
  readonly url: string;
  /** "POST /v1/jobs" and the like, in order. */
  readonly asked: readonly string[];
  readonly bodies: readonly unknown[];
}

export type Answers = Readonly<Record<string, object | (() => object)>>;

/** Answers by "METHOD /path"; those with a `status` are problems. */
export async function fakeService(answers: Answers): Promise<FakeService> {
  const asked: string[] = [];
  const bodies: unknown[] = [];
  const server = createServer(async (request, response) => {
    const route = `${request.method} ${request.url}`;
    asked.push(route);
    const body = await text(request);
    if (body !== "") bodies.push(JSON.parse(body));
    const known = answers[route] ?? problem(404, "unknown-job", "there is no such job");
    const answer: object = typeof known === "function" ? known() : known;
    const isProblem = "status" in answer && "code" in answer;
    response.writeHead(isProblem ? (answer.status as number) : 200, {
      "Content-Type": isProblem ? "application/problem+json" : "application/json",
    });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, bodies };
}

export function problem(status: number, code: string, detail: string, more: object = {}): object {
  return { type: `urn:bace-pipe:problem:${code}`, title: code, status, code, detail, ...more };
}
