// Price, carbon intensity and GPUs of a region, the last 24 hours and the next.
import { figureHistory, regionChange, regionNamed } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { ProblemError } from "../problem.ts";
import { type ApiContext, type App, jsonOf, problems } from "./context.ts";
import { seriesSchema } from "./schemas/series.ts";

const SPAN_SECONDS = 24 * 3600;
/** What was said so long ago has expired: a day's curve that was said a day before it. */
const EARLIER_SECONDS = 3 * 24 * 3600;

const seriesRoute = createRoute({
  method: "get",
  path: "/v1/regions/{name}/series",
  summary:
    "Price, carbon intensity and GPUs of a region over the last 24 hours, and the next as far as they are known",
  request: { params: z.object({ name: z.string().openapi({ param: { name: "name", in: "path" } }) }) },
  responses: {
    200: { description: "What was believed, and is", ...jsonOf(seriesSchema) },
    ...problems("unknown-region"),
  },
});

export function addSeries(app: App, { log, writer }: ApiContext): void {
  app.openapi(seriesRoute, async (c) => {
    const { name } = c.req.valid("param");
    const nowSeconds = writer.nowSeconds();
    const { declaredFleet } = writer.state();
    const region = declaredFleet && regionNamed(declaredFleet, name);
    if (!region) throw new ProblemError("unknown-region", `there is no region "${name}"`);
    const said = await log.figures(name, nowSeconds - SPAN_SECONDS - EARLIER_SECONDS);
    const span = {
      ...{ fromSeconds: nowSeconds - SPAN_SECONDS, nowSeconds, untilSeconds: nowSeconds + SPAN_SECONDS },
    };
    const believed = regionChange(writer.state().changes, name);
    const steps = (kind: "price" | "carbon" | "gpus") => [
      ...figureHistory(kind, region, said, span, believed),
    ];
    const figures = {
      priceUsdPerKwh: steps("price"),
      carbonGramsPerKwh: steps("carbon"),
      gpus: steps("gpus"),
    };
    return c.json({ region: name, ...span, ...figures }, 200);
  });
}
