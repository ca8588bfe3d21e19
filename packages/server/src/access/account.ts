// What is kept of a request when it has been answered: a line of the service's log and one of the audit log if it changed
// something or was refused, and its place in the metrics.
import { randomBytes } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Logger } from "pino";
import type { ApiEnv } from "../api/context.ts";
import type { Metrics } from "../metrics.ts";
import { ProblemError } from "../problem.ts";
import { remoteOf, routeNameOf } from "./guard.ts";
import type { Access } from "./open-access.ts";
import { requestContext } from "./request.ts";
import { isNoted } from "./routes.ts";

export interface AccountOptions {
  readonly access: Access | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly nowSeconds: () => number;
}

export function account({ access, logger, metrics, nowSeconds }: AccountOptions): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = randomBytes(8).toString("hex");
    c.set("requestId", requestId);
    await requestContext.run({ requestId }, async () => {
      await next();
      const { method } = c.req;
      const { status } = c.res;
      const route = routeNameOf(c) ?? "unknown";
      const code = c.error instanceof ProblemError ? c.error.problem.code : null;
      metrics.answered(route, status, code);
      c.header("X-Request-Id", requestId);
      const isRefusal = status === 401 || status === 403 || status === 429;
      const noted = isNoted(method, route) && (status < 400 || status >= 500);
      if (!isRefusal && !noted) return;
      const identity = c.get("identity");
      const jobIds = c.get("jobIds") ?? [];
      const [tokenId, tokenName] = [identity?.id ?? null, identity?.name ?? null];
      logger.info({ route, status, code, tokenId, tokenName, jobs: jobIds.length }, "request");
      const remote = remoteOf(c);
      const entry = { atSeconds: nowSeconds(), requestId, tokenId, tokenName, remote, method, status, code };
      await access?.audit.note({ ...entry, route, jobIds });
    });
  };
}
