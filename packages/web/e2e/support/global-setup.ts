// The service that all tests look at, with a job of each kind: one that has finished, two that run (one over several regions),
// one that waits.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { cancelAll, submit, untilJob } from "./jobs.ts";
import { endService, startService, type Where } from "./service.ts";

declare module "vitest" {
  interface ProvidedContext {
    where: Where;
  }
}

let where: Where;

export async function setup(project: TestProject): Promise<void> {
  where = await startService(mkdtempSync(join(tmpdir(), "bace-browser-")));
  project.provide("where", where);
  await submit(where, { name: "done", gpus: 2, iterations: 3 });
  await submit(where, { name: "across", gpus: 4, tenant: "night-shift" });
  await untilJob(where, "done", ({ phase }) => phase === "ended");
  await submit(where, { name: "pair", gpus: 2, tenant: "compilers" });
  await untilJob(where, "pair", ({ phase }) => phase === "starting" || phase === "running");
  await submit(where, { name: "waiting", gpus: 4 });
  await untilJob(where, "across", ({ step }) => step > 0);
}

export async function teardown(): Promise<void> {
  await cancelAll(where);
  await endService(where.folder, "SIGTERM");
  rmSync(where.folder, { recursive: true });
}
