// What operators do: close and drain regions, hold jobs, say what capacity, prices, carbon intensities and links are now.
// All of it may be done twice: what is so already is no event.
import {
  changesAfter,
  type InputFact,
  type InputKind,
  isFresh,
  type ObservedFigure,
  type RegionChange,
  regionNamed,
  type State,
  seriesProvenance,
  valueAt,
} from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { hideOthers } from "../access/visible.ts";
import { newInputs, refuseUnsound } from "../inputs.ts";
import { ProblemError } from "../problem.ts";
import { type ApiContext, type App, bodyOf, findJob, jsonOf, problems } from "./context.ts";
import { type InputList, inputListSchema, inputsReplySchema, inputsRequestSchema } from "./schemas/inputs.ts";
import { jobViewSchema } from "./schemas/jobs.ts";
import { regionViewSchema } from "./schemas/regions.ts";
import { jobView, regionsView } from "./views.ts";

const regionParams = z.object({ name: z.string().openapi({ param: { name: "name", in: "path" } }) });
const jobParams = z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) });

const ON_REGIONS = {
  cordon: ["region-cordoned", "Place no new jobs in a region; what runs there goes on"],
  uncordon: ["region-uncordoned", "Place jobs in a region again"],
  drain: ["region-drained", "Cordon a region, and move what runs there elsewhere by its checkpoints"],
} as const;

const ON_JOBS = {
  hold: ["held", "Do not place a job until it is released; if it runs, it is stopped with a checkpoint"],
  release: ["released", "Let a held job be placed again"],
} as const;

const inputsRoute = createRoute({
  method: "post",
  path: "/v1/inputs",
  summary:
    "Say what capacity, prices, carbon intensities and links are: all of it or, if one cannot be, nothing",
  request: bodyOf(inputsRequestSchema),
  responses: {
    200: { description: "How many were news", ...jsonOf(inputsReplySchema) },
    ...problems("invalid-request", "invalid-input"),
  },
});

const inputListRoute = createRoute({
  method: "get",
  path: "/v1/inputs",
  summary: "What was said of the fleet since its scenario was loaded, figures that are too old included",
  responses: { 200: { description: "What was said", ...jsonOf(inputListSchema) } },
});

export function addOperations(app: App, { fleets, writer }: ApiContext): void {
  writer.listen({
    appended(events) {
      for (const event of events) if (event.kind === "fleet-loaded") fleets.add(event.seq, event.fleet);
    },
  });

  for (const [verb, [kind, summary]] of Object.entries(ON_REGIONS)) {
    const route = createRoute({
      method: "post",
      path: `/v1/regions/{name}/${verb}`,
      summary,
      request: { params: regionParams },
      responses: {
        200: { description: "The region", ...jsonOf(regionViewSchema) },
        ...problems("unknown-region"),
      },
    });
    app.openapi(route, async (c) => {
      const { name } = c.req.valid("param");
      const region = () =>
        regionsView(writer.state(), writer.nowSeconds()).regions.find((each) => each.name === name);
      if (!region()) throw new ProblemError("unknown-region", `there is no region "${name}"`);
      const fact: InputFact = { kind, region: name };
      await writer.commit(({ changes }) => (changesAfter(changes, fact) === changes ? [] : [fact]));
      return c.json(region()!, 200);
    });
  }

  for (const [verb, [kind, summary]] of Object.entries(ON_JOBS)) {
    const route = createRoute({
      method: "post",
      path: `/v1/jobs/{id}/${verb}`,
      summary,
      request: { params: jobParams },
      responses: {
        202: { description: "The job", ...jsonOf(jobViewSchema) },
        ...problems("unknown-job"),
      },
    });
    app.openapi(route, async (c) => {
      const { id } = c.req.valid("param");
      const identity = c.get("identity");
      findJob(writer, id, identity);
      await writer.commit(({ jobs }) => {
        const known = jobs.get(id);
        if (!known || known.phase === "ended") return [];
        return (known.held === true) === (kind === "held") ? [] : [{ kind, jobId: id }];
      });
      const state = writer.state();
      const view = jobView(findJob(writer, id, identity), fleets, writer.nowSeconds(), state.fleet);
      return c.json(hideOthers(view, state, identity), 202);
    });
  }

  app.openapi(inputListRoute, (c) => c.json(inputList(writer.state(), writer.nowSeconds()), 200));

  app.openapi(inputsRoute, async (c) => {
    const body = c.req.valid("json");
    let answer = { changed: 0, unchanged: 0 };
    await writer.commit((state) => {
      const nowSeconds = writer.nowSeconds();
      const said = statements(body, nowSeconds);
      refuseUnsound(state, said, nowSeconds);
      const facts = newInputs(state, said);
      answer = { changed: facts.length, unchanged: said.length - facts.length };
      return facts;
    });
    return c.json(answer, 200);
  });
}

function inputList({ changes, fleet }: Pick<State, "changes" | "fleet">, nowSeconds: number): InputList {
  const figure = (kind: InputKind, observed: ObservedFigure | undefined) =>
    observed
      ? {
          ...{ value: observed.value, source: observed.source },
          ageSeconds: Math.max(0, nowSeconds - observed.observedAtSeconds),
          isDefault: !isFresh(kind, observed, nowSeconds),
        }
      : null;
  /** What holds now, of a figure or a curve; else the figure that is too old. */
  const series = (kind: "price" | "carbon", change: RegionChange) => {
    const { ageSeconds, isDefault, source } = seriesProvenance(kind, change, nowSeconds);
    const region = regionNamed(fleet!, change.name)!;
    const values = kind === "price" ? region.tariff : region.carbon;
    if (isDefault || !values) return figure(kind, change[kind]);
    return { value: valueAt(values, nowSeconds), source, ageSeconds: ageSeconds!, isDefault };
  };
  return {
    regions: changes.regions.map((change) => ({
      ...{ region: change.name, cordon: change.cordon ?? null, gpus: change.gpus ?? null },
      ...{ price: series("price", change), carbon: series("carbon", change) },
      ...(change.counted ? { counted: measuredView(change.counted, nowSeconds) } : {}),
      ...(change.busyWatts ? { busyWatts: measuredView(change.busyWatts, nowSeconds) } : {}),
    })),
    links: changes.links.map(({ bandwidth, from, latency, to }) => ({
      ...{ from, to, bandwidth: figure("link", bandwidth), latency: figure("link", latency) },
    })),
  };
}

/** It counts until somebody measures again. */
function measuredView({ observedAtSeconds, source, value }: ObservedFigure, nowSeconds: number) {
  return { value, source, ageSeconds: Math.max(0, nowSeconds - observedAtSeconds), isDefault: false };
}

function statements(body: z.output<typeof inputsRequestSchema>, nowSeconds: number): InputFact[] {
  const { source } = body;
  return body.inputs.map((input): InputFact => {
    if (input.kind === "capacity-changed") return input;
    const { observedAtSeconds = nowSeconds } = input;
    if (input.kind !== "link-changed") return { ...input, source, observedAtSeconds };
    const { bandwidthBitsPerSecond, from, kind, latencySeconds, to } = input;
    return {
      ...{ kind, from, to, source, observedAtSeconds },
      ...(bandwidthBitsPerSecond === undefined ? {} : { bandwidthBitsPerSecond }),
      ...(latencySeconds === undefined ? {} : { latencySeconds }),
    };
  });
}
