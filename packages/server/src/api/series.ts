// Price and carbon intensity of a region, the last 24 hours and the next.
import { priceHistory, regionNamed } from "@bace-pipe/core";
import { createRoute, z } from "@hono/zod-openapi";
import { ProblemError } from "../problem.ts";
import { isPriceEvent, type PriceEvent } from "../store/log.ts";
import { type ApiContext, type App, jsonOf, problems } from "./context.ts";
import { seriesSchema } from "./schemas/series.ts";

const SPAN_SECONDS = 24 * 3600;
/** What was said so long ago has expired: a day's curve that was said a day before it. */
const EARLIER_SECONDS = 3 * 24 * 3600;

const seriesRoute = createRoute({
  method: "get",
  path: "/v1/regions/{name}/series",
  summary:
    "Price and carbon intensity of a region over the last 24 hours, and the next as far as they are known",
  request: { params: z.object({ name: z.string().openapi({ param: { name: "name", in: "path" } }) }) },
  responses: {
    200: { description: "What was believed, and is", ...jsonOf(seriesSchema) },
    ...problems("unknown-region"),
  },
});

export function addSeries(app: App, { log, writer }: ApiContext): void {
  const said = createSaid({ log, writer });

  app.openapi(seriesRoute, async (c) => {
    const { name } = c.req.valid("param");
    const nowSeconds = writer.nowSeconds();
    const facts = await said(nowSeconds - SPAN_SECONDS - EARLIER_SECONDS);
    const { declaredFleet } = writer.state();
    const region = declaredFleet && regionNamed(declaredFleet, name);
    if (!region) throw new ProblemError("unknown-region", `there is no region "${name}"`);
    const span = {
      ...{ fromSeconds: nowSeconds - SPAN_SECONDS, nowSeconds, untilSeconds: nowSeconds + SPAN_SECONDS },
    };
    const [price, carbon] = (["price", "carbon"] as const).map((kind) => [
      ...priceHistory(kind, region, facts, span),
    ]);
    return c.json({ region: name, ...span, price: price!, carbon: carbon! }, 200);
  });
}

/** The log is looked through when somebody first asks; from then on what is appended is heard. */
function createSaid({ log, writer }: Pick<ApiContext, "log" | "writer">) {
  let heard: PriceEvent[] | undefined;
  let reading: Promise<void> | undefined;
  const read = async (sinceSeconds: number): Promise<void> => {
    const later: PriceEvent[] = [];
    const stop = writer.listen({
      appended(events) {
        const prices = events.filter(isPriceEvent);
        (heard ?? later).push(...prices);
      },
    });
    const earlier = await log.priceFacts(sinceSeconds).catch((error: unknown) => {
      stop();
      reading = undefined; // whoever asks next reads it
      throw error;
    });
    const last = earlier.at(-1)?.seq ?? 0;
    heard = [...earlier, ...later.filter(({ seq }) => seq > last)];
  };
  return async (sinceSeconds: number): Promise<readonly PriceEvent[]> => {
    reading ??= read(sinceSeconds);
    await reading;
    const old = heard!.findIndex(({ atSeconds }) => atSeconds >= sinceSeconds);
    if (old !== 0) heard!.splice(0, old < 0 ? heard!.length : old);
    return heard!;
  };
}
