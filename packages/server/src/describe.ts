// A service as it is seen from outside, for the reference in docs/reference: what is described is an app that is put
// together like any other, on an empty log in memory.
import { POLICIES } from "@bace-pipe/core";
import { pino } from "pino";
import { openAccess } from "./access/open-access.ts";
import { createApp } from "./api/app.ts";
import { addLog } from "./api/log.ts";
import type { OpenApi } from "./api/reference/routes.ts";
import { fleetHistory } from "./fleet-history.ts";
import { LOOPBACK } from "./http-server.ts";
import { createMetrics, type DescribedMetric } from "./metrics.ts";
import { createRendezvous } from "./rendezvous.ts";
import { archiveOf } from "./store/archive.ts";
import { openLog } from "./store/log.ts";
import { openPglite } from "./store/pglite.ts";
import { createWriter } from "./writer.ts";

export { limitsOf, type OpenApi, type RouteReference, routesOf } from "./api/reference/routes.ts";
export { typeText } from "./api/reference/type-text.ts";
export type { DescribedMetric } from "./metrics.ts";
export { PROBLEMS } from "./problem.ts";

export interface Description {
  readonly openApi: OpenApi;
  readonly metrics: readonly DescribedMetric[];
}

/** @param version of the program */
export async function describeService(version: string): Promise<Description> {
  const database = await openPglite();
  try {
    const { log, state } = await openLog(database);
    const logger = pino({ level: "silent" });
    const nowSeconds = () => 0;
    const policy = POLICIES["bace-plus"]!();
    const timeModel = "auto";
    const deciding = { policy, timeModel, newLaunchKey: () => "" } as const;
    const writer = createWriter({ log, state, deciding, nowSeconds, logger });
    const metrics = createMetrics(writer.state);
    const archive = archiveOf(database);
    const app = createApp({
      ...{ writer, log, policy, timeModel, version, logger, metrics, efficiency: undefined },
      rendezvous: createRendezvous(0, 0),
      fleets: fleetHistory([]),
      access: await openAccess({ database, nowSeconds, host: LOOPBACK, onError: () => {} }),
      readEvents: archive.events,
      host: LOOPBACK,
    });
    addLog(app, { archive, writer });
    const answer = await app.request("/openapi.json");
    return { openApi: (await answer.json()) as OpenApi, metrics: metrics.described() };
  } finally {
    await database.close();
  }
}
