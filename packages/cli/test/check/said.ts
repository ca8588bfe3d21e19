// A cluster that says what a test wants it to say, and findings as lines.
import type { Region, SlurmSettings } from "@bace-pipe/core";
import type { Ran, Run } from "@bace-pipe/server/slurm";
import type { Finding } from "../../src/check/finding.ts";
import { clusterOf } from "../../src/check/slurm/cluster.ts";

export const SETTINGS: SlurmSettings = {
  ...{ folder: "/shared/bace", host: "login", python: "python3", gpuGres: "gpu:h100", extraOptions: [] },
};
export const said = (stdout = "", exitCode = 0, stderr = ""): Ran => ({
  kind: "ended",
  exitCode,
  stdout,
  stderr,
});
export const silent = (reason: string): Ran => ({ kind: "no-answer", reason });
/** Answers by program; what has none succeeds and says nothing. */
export const cluster = (
  answers: Readonly<Record<string, Ran | ((words: readonly string[]) => Ran)>>,
  over = {},
) => {
  const run: Run = async ({ words: all }) => {
    const start = all[0] === "env" ? all.findIndex((word, i) => i > 0 && !word.includes("=")) : 0;
    const answer = answers[all[start]!] ?? said();
    return typeof answer === "function" ? answer(all) : answer;
  };
  return clusterOf({ ...SETTINGS, ...over }, run);
};
export const line = ({ finding, level, mend }: Finding) => `${level}: ${finding}${mend ? ` — ${mend}` : ""}`;
export const REGION = {
  ...{ name: "east", gpus: 8, slurm: SETTINGS },
  gpuType: { name: "H100", memoryBytes: 80e9 },
} as unknown as Region;
