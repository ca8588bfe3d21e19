// A typed client of the service, whose errors are failures that main.ts can draw.
import type { Problem } from "@bace-pipe/server";
import { ApiError, type Client, createClient } from "@bace-pipe/server/client";
import { badFile, EXIT, Failure } from "../failure.ts";
import type { FailureCode } from "../failure-codes.ts";
import type { NamedText } from "../files.ts";
import type { Io } from "../io.ts";
import { serviceToken, serviceUrl, unreachable, type Where } from "./discovery.ts";

/** Calls the service that is meant; `sent` is the file that its complaints are about. */
export async function withService<T>(
  where: Where,
  io: Io,
  call: (client: Client) => Promise<T>,
  sent?: NamedText,
): Promise<T> {
  const url = serviceUrl(where, io);
  const client = createClient(url, fetch, serviceToken(where, url, io));
  try {
    return await call(client);
  } catch (error) {
    throw asFailure(error, url, sent);
  }
}

export function problemOf(error: unknown): Problem | undefined {
  return error instanceof ApiError ? error.problem : undefined;
}

/** Of a service that is about to be back, started again or taken over by another instance. */
const PASSING = new Set(["standing-by", "stopping", "store-failed", "rate-limited"]);

/** Whether whoever got an answer before should ask again. @param error of `withService` */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  const { code, exitCode } = error.details;
  return exitCode === EXIT.unreachable || PASSING.has(code);
}

/** fetch says "TypeError: fetch failed" for everything that kept it from getting an answer. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined;
}

/** What a call threw, as something that main.ts can draw; other errors are passed on as they are. */
export function asFailure(error: unknown, url: string, sent?: NamedText): unknown {
  const problem = problemOf(error);
  if (problem) return failureOf(problem, sent);
  return isUnreachable(error) ? unreachable(`the service at ${url} does not answer`) : error;
}

function failureOf(problem: Problem, sent: NamedText | undefined): Failure {
  const { detail, diagnostics = [], status } = problem;
  const code = problem.code as FailureCode; // of the catalogue, if the service is of this version
  if (sent && diagnostics.length > 0) return badFile(sent.file, sent.text, diagnostics);
  if (status === 401) {
    const hint =
      "give a token: --token TOKEN, BACE_TOKEN, or --state FOLDER where the service runs on this machine";
    return new Failure(detail, { exitCode: EXIT.failed, code, hint });
  }
  const exitCode = status >= 400 && status < 500 ? EXIT.badInput : EXIT.failed;
  return new Failure(detail, { exitCode, code, complaints: diagnostics });
}
