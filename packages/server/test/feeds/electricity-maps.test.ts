// What Electricity Maps answers, in invented numbers.
import { describe, expect, test } from "vitest";
import { ask, seconds } from "./support.ts";
import { withSource } from "./with-source.ts";

const NOON = "2026-03-10T12:00:00Z";
const at = seconds(NOON);
const world = withSource();
const { answers, feedFrom } = world;

describe("Electricity Maps", () => {
  const feed = (zone: string) =>
    feedFrom(
      `kind: electricity-maps, name: em, url: "${world.source.url}/v3", token: {env: TOKEN}, zones: [{region: north, ${zone}}]`,
    );
  const latest = {
    zone: "XX",
    carbonIntensity: 302,
    datetime: "2026-03-10T11:00:00.000Z",
    isEstimated: true,
  };

  test("the latest carbon intensity is observed when the answer says, and the token is in its header", async () => {
    answers({ "/v3/carbon-intensity/latest?zone=XX": latest });
    expect(await ask(feed("zone: XX"), NOON)).toEqual({
      facts: [
        {
          ...{ kind: "carbon-changed", region: "north", source: "em", carbonGramsPerKwh: 302 },
          observedAtSeconds: at - 3600,
        },
      ],
      failures: [],
    });
    expect(world.source.headers.at(-1)!["auth-token"]).toBe("s3cret-t0ken");
  });

  test("prices are in the unit that the answer says; what is to come is a curve of its own steps", async () => {
    const row = (minute: number, value: number | null) => ({
      datetime: `2026-03-10T12:${minute}:00.000Z`,
      value,
    });
    answers({
      "price-day-ahead/latest": {
        zone: "XX",
        datetime: "2026-03-10T11:45:00.000Z",
        value: 40,
        unit: "EUR/MWh",
      },
      "price-day-ahead/forecast": {
        ...{ zone: "XX", unit: "EUR/MWh" },
        forecast: [row(15, 50), { datetime: NOON, value: 60 }, row(30, 50), row(45, null)],
      },
    });
    const { facts, failures } = await ask(feed("zone: XX, figures: [price], forecast: true"), NOON);
    expect(failures).toEqual([]);
    expect(facts[0]).toMatchObject({ kind: "price-changed", observedAtSeconds: at - 900 });
    expect(facts[0]).toHaveProperty("priceUsdPerKwh", expect.closeTo(0.044, 9));
    expect(facts[1]).toMatchObject({
      kind: "price-curve",
      fromSeconds: [at, at + 900],
      untilSeconds: at + 2700,
    });
    expect(facts[1]).toHaveProperty("values", [expect.closeTo(0.066, 9), expect.closeTo(0.055, 9)]);
  });

  test.each<[string, unknown, string]>([
    ["a zone of which nothing is known", { ...latest, carbonIntensity: null }, "no-data"],
    ["another zone's", { ...latest, zone: "YY" }, "bad-answer"],
    ["an error", { error: "Zone 'XX' is invalid." }, "bad-answer"],
    ["text for a number", { ...latest, carbonIntensity: "302" }, "no-data"],
    ["no time", { zone: "XX", carbonIntensity: 302 }, "no-data"],
  ])("%s is no figure", async (_, body, code) => {
    answers({ latest: body });
    expect(await ask(feed("zone: XX"), NOON)).toMatchObject({
      facts: [],
      failures: [{ code, about: "north" }],
    });
  });

  test("that asks for a pause is not asked for the next zone", async () => {
    world.source.answer = () => ({ status: 429, headers: { "Retry-After": "120" } });
    const before = world.source.asked.length;
    const answer = await ask(feed("zone: XX}, {region: south, zone: YY"), NOON);
    expect(answer).toMatchObject({ facts: [], failures: [{ code: "rate-limited", retryAfterSeconds: 120 }] });
    expect(world.source.asked.length - before).toBe(1);
  });

  test("that fails for one zone is asked for the next", async () => {
    answers({ "zone=YY": { ...latest, zone: "YY" } });
    expect(await ask(feed("zone: XX}, {region: south, zone: YY"), NOON)).toMatchObject({
      facts: [{ region: "south" }],
      failures: [{ about: "north", code: "refused" }],
    });
  });
});
