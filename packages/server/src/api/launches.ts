// The two routes that ranks use: check in until the gang is together, then report. Both may be repeated at any time; a
// rank that is refused ends.
import { type Fact, isActive } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { refusedRank } from "../access/addresses.ts";
import { admitRank, knownRank, type LiveJob } from "../gate.ts";
import { createMeasurements } from "../measurements.ts";
import { ProblemError } from "../problem.ts";
import { committedFacts, progressFacts, type Report } from "../telemetry.ts";
import { type ApiContext, type App, bodyOf, jsonOf, problems } from "./context.ts";
import {
  rendezvousReplySchema,
  rendezvousRequestSchema,
  telemetryReplySchema,
  telemetryRequestSchema,
} from "./schemas/launches.ts";

const params = z.object({
  jobId: z.string().openapi({ param: { name: "jobId", in: "path" } }),
  epoch: z.coerce
    .number()
    .int()
    .min(1)
    .openapi({ param: { name: "epoch", in: "path" } }),
});

const refusals = [
  "invalid-request",
  "wrong-launch-key",
  "unknown-job",
  "unknown-rank",
  "stale-epoch",
] as const;

const rendezvousRoute = createRoute({
  method: "post",
  path: "/v1/launches/{jobId}/{epoch}/rendezvous",
  summary: "Check a rank in; answers with every rank's address once all are there",
  request: { params, ...bodyOf(rendezvousRequestSchema) },
  responses: {
    200: { description: "Wait and ask again, or start", ...jsonOf(rendezvousReplySchema) },
    ...problems(...refusals, "data-mismatch", "gang-cancelled"),
  },
});

const telemetryRoute = createRoute({
  method: "post",
  path: "/v1/launches/{jobId}/{epoch}/telemetry",
  summary: "Report steps; acknowledged when they are stored",
  request: { params, ...bodyOf(telemetryRequestSchema) },
  responses: {
    200: { description: "Stored", ...jsonOf(telemetryReplySchema) },
    ...problems(...refusals, "gang-cancelled"),
  },
});

function doneFacts(live: LiveJob, report: Report): Fact[] {
  return [...progressFacts(live, report), ...committedFacts(live, report)];
}

/** @param controlUrl by which ranks reach this service */
export function addLaunches(app: App, { writer, rendezvous }: ApiContext, controlUrl: string): void {
  const measurements = createMeasurements();
  const factsOf = (live: LiveJob, report: Report): Fact[] => [
    ...progressFacts(live, report),
    ...measurements.facts(live, writer.nowSeconds()),
  ];

  app.openapi(rendezvousRoute, async (c) => {
    const { launchKey, ...checkIn } = c.req.valid("json");
    const caller = { ...c.req.valid("param"), launchKey, rank: checkIn.rank };
    let live = admitRank(writer.state(), caller);
    if (!live.epoch.addresses) {
      const refused = refusedRank(checkIn, controlUrl);
      if (refused !== undefined) throw new ProblemError("invalid-request", refused);
      rendezvous.checkIn(live, checkIn);
      if (rendezvous.startFacts(writer.state(), caller.jobId).length > 0) {
        await writer.commit((state) => rendezvous.startFacts(state, caller.jobId));
      }
      live = admitRank(writer.state(), caller); // it may have been given up while that was written
    }
    const { addresses } = live.epoch;
    if (!addresses) return c.json({ state: "waiting" as const }, 200);
    return c.json({ state: "ready" as const, addresses: [...addresses] }, 200);
  });

  app.openapi(telemetryRoute, async (c) => {
    const { launchKey, ...report } = c.req.valid("json");
    const caller = { ...c.req.valid("param"), launchKey, rank: report.rank };
    const known = knownRank(writer.state(), caller);
    // What ranks have done and saved until they stop is news too, though they are told that nobody wants more of it.
    const done = known.phase === "stopping" ? doneFacts : committedFacts;
    if (isActive(known.phase) && done(known, report).length > 0)
      await writer.commit((state) => done(knownRank(state, caller), report));
    const live = admitRank(writer.state(), caller);
    measurements.add(live, report);
    measurements.keep(writer.state().active);
    if (factsOf(live, report).length > 0) {
      await writer.commit((state) => {
        const facts = factsOf(admitRank(state, caller), report);
        for (const fact of facts) if (fact.kind === "measured") measurements.written(fact);
        return facts;
      });
    }
    return c.json({ acknowledged: report.sequence }, 200);
  });
}
