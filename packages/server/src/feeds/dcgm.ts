// Power of busy GPUs from NVIDIA's DCGM exporter through Prometheus' HTTP API. Of the counter of energy (millijoules), where a
// GPU has one: differences of its samples, so that every peak in between counts; a counter that fell began anew, and the
// interval over which it did is left out. Else the gauge of power. GPUs that draw less than `busyAboveWatts` are idle:
// the figure is the mean of the others, and where none is busy there is nothing to say.
// Blanks of DCGM (dcgm_structs.h: from 0x7ffffff0 for 32 bits, 2^47 for floating point), NaN and figures that no GPU draws
// are left out, and so are samples that Prometheus marks as stale: it does not send them.
import type { InputFact } from "@bace-pipe/core";
import type { FeedSourceOf } from "@bace-pipe/core/spec";
import { askEach, type Feed, failed, type Got, got } from "./feed.ts";
import { fetchText } from "./http.ts";
import { type FeedContext, jsonOf, saidText, tokenOf, valueAtPath, wordOf } from "./place.ts";

type Source = FeedSourceOf<"dcgm">;
type Region = Source["regions"][number];

const ENERGY = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION";
const POWER = "DCGM_FI_DEV_POWER_USAGE";
const BLANK_32 = 0x7ffffff0;
const BLANKS_32 = 16;
const LEAST_BLANK_FLOAT = 2 ** 47;
const MOST_WATTS = 5000;
const MILLIJOULES_PER_JOULE = 1000;

export function dcgmFeed(source: Source, context: FeedContext): Feed {
  const { everySeconds, maxBytes, name, regions, timeoutSeconds, token, windowSeconds } = source;
  return {
    ...{ name, everySeconds },
    async ask(nowSeconds, signal) {
      const secret = token && tokenOf(token, name, context);
      if (secret && !secret.ok) return { facts: [], failures: [secret.failure] };
      const headers: Record<string, string> = secret ? { Authorization: `Bearer ${secret.value}` } : {};
      const ask = async (query: string, about: string): Promise<Got<readonly Sampled[]>> => {
        const url = `${source.url.replace(/\/$/, "")}/api/v1/query?${new URLSearchParams({ query })}`;
        const asked = {
          url,
          headers,
          type: "json",
          about,
          maxBytes,
          timeoutSeconds,
          alsoStatuses: [400, 422],
        } as const;
        const fetched = await fetchText(asked, signal, nowSeconds);
        return fetched.ok ? sampled(fetched.value, about) : fetched;
      };
      return askEach(regions, async ({ busyAboveWatts, region, selector }) => {
        const energy = await ask(`${ENERGY}{${selector}}[${Math.round(windowSeconds)}s]`, region);
        if (!energy.ok) return energy;
        const power = await ask(`${POWER}{${selector}}`, region);
        if (!power.ok) return power;
        return busyPower({ region, busyAboveWatts }, energy.value, power.value, { name, nowSeconds });
      });
    },
  };
}

interface Sampled {
  /** Of a GPU: parts of one (MIG) all say the same. */
  readonly gpu: string;
  readonly samples: readonly (readonly [seconds: number, value: number])[];
}

/** Of a vector or a matrix. */
function sampled(text: string, about: string): Got<readonly Sampled[]> {
  const parsed = jsonOf(text, about);
  if (!parsed.ok) return parsed;
  const bad = (message: string) =>
    failed("bad-answer", about, message, "is it Prometheus, and the selector right?");
  if (valueAtPath(parsed.value, "status") !== "success") {
    return bad(saidText(valueAtPath(parsed.value, "error")) || "no success");
  }
  const result = valueAtPath(parsed.value, "data.result");
  if (!Array.isArray(result)) return bad("it has no result");
  return got(
    result.map((each: unknown): Sampled => {
      const label = (name: string) => wordOf(valueAtPath(each, `metric.${name}`));
      const gpu = label("UUID") || `${label("Hostname")}/${label("gpu")}`;
      const one = valueAtPath(each, "value");
      const many = valueAtPath(each, "values");
      const pairs: readonly unknown[] = Array.isArray(many) ? many : [one];
      return { gpu, samples: pairs.flatMap(sampleOf) };
    }),
  );
}

function sampleOf(pair: unknown): (readonly [number, number])[] {
  if (!Array.isArray(pair) || typeof pair[0] !== "number" || typeof pair[1] !== "string") return [];
  const value = Number(pair[1]);
  const isBlank = value >= LEAST_BLANK_FLOAT || (value >= BLANK_32 && value < BLANK_32 + BLANKS_32);
  return Number.isFinite(value) && value >= 0 && !isBlank ? [[pair[0], value]] : [];
}

function busyPower(
  { busyAboveWatts, region }: Pick<Region, "busyAboveWatts" | "region">,
  energy: readonly Sampled[],
  power: readonly Sampled[],
  { name, nowSeconds }: { readonly name: string; readonly nowSeconds: number },
): Got<readonly InputFact[]> {
  const watts = new Map<string, number>();
  for (const { gpu, samples } of power) if (samples.length > 0) watts.set(gpu, samples.at(-1)![1]);
  for (const { gpu, samples } of energy) {
    const counted = countedWatts(samples);
    if (counted !== undefined) watts.set(gpu, counted);
  }
  const known = [...watts.values()].filter((value) => value > 0 && value <= MOST_WATTS);
  if (known.length === 0)
    return failed(
      "no-data",
      region,
      "no GPU says what it draws",
      "is the selector right, and does the exporter run?",
    );
  const busy = known.filter((value) => value >= busyAboveWatts);
  if (busy.length === 0) return got([]);
  const busyWatts = Math.round(busy.reduce((sum, value) => sum + value, 0) / busy.length);
  return got([{ kind: "power-changed", region, source: name, observedAtSeconds: nowSeconds, busyWatts }]);
}

/** Mean power over the intervals in which the counter did not begin anew; undefined where there is none. */
function countedWatts(samples: Sampled["samples"]): number | undefined {
  let [seconds, millijoules] = [0, 0];
  for (const [i, [at, value]] of samples.entries()) {
    const before = samples[i - 1];
    if (!before || value < before[1] || at <= before[0]) continue;
    seconds += at - before[0];
    millijoules += value - before[1];
  }
  return seconds > 0 ? millijoules / MILLIJOULES_PER_JOULE / seconds : undefined;
}
