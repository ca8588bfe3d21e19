// A region's cluster as checks talk to it: by the executor's own runner, which knows no shell.
import type { SlurmSettings } from "@bace-pipe/core";
import { lastLine, type Ran, type Run } from "@bace-pipe/server/slurm";

export interface Cluster {
  readonly settings: SlurmSettings;
  readonly run: Run;
  /** For sentences: where its commands are run. */
  readonly where: string;
  /** One of Slurm's commands, with the environment that the service gives it. */
  slurm(...words: string[]): Promise<Ran>;
}

export function clusterOf(settings: SlurmSettings, run: Run): Cluster {
  const { configurationFile, host } = settings;
  const environment = configurationFile === undefined ? [] : [`SLURM_CONF=${configurationFile}`];
  return {
    ...{ settings, run, where: host ?? "this machine" },
    // UTC: when sbatch says that a job would start
    slurm: (...words) => run({ words: ["env", "LC_ALL=C", "TZ=UTC", ...environment, ...words] }),
  };
}

/** Standard output where a command did what it was to do. */
export function outputOf(ran: Ran): string | undefined {
  return ran.kind === "ended" && ran.exitCode === 0 ? ran.stdout : undefined;
}

/** Why it did not, in one line. */
export function whyNot(ran: Ran): string {
  if (ran.kind === "no-answer") return ran.reason;
  return lastLine(ran.stderr) || lastLine(ran.stdout) || `exit code ${ran.exitCode}`;
}
