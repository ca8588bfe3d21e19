// A service with tokens: two tenants with jobs, and a token for each way to come in.

import type { Scope } from "../../src/access/identity.ts";
import { openAccess } from "../../src/access/open-access.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { clear } from "../support/database.ts";
import { createFakeExecutor } from "../support/fake-executor.ts";
import { jobText, openService, type Sketch, type TestService } from "../support/service.ts";

export interface Asking {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Secured extends TestService {
  readonly clock: { seconds: number };
  ask(route: string, asking?: Asking): Promise<Response>;
  /** The text of a new token. */
  tokenFor(scopes: readonly Scope[], tenant?: string | null, expiresSeconds?: number | null): Promise<string>;
  revoke(text: string): Promise<void>;
  close(): Promise<void>;
}

export async function openSecured(
  database: Database,
  {
    anew = true,
    open = false,
    ...sketch
  }: Sketch & { readonly anew?: boolean; readonly open?: boolean } = {},
): Promise<Secured> {
  if (anew) await clear(database);
  await migrate(database);
  const clock = { seconds: 1000 };
  const fail = (error: unknown) => {
    throw error;
  };
  const access = await openAccess({
    ...{ database, nowSeconds: () => clock.seconds, host: "127.0.0.1", open, onError: fail },
    ...(sketch.stateDirectory === undefined ? {} : { stateDirectory: sketch.stateDirectory }),
  });
  const executor = createFakeExecutor();
  const service = await openService(database, executor, clock, undefined, { ...sketch, access });
  return {
    ...service,
    clock,
    async ask(route, { body, headers = {}, token } = {}) {
      const [method, path] = route.split(" ") as [string, string];
      return service.request(path, {
        method,
        headers: {
          ...(method === "POST" ? { "Content-Type": "application/json" } : {}),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(method === "POST" ? { body: typeof body === "string" ? body : JSON.stringify(body ?? {}) } : {}),
      });
    },
    async tokenFor(scopes, tenant = null, expiresSeconds = null) {
      const name = `${scopes.join("+")} of ${tenant ?? "all"}`;
      return (await access.tokens.create({ name, scopes, tenant, expiresSeconds })).text;
    },
    async revoke(text) {
      await access.tokens.revoke(text.split("_")[1]!);
    },
    close: () => access.close(),
  };
}

export async function problemOf(
  answer: Promise<Response>,
): Promise<{ status: number; code: string; detail: string }> {
  const response = await answer;
  const problem = (await response.json()) as { code: string; detail: string };
  return { status: response.status, code: problem.code, detail: problem.detail };
}

/** A job file of the tenant. */
export function fileOf(name: string, tenant: string, more: object = {}): object {
  return {
    file: "job.yaml",
    directory: "/data",
    text: `${jobText(name, { gpus: 2 })}tenant: ${tenant}\n`,
    ...more,
  };
}
