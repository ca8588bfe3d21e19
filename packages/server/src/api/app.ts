// The app: guards first, then one file per resource, then what became of errors. No ports and no files in here, so tests
// call `app.request()`.
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Logger } from "pino";
import { account } from "../access/account.ts";
import { hostOf } from "../access/addresses.ts";
import { guard } from "../access/guard.ts";
import { ANYBODY, type Identity } from "../access/identity.ts";
import type { Access } from "../access/open-access.ts";
import { LOOPBACK } from "../http-server.ts";
import { createMetrics, type Metrics } from "../metrics.ts";
import { ProblemError } from "../problem.ts";
import { addAudit } from "./audit.ts";
import type { ApiContext, ApiEnv, App } from "./context.ts";
import { addDashboard } from "./dashboard.ts";
import { addDecisions } from "./decisions.ts";
import { addDocs } from "./docs.ts";
import { createDryRuns } from "./dry-run.ts";
import { addEvents } from "./events.ts";
import { addJobs } from "./jobs.ts";
import { addLaunchLogs } from "./launch-logs.ts";
import { addLaunches } from "./launches.ts";
import { createListeners } from "./listeners.ts";
import { addLive } from "./live.ts";
import { addMetrics } from "./metrics.ts";
import { addOperations } from "./operations.ts";
import { addPlan } from "./plan.ts";
import { addQueue } from "./queue.ts";
import { addRegions } from "./regions.ts";
import { addReport } from "./report.ts";
import { addSeries } from "./series.ts";
import { addService } from "./service.ts";
import { addSteps } from "./steps.ts";
import { addTimeline } from "./timeline.ts";
import { addTokens } from "./tokens.ts";
import { addTotals } from "./totals.ts";

const BODY_LIMIT_BYTES = 2 ** 20;
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const OWN_HOSTS: ReadonlySet<string> = new Set(["localhost", LOOPBACK, "::1"]);

export interface AppOptions extends ApiContext {
  readonly logger: Logger;
  /** Address that it listens on. */
  readonly host: string;
  /** Where ranks are told that it is. Default: that address, and no port that they could mistake for their own. */
  readonly controlUrl?: string | undefined;
  /** Folder of the built dashboard. */
  readonly dashboardDirectory?: string | undefined;
  /** Who may come in. Without it anybody may, so it may only be left out of services that nobody else reaches. */
  readonly access?: Access | undefined;
  /** Those that others write to, too. */
  readonly metrics?: Metrics | undefined;
}

export function createApp(options: AppOptions): App {
  const { access, dashboardDirectory, host, logger, ...context } = options;
  const { controlUrl = `http://${host.includes(":") ? `[${host}]` : host}` } = options;
  if (!access && !OWN_HOSTS.has(host)) throw new Error(`a service on ${host} needs tokens`);
  const { writer } = context;
  const { metrics = createMetrics(writer.state) } = context;
  writer.listen(metrics);
  const names = new Set([
    ...LOOPBACK_NAMES,
    ...[host, hostOf(controlUrl)].flatMap((name) => [name, `[${name}]`]),
  ]);
  const app: App = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const detail = result.error.issues
        .map(({ path, message }) => `${path.join(".") || "body"}: ${message}`)
        .join("; ");
      throw new ProblemError("invalid-request", detail);
    },
  });

  app.use(account({ access, metrics, logger, nowSeconds: writer.nowSeconds }));
  // A page in somebody's browser must not reach a service that trusts its machine: neither under another name (the
  // Host check) nor with a form (JSON needs the consent of CORS, which is never given).
  app.use(async (c, next) => {
    const { hostname } = new URL(c.req.url);
    if (!names.has(hostname)) {
      const own = host === LOOPBACK ? "localhost" : host;
      throw new ProblemError("wrong-host", `use ${own}, not ${hostname}`);
    }
    const contentType = c.req.header("content-type")?.split(";")[0]?.trim();
    if (c.req.method === "POST" && contentType !== "application/json") {
      throw new ProblemError("unsupported-media-type", "send JSON with Content-Type: application/json");
    }
    await next();
  });
  app.use(guard({ access, state: writer.state, monotonicSeconds: () => performance.now() / 1000 }));
  app.use(
    bodyLimit({
      maxSize: BODY_LIMIT_BYTES,
      onError: () => {
        throw new ProblemError("body-too-large", `at most ${BODY_LIMIT_BYTES} bytes`);
      },
    }),
  );

  addService(app, context);
  const dryRuns = createDryRuns(context);
  addJobs(app, context, dryRuns);
  addQueue(app, context, dryRuns);
  addSteps(app, context);
  addTimeline(app, context);
  addLaunchLogs(app, context);
  addPlan(app, context);
  addRegions(app, context);
  addSeries(app, context);
  addTotals(app, context);
  addDecisions(app, context);
  addReport(app, context);
  addOperations(app, context);
  const isGood = ({ id }: Identity) => access === undefined || id === ANYBODY.id || access.tokens.isGood(id);
  const listeners = createListeners({ writer, isGood });
  addEvents(app, context, listeners);
  addLive(app, context, listeners);
  addMetrics(app, metrics);
  if (access) {
    addTokens(app, access, writer.nowSeconds);
    addAudit(app, access);
  }
  addLaunches(app, context, controlUrl);
  addDocs(app, context.version);
  addDashboard(app, dashboardDirectory);

  app.notFound((c) => answer(c, new ProblemError("unknown-route", `${c.req.method} ${c.req.path}`)));
  app.onError((error, c) => {
    if (error instanceof ProblemError) return answer(c, error);
    if (error instanceof HTTPException && error.status < 500)
      return answer(c, new ProblemError("invalid-request", error.message));
    logger.error(error, `${c.req.method} ${c.req.path}`);
    return answer(c, new ProblemError("internal", "see logs/service.log in the service's state folder"));
  });
  return app;
}

function answer(c: Context, { headers, problem }: ProblemError): Response {
  return c.json(problem, problem.status as ContentfulStatusCode, {
    ...headers,
    "Content-Type": "application/problem+json",
  });
}
