// Slurm's REST daemon for a test's cluster, on a Unix socket. It does not want to be root; a test that is has to say so.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { type TestClusters, whyNoSlurm } from "./slurm.ts";

export const whyNoSlurmrestd: string | undefined =
  whyNoSlurm ??
  (spawnSync("slurmrestd", ["-V"]).error ? "there is no `slurmrestd`: install slurmrestd" : undefined);

export interface TestSlurmrestd {
  readonly socket: string;
  stop(): Promise<void>;
}

export async function startSlurmrestd(clusters: TestClusters, cluster: string): Promise<TestSlurmrestd> {
  const socket = join(clusters.folder, `${cluster}-rest.socket`);
  rmSync(socket, { force: true });
  const words = ["-a", "rest_auth/local", "-s", "openapi/v0.0.38", `unix:${socket}`];
  const daemon = spawn("slurmrestd", words, {
    stdio: "ignore",
    env: {
      ...process.env,
      ...{ SLURM_CONF: clusters.configurationOf(cluster), SLURMRESTD_SECURITY: "disable_user_check" },
    },
  });
  await vi.waitFor(
    () => {
      if (!existsSync(socket)) throw new Error("slurmrestd has not come up");
    },
    { timeout: 20_000, interval: 100 },
  );
  return {
    socket,
    async stop() {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return;
      daemon.kill("SIGKILL");
      await once(daemon, "exit");
    },
  };
}
