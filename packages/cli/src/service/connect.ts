// A typed client of the service, whose errors are failures that main.ts can draw.
import type { Client, Problem } from "@bace-pipe/server";
import { badFile, EXIT, Failure } from "../failure.ts";
import type { NamedText } from "../files.ts";
import type { Io } from "../io.ts";
import { serviceUrl, unreachable, type Where } from "./discovery.ts";

/** Loaded when first needed: commands that talk to nobody start faster. */
export async function connect(url: string): Promise<Client> {
  const { createClient } = await import("@bace-pipe/server");
  return createClient(url);
}

/** Calls the service that is meant; `sent` is the file that its complaints are about. */
export async function withService<T>(
  where: Where,
  io: Io,
  call: (client: Client) => Promise<T>,
  sent?: NamedText,
): Promise<T> {
  const url = serviceUrl(where, io);
  const client = await connect(url);
  try {
    return await call(client);
  } catch (error) {
    throw translated(error, url, sent);
  }
}

/** ApiError is known by its problem: importing its class would load the service. */
export function problemOf(error: unknown): Problem | undefined {
  return error instanceof Error && "problem" in error ? (error.problem as Problem) : undefined;
}

/** fetch says "TypeError: fetch failed" for everything that kept it from getting an answer. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined;
}

function translated(error: unknown, url: string, sent: NamedText | undefined): unknown {
  const problem = problemOf(error);
  if (problem) return failureOf(problem, sent);
  return isUnreachable(error) ? unreachable(`the service at ${url} does not answer`) : error;
}

function failureOf(problem: Problem, sent: NamedText | undefined): Failure {
  const { code, detail, diagnostics = [], status } = problem;
  if (sent && diagnostics.length > 0) return badFile(sent.file, sent.text, diagnostics);
  const exitCode = status >= 400 && status < 500 ? EXIT.badInput : EXIT.failed;
  return new Failure(detail, { exitCode, code, complaints: diagnostics });
}
