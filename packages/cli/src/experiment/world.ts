// The measured network and the hourly prices that the repository ships, as the random scenarios want them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RealWorld } from "@bace-pipe/core/experiment";
import { type Imported, measuredWan, zoneSeries } from "@bace-pipe/core/spec";
import { SCENARIOS } from "../places.ts";

const DATA = join(SCENARIOS, "data");

export function loadWorld(): RealWorld {
  const file = (name: string) => {
    const path = join(DATA, name);
    return { text: readFileSync(path, "utf8"), file: path };
  };
  const { links, regions } = imported(
    measuredWan({ regions: file("regions.csv"), links: file("links.csv") }),
  );
  const { zones } = imported(zoneSeries(file("prices-2024.csv")));
  return {
    regions: regions.flatMap(({ name, priceZone }) => {
      const prices = priceZone === undefined ? undefined : zones.get(priceZone);
      if (!prices) return [];
      const { stepSeconds, values } = prices;
      return [{ name, prices: { kind: "series" as const, startSeconds: 0, stepSeconds, values } }];
    }),
    links: links.map(({ from, roundTripSeconds, to, vmPairBitsPerSecond }) => ({
      from,
      to,
      bitsPerSecond: vmPairBitsPerSecond,
      roundTripSeconds,
    })),
  };
}

function imported<T>(result: Imported<T>): T {
  if (result.ok) return result.value;
  throw new Error(`scenarios/data is damaged: ${result.diagnostics[0]!.message}`);
}
