// A small scenario for tests of what moves in it, and the files that it may name.
import { parseScenario, type ScenarioOptions } from "../../src/spec/index.ts";

export const BASE = `version: 1
name: two
regions:
  - {name: east, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.2}
  - {name: west, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.1}
  - {name: far, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.1}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms}
  - {from: east, to: far, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms}
`;
export const job = (more: string) =>
  `{forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 10, ${more}}`;

export const HOURS = `datetime_utc,NL_usd_per_mwh,SG_usd_per_mwh,NL_gco2_per_kwh
2024-03-01 00:00,100,50,300
2024-03-01 01:00,200,60,310
2024-03-01 02:00,-10,70,320
2024-03-01 03:00,40,80,330
`;
export const TRACE = `timestamp,duration,num_gpus,cluster
2017-10-09 07:00:00,100,2,a
2017-10-09 07:01:00,200,9,b
2017-10-09 07:03:00,300,1,a
`;
const FILES: Readonly<Record<string, string>> = {
  "prices.csv": HOURS,
  "later.csv": HOURS.replaceAll("03-01", "03-02"),
  "philly.csv": TRACE,
};

export const readFile: ScenarioOptions["readFile"] = (path) =>
  path in FILES
    ? { file: `data/${path}`, text: FILES[path]! }
    : { problem: `there is no file ${path}`, hint: `looked for data/${path}` };

export function read(text: string, options: ScenarioOptions = {}) {
  const parsed = parseScenario(text, "s.yaml", { readFile, ...options });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value;
}

export function complaints(text: string, options: ScenarioOptions = {}) {
  const parsed = parseScenario(text, "s.yaml", { readFile, ...options });
  if (parsed.ok) throw new Error("was accepted");
  return parsed.diagnostics;
}

/** The text without its mark, and where the mark was. */
export function unmarked(marked: string) {
  const before = marked.slice(0, marked.indexOf("»"));
  const lines = before.split("\n");
  return { text: marked.replace("»", ""), line: lines.length, column: lines.at(-1)!.length + 1 };
}

export const withPrice = (price: string) => BASE.replace("priceUsdPerKwh: 0.2", `priceUsdPerKwh: ${price}`);
