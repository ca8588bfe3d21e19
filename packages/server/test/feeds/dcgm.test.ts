// What Prometheus answers of DCGM's counters, in invented numbers.
import { describe, expect, test } from "vitest";
import { ask, seconds } from "./support.ts";
import { withSource } from "./with-source.ts";

const NOON = "2026-03-10T12:00:00Z";
const at = seconds(NOON);
const world = withSource();
const { answers, feedFrom } = world;

describe("DCGM", () => {
  const feed = () =>
    feedFrom(
      `kind: dcgm, name: dcgm, url: "${world.source.url}/prom/", regions: [{region: north, selector: 'cluster="n"', busyAboveWatts: 200}]`,
    );
  const labels = (gpu: number) => ({ UUID: `GPU-${gpu}`, gpu: `${gpu}`, Hostname: "n1" });
  const ok = (resultType: string, result: unknown) => ({ status: "success", data: { resultType, result } });
  /** Counters in joules, a minute apart; gauges in watts. */
  const prometheus = (
    joules: readonly (readonly (number | string)[])[],
    watts: readonly (number | string)[],
  ) =>
    answers({
      TOTAL_ENERGY: ok(
        "matrix",
        joules.map((counter, gpu) => ({
          metric: labels(gpu),
          values: counter.map((value, i) => [
            at - 600 + 60 * i,
            typeof value === "number" ? `${value * 1000}` : value,
          ]),
        })),
      ),
      POWER_USAGE: ok(
        "vector",
        watts.map((value, gpu) => ({ metric: labels(gpu), value: [at, `${value}`] })),
      ),
    });
  const power = async () => {
    const { facts, failures } = await ask(feed(), NOON);
    expect(failures).toEqual([]);
    return facts.map((fact) => (fact.kind === "power-changed" ? fact.busyWatts : fact));
  };

  test("the mean of busy GPUs, by their counters of energy; idle ones do not count", async () => {
    prometheus(
      [
        [0, 30_000, 60_000],
        [100, 36_100, 72_100],
        [0, 4200, 8400],
      ],
      [999, 999, 999],
    );
    expect(await power()).toEqual([(500 + 600) / 2]);
    expect(decodeURIComponent(world.source.asked.at(-2)!)).toBe(
      '/prom/api/v1/query?query=DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{cluster="n"}[600s]',
    );
  });

  test("a counter that began anew counts before and after, not over the reset", async () => {
    prometheus([[1e6, 1e6 + 30_000, 100, 30_100, 60_100]], []);
    expect(await power()).toEqual([500]);
  });

  test("without a counter, or with one sample of it, the gauge counts", async () => {
    prometheus([[5000], []], [410, 390]);
    expect(await power()).toEqual([400]);
  });

  test("blanks, NaN and what no GPU draws are left out", async () => {
    prometheus(
      [["9223372036854775792", "9223372036854775792"]],
      ["2147483632", "NaN", "140737488355328", "+Inf", 60_000, -5, 300],
    );
    expect(await power()).toEqual([300]);
  });

  test("where no GPU is busy there is nothing to say; where none says anything that is said", async () => {
    prometheus([], [80, 75]);
    expect(await power()).toEqual([]);
    prometheus([], ["NaN"]);
    expect(await ask(feed(), NOON)).toMatchObject({
      facts: [],
      failures: [{ code: "no-data", about: "north" }],
    });
  });

  test("what Prometheus says of a wrong query is said", async () => {
    const body = JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error at char 3" });
    world.source.answer = () => ({ status: 400, body });
    expect(await ask(feed(), NOON)).toMatchObject({
      failures: [{ code: "bad-answer", message: "parse error at char 3" }],
    });
  });

  test.each([
    ["null", "null"],
    ["no data", '{"status":"success"}'],
    [
      "results that are none",
      '{"status":"success","data":{"result":[null,3,{"metric":null,"value":[1]},{"value":[1,2]}]}}',
    ],
  ])("%s breaks nothing", async (_, body) => {
    world.source.answer = () => ({ body });
    expect((await ask(feed(), NOON)).facts).toEqual([]);
  });
});
