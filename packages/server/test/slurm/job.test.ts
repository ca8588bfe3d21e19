// What a launch asks of Slurm, by how many ranks it has and how many GPUs a node has.
import type { Plan, SlurmSettings } from "@bace-pipe/core";
import { expect, test, vi } from "vitest";
import { launchFiles, submitOptions } from "../../src/executors/slurm/job.ts";

const artifactOf = (ranks: number) => ({
  region: "east",
  commandPrefix: ["ip", "netns", "exec", "far"],
  plan: {
    ...{ version: 1, checkpoint: null },
    ranks: [...Array(ranks).fill({ region: "east" }), { region: "west" }],
  } as unknown as Plan,
});
const USUAL: SlurmSettings = {
  ...{ folder: "/s", python: "python3", gpuGres: "gpu:h100", gpusPerNode: 4, extraOptions: [] },
};
/** Of the options those about size. */
const sizeOf = (ranks: number, over: Partial<SlurmSettings> = {}) =>
  submitOptions("a.1.east", artifactOf(ranks), { ...USUAL, ...over }, "/s/launches/a.1.east").filter((word) =>
    /^--(?:nodes|ntasks|gres|gpus|cpus|distribution)/.test(word),
  );
const commandOf = (ranks: number) =>
  launchFiles(artifactOf(ranks), USUAL, "/s/w.zip", "/s/launches/a.1.east", 0)["command"]!.trim().split("\n");

test("ranks that fit a node are one task with all their GPUs", () => {
  const one = ["--nodes=1", "--ntasks=1", "--gres=gpu:h100:4", "--cpus-per-task=32"];
  expect(sizeOf(4, { cpusPerGpu: 8 })).toEqual(one);
  expect(commandOf(4).slice(0, 5)).toEqual(["ip", "netns", "exec", "far", "python3"]);
  expect(commandOf(4)).not.toContain("--steps");
});

test("more are a task each on as few nodes as will do, and their prefix is for the ranks", () => {
  const several = ["--nodes=2-5", "--ntasks=5", "--distribution=block", "--gpus-per-task=h100:1"];
  expect(sizeOf(5)).toEqual(several);
  expect(sizeOf(9, { gpuGres: "gpu", cpusPerGpu: 8 })).toEqual([
    ...["--nodes=3-9", "--ntasks=9", "--distribution=block", "--gpus-per-task=1", "--cpus-per-task=8"],
  ]);
  expect(commandOf(5)[0]).toBe("python3");
  const words = ["ip", "netns", "exec", "far"].map((word) => `--rank-prefix=${word}`);
  expect(commandOf(5).slice(-5)).toEqual(["--steps", ...words]);
});

test("where Slurm does not count GPUs, as many tasks are on a node as it has of them", () => {
  expect(sizeOf(5, { gpuGres: "none" })).toEqual([
    ...["--nodes=2-5", "--ntasks=5", "--distribution=block", "--ntasks-per-node=4"],
  ]);
});

test("without a node's size all is on one", () => {
  const { gpusPerNode, ...unsaid } = USUAL;
  const words = submitOptions("a.1.east", artifactOf(100), unsaid, "/s");
  expect(words).toEqual(expect.arrayContaining(["--nodes=1", "--gres=gpu:h100:100"]));
});

test("what loggers are set up with goes along in a file, and nothing else of the service's environment", () => {
  const files = () => launchFiles(artifactOf(1), USUAL, "/s/w.zip", "/s/launches/a.1.east", 0);
  for (const name of ["WANDB_API_KEY", "TENSORBOARD_LOGDIR", "PGPASSWORD", "NOT_WANDB_KEY"])
    vi.stubEnv(name, "$(id) x");
  vi.stubEnv("WANDB_NOTES", "two\nlines");
  const { environment, ...others } = files();
  vi.unstubAllEnvs();
  expect(environment).toBe("TENSORBOARD_LOGDIR=$(id) x\nWANDB_API_KEY=$(id) x\n");
  expect(JSON.stringify(others)).not.toContain("$(id)");
  expect(files()).not.toHaveProperty("environment");
});
