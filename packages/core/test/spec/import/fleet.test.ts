// From Skyplane's three files to a scenario.
import { describe, expect, it } from "vitest";
import { fleetYaml } from "../../../src/spec/import/fleet.ts";
import { type NetworkTier, skyplaneNetwork } from "../../../src/spec/import/skyplane.ts";
import { parseScenario } from "../../../src/spec/scenario.ts";
import { complaintsOf, opened, placesOf, sharedFile, sharedIsHere, warningsOf } from "./support.ts";

const IRELAND = "aws:eu-west-1";
const VIRGINIA = "gcp:us-east4";

const THROUGHPUT = `src_region,src_tier,dst_region,dst_tier,throughput_sent,throughput_received,success
aws:eu-west-1,PREMIUM,gcp:us-east4-a,PREMIUM,9e9,4e9,True
aws:eu-west-1,PREMIUM,gcp:us-east4-b,PREMIUM,9e9,8e9,True
aws:eu-west-1,PREMIUM,gcp:us-east4-a,PREMIUM,9e9,1,False
aws:eu-west-1,PREMIUM,gcp:us-east4-a,STANDARD,9e9,2e9,True
gcp:us-east4-a,PREMIUM,aws:eu-west-1,PREMIUM,9e9,5e9,True
gcp:us-east4-a,STANDARD,aws:eu-west-1,PREMIUM,9e9,3e9,True
aws:eu-west-1,PREMIUM,aws:us-east-2,PREMIUM,9e9,junk,True
`;
const LATENCY = `src_region,src_tier,dst_region,dst_tier,min_rtt,avg_rtt
aws:eu-west-1,PREMIUM,gcp:us-east4-a,PREMIUM,70,80
gcp:us-east4-a,PREMIUM,aws:eu-west-1,PREMIUM,70,82
aws:eu-west-1,PREMIUM,gcp:us-east4-a,STANDARD,70,90
gcp:us-east4-a,STANDARD,aws:eu-west-1,PREMIUM,70,92
`;
const COST = `src,dest,src_tier,dest_tier,cost
aws:eu-west-1,gcp:us-east4-a,PREMIUM,PREMIUM,0.09
gcp:us-east4-a,aws:eu-west-1,PREMIUM,PREMIUM,0.12
`;

interface Texts {
  readonly throughput?: string;
  readonly latency?: string;
  readonly cost?: string;
}

function network(regions: readonly string[], texts: Texts = {}, tier: NetworkTier = "PREMIUM") {
  const { throughput = THROUGHPUT, latency = LATENCY, cost = COST } = texts;
  const files = {
    throughput: { file: "throughput.csv", text: throughput },
    latency: { file: "latency.csv", text: latency },
    cost: { file: "cost.csv", text: cost },
  };
  return skyplaneNetwork(files, regions, tier);
}

describe("skyplaneNetwork", () => {
  it("takes the median of what arrived, over zones; failed measurements do not count and are said", () => {
    const result = network([IRELAND, VIRGINIA]);
    expect(opened(result)).toEqual({
      links: [
        {
          from: IRELAND,
          to: VIRGINIA,
          vmPairBitsPerSecond: 6e9,
          measurements: 2,
          roundTripSeconds: 0.08,
          egressUsdPerGb: 0.09,
        },
        {
          from: VIRGINIA,
          to: IRELAND,
          vmPairBitsPerSecond: 5e9,
          measurements: 1,
          roundTripSeconds: 0.082,
          egressUsdPerGb: 0.12,
        },
      ],
      missing: [],
    });
    expect(placesOf(warningsOf(result))).toEqual(["4:52 rows-left-out"]);
    expect(warningsOf(result)[0]!.message).toMatch(/^1 row of failed measurements/);
  });

  it("does not mind a zone in a region's name", () => {
    expect(opened(network([IRELAND, "gcp:us-east4-a"]))).toEqual(opened(network([IRELAND, VIRGINIA])));
  });

  it("has GCP's standard tier too, at the prices of the premium one, and says so", () => {
    const result = network([IRELAND, VIRGINIA], {}, "STANDARD");
    const { links } = opened(result);
    expect(
      links.map((link) => [link.vmPairBitsPerSecond, link.roundTripSeconds, link.egressUsdPerGb]),
    ).toEqual([
      [2e9, 0.09, 0.09],
      [3e9, 0.092, 0.12],
    ]);
    expect(warningsOf(result).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/no egress prices of the standard tier/),
    );
  });

  it("leaves a pair out that lacks a figure, and says which", () => {
    const result = network([IRELAND, VIRGINIA], {
      latency: LATENCY.replace(/^gcp:us-east4-a,PREMIUM.*\n/m, ""),
    });
    expect(opened(result).links.map(({ from }) => from)).toEqual([IRELAND]);
    expect(opened(result).missing).toEqual([{ from: VIRGINIA, to: IRELAND, lacks: ["round trip"] }]);
    expect(warningsOf(result)).toContainEqual(
      expect.objectContaining({ code: "unmeasured-link", file: "latency.csv" }),
    );
  });

  it("says where the round trips of two directions contradict each other", () => {
    const result = network([IRELAND, VIRGINIA], { latency: LATENCY.replace(",82", ",130") });
    expect(warningsOf(result)).toContainEqual(
      expect.objectContaining({
        code: "odd-measurement",
        message: "the round trip gcp:us-east4 → aws:eu-west-1 is 130.0 ms, back 80.0 ms",
      }),
    );
  });

  it("complains of a region that nobody measured, with the nearest name", () => {
    const [complaint] = complaintsOf(network([IRELAND, "gcp:us-east44"]));
    expect(complaint).toMatchObject({ code: "unknown-region", hint: 'did you mean "gcp:us-east4"?' });
  });

  it("complains of figures between the regions that are none, and of missing columns", () => {
    expect(placesOf(complaintsOf(network([IRELAND, "aws:us-east-2"])))).toEqual(["8:49 csv-value"]);
    expect(
      complaintsOf(network([IRELAND, VIRGINIA], { cost: COST.replace("cost", "price") }))[0],
    ).toMatchObject({
      code: "csv-column",
      file: "cost.csv",
    });
    expect(
      complaintsOf(network([IRELAND, VIRGINIA], { latency: LATENCY.replace(",80", ",0") }))[0],
    ).toMatchObject({
      line: 2,
      message: "0 is not a measurement",
    });
  });
});

describe("fleetYaml", () => {
  const hourly = (quantity: "price" | "carbon", values: readonly number[]) => ({
    file: `${quantity}.csv`,
    series: { quantity, column: quantity, startSeconds: 7200, stepSeconds: 3600 as const, values },
  });
  const options = {
    name: "two",
    gpuType: "A100-80GB",
    gpusPerRegion: 64,
    gateways: 4,
    tier: "PREMIUM" as const,
    sources: { throughput: "throughput.csv", latency: "latency\n.csv", cost: "cost.csv" },
    window: { fromSeconds: 10_800, toSeconds: 18_000 },
  };
  const regions = [
    {
      name: "ireland",
      measuredAs: IRELAND,
      price: hourly("price", [1, 0.05, -0.002, 1]),
      carbon: hourly("carbon", [1, 300.5, 20, 1]),
    },
    { name: "virginia", measuredAs: VIRGINIA, price: 0.1 },
  ];
  const yaml = fleetYaml(regions, opened(network([IRELAND, VIRGINIA])), options);

  it("parses to the fleet that it says", () => {
    const { name, fleet } = opened(parseScenario(yaml, "fleet.yaml"));
    expect(name).toBe("two");
    expect(fleet.regions).toMatchObject([
      {
        name: "ireland",
        gpus: 64,
        gpuType: { name: "A100-80GB" },
        tariff: { kind: "series", startSeconds: 0, stepSeconds: 3600, values: [0.05, -0.002] },
        carbon: { kind: "series", startSeconds: 0, stepSeconds: 3600, values: [300.5, 20] },
      },
      { name: "virginia", tariff: { kind: "flat" } },
    ]);
    expect(fleet.links).toEqual([
      { from: 0, to: 1, bandwidthBitsPerSecond: 24e9, latencySeconds: 0.04, egressUsdPerGb: 0.09 },
      { from: 1, to: 0, bandwidthBitsPerSecond: 20e9, latencySeconds: 0.041, egressUsdPerGb: 0.12 },
    ]);
  });

  it("says where each figure is from", () => {
    expect(yaml).toMatch(/^# bandwidthBitsPerSecond: 4 gateways × .* PREMIUM tier\), throughput\.csv\.$/m);
    expect(yaml).toMatch(/^# latencySeconds: half of the mean round trip, latency \.csv\.$/m);
    expect(yaml).toMatch(/^# egressUsdPerGb: cost\.csv\.$/m);
    expect(yaml).toMatch(/^# Second 0 is 1970-01-01 03:00 UTC\.$/m);
    expect(yaml).toContain("    # price.csv, column price.\n    priceUsdPerKwh:\n");
    expect(yaml).toContain("    # carbon.csv, column carbon.\n    carbonGramsPerKwh:\n");
    expect(yaml).toContain("    priceUsdPerKwh: 0.1 # Assumed.\n");
    expect(yaml).toContain("  # 6 Gbit/s per VM pair (of 2), round trip 80 ms\n");
  });

  it("has a comment for a link that is left out, and parses without any", () => {
    const nothing = { links: [], missing: [{ from: IRELAND, to: VIRGINIA, lacks: ["rate", "price"] }] };
    const text = fleetYaml(regions, nothing, options);
    expect(text).toContain("  # No link aws:eu-west-1 → gcp:us-east4: no rate, no price.\n");
    const scenario = parseScenario(text, "fleet.yaml");
    expect(scenario.ok && scenario.value.fleet.links).toEqual([]);
  });
});

describe.skipIf(!sharedIsHere)("the measurements of January 2022", () => {
  const files = () => ({
    throughput: sharedFile("network/skyplane_throughput.csv"),
    latency: sharedFile("network/skyplane_latency.csv"),
    cost: sharedFile("network/skyplane_cost.csv"),
  });

  it("give all links of five regions of two providers, as in the file", () => {
    const regions = [IRELAND, "aws:us-east-2", "gcp:europe-west4", VIRGINIA, "aws:ap-northeast-1"];
    const { links, missing } = opened(skyplaneNetwork(files(), regions));
    expect([links.length, missing.length]).toEqual([20, 0]);
    const link = links.find(({ from, to }) => from === "gcp:europe-west4" && to === VIRGINIA)!;
    expect(link.roundTripSeconds).toBeGreaterThan(0.08);
    expect(link.egressUsdPerGb).toBe(0.08);
  });

  it("have the median of two measurements where there are two", () => {
    const link = opened(skyplaneNetwork(files(), ["azure:germanywestcentral", "aws:eu-west-2"])).links[0]!;
    expect(link).toMatchObject({
      measurements: 2,
      vmPairBitsPerSecond: (9374196843.988937 + 9366953170.853651) / 2,
    });
  });

  it("have the standard tier of GCP", () => {
    expect(opened(skyplaneNetwork(files(), [IRELAND, VIRGINIA], "STANDARD")).links).toHaveLength(2);
  });

  it("lack the latency of Paris", () => {
    const { links, missing } = opened(skyplaneNetwork(files(), [IRELAND, "aws:eu-west-3"]));
    expect(links).toEqual([]);
    expect(missing.map(({ lacks }) => lacks)).toEqual([["round trip"], ["round trip"]]);
  });
});
