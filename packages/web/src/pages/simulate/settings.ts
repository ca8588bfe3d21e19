// Policies, seed and time model, as an address and a command line say them.
import { isPolicyName, TIME_MODELS } from "@bace-pipe/core";
import { DEFAULT_POLICIES } from "@bace-pipe/core/shell";
import type { Settings } from "./request.ts";

/** What an address says; the command line's presets where it says nothing, or what there is not. */
export function settingsOf(query: URLSearchParams): Settings {
  const named = (query.get("policy") ?? "").split(",").filter(isPolicyName);
  const seed = query.get("seed") ?? "";
  const timeModel = TIME_MODELS.find((model) => model === query.get("time-model"));
  return {
    policies: named.length > 0 ? [...new Set(named)] : DEFAULT_POLICIES,
    seed: isSeed(seed) ? Number(seed) : 1,
    timeModel,
  };
}

/** As the command line takes it. */
export function isSeed(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

export function queryOf({ policies, seed, timeModel }: Settings): Readonly<Record<string, string>> {
  return {
    policy: policies.join(","),
    seed: String(seed),
    ...(timeModel === undefined ? {} : { "time-model": timeModel }),
  };
}

export function commandOf(file: string, { policies, seed, timeModel }: Settings): string {
  const model = timeModel === undefined ? "" : ` --time-model ${timeModel}`;
  const name = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
  return `bace simulate ${name} --policy ${policies.join(",")} --seed ${seed}${model}`;
}
