// A cluster's nodes by slurmrestd, in the words that sinfo has for them (nodes.ts): a state and its flags are one word there,
// and times are texts. Left out: partitions that the daemon's account may not see.
import { z } from "zod";
import type { ClusterNode } from "./nodes.ts";
import { complaints, got } from "./rest-answer.ts";
import type { AskRest } from "./rest-client.ts";

const nodesAnswer = complaints.extend({
  nodes: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      state_flags: z.array(z.string()),
      gres: z.string().nullish(),
      features: z.string().nullish(),
      partitions: z.array(z.string()).nullish(),
      reason: z.string().nullish(),
    }),
  ),
});
const partitionsAnswer = complaints.extend({
  partitions: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      flags: z.array(z.string()),
      max_time_limit: z.number().nullish(),
      default_time_limit: z.number().nullish(),
    }),
  ),
});

/** One line per partition and node, as sinfo has them. Rejects where the daemon does not say all of it. */
export async function nodesByRest(ask: AskRest): Promise<ClusterNode[]> {
  const { nodes } = await got(ask, "nodes", nodesAnswer);
  const { partitions } = await got(ask, "partitions", partitionsAnswer);
  return partitions.flatMap(({ default_time_limit, flags, max_time_limit, name: partition, state }) =>
    nodes
      .filter((node) => node.partitions?.includes(partition))
      .map(({ features, gres, name, reason, state: word, state_flags }) => ({
        ...{ partition, isDefault: flags.includes("default"), name, state: stateOf(word, state_flags) },
        ...{
          gres: gres || "(null)",
          features: features ? features.split(",") : [],
          reason: reason || "none",
        },
        timeLimit: minutesOf(max_time_limit) ?? "infinite",
        defaultTime: minutesOf(default_time_limit) ?? "n/a",
        availability: state.toLowerCase(),
      })),
  );
}

/** sinfo's word; a flag that nobody here knows takes no node away. */
function stateOf(state: string, flags: readonly string[]): string {
  const has = (flag: string) => flags.includes(flag);
  const word = state.toLowerCase();
  const silent = has("NOT_RESPONDING") ? "*" : "";
  if (has("INVALID_REG")) return `inval${silent}`;
  if (has("DRAIN")) return `${/^(?:allocated|mixed)$/.test(word) ? "draining" : "drained"}${silent}`;
  if (has("FAIL")) return `fail${silent}`;
  // Down comes before a maintenance that goes on there.
  if (has("MAINTENANCE") && word !== "down") return `maint${silent}`;
  return `${word}${silent}`;
}

/** Slurm's own for no limit is beyond all that a time can be. */
function minutesOf(minutes: number | null | undefined): string | undefined {
  return minutes === null || minutes === undefined || minutes < 0 || minutes >= 0xfffffffe
    ? undefined
    : String(minutes);
}
