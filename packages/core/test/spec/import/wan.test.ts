// The data that is shipped in scenarios/data: that it is whole, and what it was made from where that is at hand.
import { describe, expect, it } from "vitest";
import { hourlySeries } from "../../../src/spec/import/hourly.ts";
import { skyplaneNetwork } from "../../../src/spec/import/skyplane.ts";
import { measuredWan, zoneSeries } from "../../../src/spec/import/wan.ts";
import { complaintsOf, opened, sharedFile, sharedIsHere, shippedFile, warningsOf } from "./support.ts";

const prices = zoneSeries(shippedFile("prices-2024.csv"));
const carbon = zoneSeries(shippedFile("carbon-2024.csv"));
const wan = measuredWan({ regions: shippedFile("regions.csv"), links: shippedFile("links.csv") });

describe("the shipped data", () => {
  it.each([
    ["prices", prices, ["AU-NSW", "DE-LU", "JP-TK", "NL", "SG", "US-MIDA-PJM", "US-NY-NYIS"]],
    ["carbon", carbon, ["AU-NSW", "DE-LU", "GB", "JP-TK", "SG", "US-MIDA-PJM", "US-NY-NYIS"]],
  ] as const)("has every hour of 2024 for each zone: %s", (_what, result, names) => {
    const { zones } = opened(result);
    expect([...zones.keys()]).toEqual(names);
    expect(warningsOf(result)).toEqual([]);
    for (const series of zones.values()) {
      expect(series).toMatchObject({ startSeconds: 1_704_067_200, values: { length: 8784 } });
    }
  });

  it("has every link between its regions in both directions", () => {
    const { regions, links } = opened(wan);
    const pairs = regions.flatMap(({ name: from }) => regions.map(({ name: to }) => `${from} ${to}`));
    const expected = pairs.filter((pair) => pair.split(" ")[0] !== pair.split(" ")[1]);
    expect(links.map(({ from, to }) => `${from} ${to}`)).toEqual(expected);
    expect(regions).toHaveLength(11);
  });

  it("names zones that it has, and says of each region without its own what stands in", () => {
    const [priceZones, carbonZones] = [opened(prices).zones, opened(carbon).zones];
    for (const { name, priceZone, carbonZone, note } of opened(wan).regions) {
      expect(priceZone === undefined || priceZones.has(priceZone), name).toBe(true);
      expect(carbonZone === undefined || carbonZones.has(carbonZone), name).toBe(true);
      if (priceZone !== carbonZone || priceZone === undefined) expect(note, name).not.toBe("");
    }
  });
});

describe.skipIf(!sharedIsHere)("the shipped data is what was published, rounded", () => {
  it("prices to 0.01 USD/MWh, carbon intensity to 1 g", () => {
    for (const [folder, result, step] of [
      ["prices", prices, 1e-5],
      ["carbon", carbon, 1],
    ] as const) {
      for (const [zone, { values }] of opened(result).zones) {
        const { text, file } = sharedFile(`${folder}/${zone}_2024.csv`);
        const published = opened(hourlySeries(text, file)).values;
        const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - published[i]!)), 0);
        expect(worst, zone).toBeLessThanOrEqual(step / 2 + 1e-9);
      }
    }
  });

  it("links to 1 Mbit/s and 0.1 ms", () => {
    const { regions, links } = opened(wan);
    const files = {
      throughput: sharedFile("network/skyplane_throughput.csv"),
      latency: sharedFile("network/skyplane_latency.csv"),
      cost: sharedFile("network/skyplane_cost.csv"),
    };
    const measured = opened(
      skyplaneNetwork(
        files,
        regions.map(({ measuredAs }) => measuredAs),
      ),
    ).links;
    expect(measured).toHaveLength(links.length);
    links.forEach((link, i) => {
      const { vmPairBitsPerSecond, roundTripSeconds, egressUsdPerGb } = measured[i]!;
      expect(Math.abs(link.vmPairBitsPerSecond - vmPairBitsPerSecond)).toBeLessThanOrEqual(5e5);
      expect(Math.abs(link.roundTripSeconds - roundTripSeconds)).toBeLessThanOrEqual(5.001e-5);
      expect(link.egressUsdPerGb).toBe(egressUsdPerGb);
    });
  });
});

describe("broken data", () => {
  const regions =
    "region,measured_as,price_zone,carbon_zone,latitude,longitude,note\na,aws:a,,NL,1,2,\nb,aws:b,NL,NL,1,2,\n";
  const links = "from,to,vm_pair_mbit_per_s,round_trip_ms,egress_usd_per_gb\na,b,4000,80,0\n";
  const read = (changedRegions: string, changedLinks: string) =>
    measuredWan({
      regions: { file: "r.csv", text: changedRegions },
      links: { file: "l.csv", text: changedLinks },
    });

  it("is none where nothing is wrong: a region may lack a zone, egress may be free", () => {
    const { regions: all, links: between } = opened(read(regions, links));
    expect(all[0]).toEqual({
      name: "a",
      measuredAs: "aws:a",
      carbonZone: "NL",
      latitude: 1,
      longitude: 2,
      note: "",
    });
    expect(between).toEqual([
      { from: "a", to: "b", vmPairBitsPerSecond: 4e9, roundTripSeconds: 0.08, egressUsdPerGb: 0 },
    ]);
  });

  it.each([
    ["a link to a region that is not there", regions, links.replace("a,b", "a,x"), "l.csv", "unknown-region"],
    ["a link twice", regions, `${links}a,b,4000,80,0\n`, "l.csv", "duplicate-name"],
    ["a region twice", `${regions}b,aws:b,NL,NL,1,2,\n`, links, "r.csv", "duplicate-name"],
    ["a rate of nothing", regions, links.replace("4000", "0"), "l.csv", "csv-value"],
    ["a latitude that is none", regions.replace("1,2", "N1,2"), links, "r.csv", "csv-value"],
  ])("is refused: %s", (_what, changedRegions, changedLinks, file, code) => {
    expect(complaintsOf(read(changedRegions, changedLinks))).toMatchObject([{ file, code }]);
  });

  it("zones: a column without a unit is said, a zone twice and a file without any are refused", () => {
    const zones = (text: string) => zoneSeries({ file: "z.csv", text });
    const some = zones("datetime_utc,NL_usd_per_mwh,remark\n2024-01-01 00:00,5,fine\n");
    expect([...opened(some).zones.keys()]).toEqual(["NL"]);
    expect(warningsOf(some)[0]!.message).toMatch(/column "remark" of 1 row is not read/);
    expect(complaintsOf(zones("datetime_utc,NL_usd_per_mwh,NL_usd_per_kwh\n2024-01-01,5,5\n"))[0]!.code).toBe(
      "duplicate-name",
    );
    expect(complaintsOf(zones("datetime_utc,NL\n2024-01-01,5\n"))[0]!.code).toBe("csv-column");
  });
});
