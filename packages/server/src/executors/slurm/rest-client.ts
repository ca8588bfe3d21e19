// Requests to Slurm's REST daemon: over a Unix socket, where the daemon knows the account by the socket's other end
// (rest_auth/local), or over HTTP with a JSON Web Token. Bounded in time and size, no redirect is followed. Whatever is
// not a whole answer is none; where the request cannot have been read by anybody that is said, too.
// Nothing of fetch's: it knows no Unix sockets.
import { readFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import type { SlurmRest } from "@bace-pipe/core";
import { turns } from "./runner.ts";

export interface RestRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly timeoutSeconds?: number;
}

export type Answered =
  | { readonly kind: "answered"; readonly status: number; readonly text: string }
  /** @param isRead whether somebody may have read the request, and done what it says. */
  | { readonly kind: "no-answer"; readonly isRead: boolean; readonly reason: string };

export type AskRest = (request: RestRequest) => Promise<Answered>;

const TIMEOUT_SECONDS = 20;
const MOST_BYTES = 64e6;
/** An answer may be all that a cluster has: so many are held at a time. */
const MOST_AT_ONCE = 2;
const MOST_TOKEN_BYTES = 16e3;
/** Of errors that come before anything is sent. */
const NOBODY_THERE: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "EACCES",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

export function createRestClient({ socket, tokenFile, url, user }: SlurmRest): AskRest {
  const at = url === undefined ? { socketPath: socket!, host: "localhost" } : addressOf(url);
  const ask = url?.startsWith("https:") ? overHttps : overHttp;
  const inTurn = turns(MOST_AT_ONCE);

  const asked: AskRest = async ({ body, method, path, timeoutSeconds = TIMEOUT_SECONDS }) => {
    const token = tokenFile === undefined ? undefined : await tokenIn(tokenFile);
    if (token === null)
      return { kind: "no-answer", isRead: false, reason: `there is no token in ${tokenFile}` };
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      Accept: "application/json",
      // Told to close, slurmrestd 22.05 sends a line of its header again behind the answer. So it is we who close.
      Connection: "keep-alive",
      ...(text && { "Content-Type": "application/json", "Content-Length": text.length }),
      ...(token && { "X-SLURM-USER-NAME": user, "X-SLURM-USER-TOKEN": token }),
    };
    return answered(ask({ ...at, method, path, headers, agent: false }), text, timeoutSeconds);
  };
  return (request) => inTurn(() => asked(request));
}

function addressOf(url: string) {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { protocol, host, ...(port === "" ? {} : { port }) };
}

/** Null where there is none. What else is in the file is told to nobody. */
async function tokenIn(file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  const token = text.trim();
  return token.length <= MOST_TOKEN_BYTES && /^[A-Za-z0-9_.=-]+$/.test(token) ? token : null;
}

function answered(
  request: ClientRequest,
  body: Buffer | undefined,
  timeoutSeconds: number,
): Promise<Answered> {
  return new Promise((resolve) => {
    const settle = (answer: Answered): void => {
      clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    const lost = (reason: string, isRead = true) => settle({ kind: "no-answer", isRead, reason });
    const timer = setTimeout(() => lost(`no whole answer in ${timeoutSeconds} s`), timeoutSeconds * 1000);
    request.on("error", (error: NodeJS.ErrnoException) =>
      lost(wordOf(error), !(error.syscall === "connect" || NOBODY_THERE.has(error.code))),
    );
    request.on("response", (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) lost(`an answer of more than ${MOST_BYTES / 1e6} MB`);
        else chunks.push(chunk);
      });
      response.on("error", (error: NodeJS.ErrnoException) => lost(wordOf(error)));
      response.on("aborted", () => lost("the answer was cut off"));
      response.on("end", () =>
        settle({ kind: "answered", status: response.statusCode!, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.end(body);
  });
}

function wordOf({ code }: NodeJS.ErrnoException): string {
  return typeof code === "string" && /^\w{1,40}$/.test(code) ? code : "it cannot be reached";
}
