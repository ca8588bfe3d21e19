// `bace logs`: of a service that says what the test wants, and of a real one whose worker trains with PyTorch.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobLogs } from "@bace-pipe/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { main } from "../src/main.ts";
import { plainText } from "../src/render/plain-text.ts";
import { fakeService } from "./support/fake-service.ts";
import { bace, recordingIo } from "./support/recorder.ts";
import { jobView } from "./support/views.ts";

const BACE = fileURLToPath(new URL("../bin/bace.mjs", import.meta.url));
const file = (name: string, text: string, skippedBytes = 0) => {
  const rank = name.startsWith("rank-") ? Number(name.slice(5)) : null;
  return { name, rank, text, skippedBytes };
};
const region = (name: string, ...files: JobLogs["regions"][number]["files"]) => ({
  ...{ region: name, problem: null as string | null },
  files,
});
const LOGS: JobLogs = {
  ...{ jobId: "wide", phase: "running", epoch: 1, epochs: 1, isOver: false, next: "1~a" },
  regions: [
    region("east", file("rank-0", "one\ntwo\n"), file("supervisor", "")),
    region("west", file("rank-1", "b\n")),
  ],
};

async function ask(answers: Readonly<Record<string, object>>, args: readonly string[]) {
  const { asked, url } = await fakeService(answers);
  return { ...(await bace(["logs", "wide", ...args, "--server", url])), asked };
}

test("each line is behind its region and rank; what a terminal would obey is left out", async () => {
  const regions = [
    region("east", file("rank-0", "\u001b[31mred\u001b[0m\tx\r\nbell\u0007\n", 12)),
    LOGS.regions[1]!,
  ];
  const { err, exitCode, out } = await ask({ "GET /v1/jobs/wide/logs": { ...LOGS, regions } }, []);
  expect(out).toBe("east rank 0 | red\tx\neast rank 0 | bell\nwest rank 1 | b\n");
  expect(err).toBe("east rank-0: 12 bytes before this are left out\n");
  expect(exitCode).toBe(0);
  expect(plainText("a\u009b31mb\u202e\u001b]0;title\u0007c")).toBe("abc");
});

test("--region, --epoch and --tail", async () => {
  const route = "GET /v1/jobs/wide/logs?epoch=1&region=east&bytes=1048576";
  const answers = { [route]: { ...LOGS, regions: LOGS.regions.slice(0, 1) } };
  const { asked, out } = await ask(answers, ["--region", "east", "--epoch", "1", "--tail", "1"]);
  expect([asked, out]).toEqual([[route], "two\n"]);
  expect((await ask(answers, ["--tail", "none"])).exitCode).toBe(2);
});

test("regions that do not answer are said, and the others shown; JSON is the API's own", async () => {
  const regions = [{ ...region("east"), problem: "no answer" }, LOGS.regions[1]!];
  const answers = { "GET /v1/jobs/wide/logs": { ...LOGS, regions } };
  const { err, out } = await ask(answers, []);
  expect([err, out]).toEqual(["east: its logs are not here: no answer\n", "west rank 1 | b\n"]);
  expect(JSON.parse((await ask(answers, ["-o", "json"])).out)).toEqual({ ...LOGS, regions });
});

test("a name that is not known; did you mean", async () => {
  const { err, exitCode } = await ask({ "GET /v1/jobs": { jobs: [jobView({ id: "wife" })] } }, []);
  expect([exitCode, err]).toEqual([
    2,
    'error[unknown-job]: there is no job "wide"\n  = help: did you mean "wife"?\n',
  ]);
});

test("-f prints what is new, goes over to the next epoch, and ends with the job", async () => {
  const east = (text: string) => [region("east", file("rank-0", text))];
  const bytes = "bytes=1048576";
  const { asked, exitCode, out } = await ask(
    {
      "GET /v1/jobs/wide/logs": { ...LOGS, regions: east("one\n") },
      [`GET /v1/jobs/wide/logs?${bytes}&after=1%7Ea`]: {
        ...LOGS,
        regions: east("two\n"),
        isOver: true,
        epochs: 2,
      },
      [`GET /v1/jobs/wide/logs?epoch=2&${bytes}`]: {
        ...{ ...LOGS, epoch: 2, epochs: 2, phase: "ended", isOver: true },
        regions: east("three\n"),
      },
    },
    ["-f"],
  );
  expect([exitCode, out]).toEqual([0, "one\ntwo\nthree\n"]);
  expect(asked).toHaveLength(3);
});

test("-f leaves out no epoch that came and went between two answers", async () => {
  const over = { ...LOGS, epochs: 2, phase: "ended" as const, isOver: true };
  const { out } = await ask(
    {
      "GET /v1/jobs/wide/logs": { ...LOGS, regions: [region("east", file("rank-0", "one\n"))] },
      "GET /v1/jobs/wide/logs?bytes=1048576&after=1%7Ea": { ...over, regions: [] },
      "GET /v1/jobs/wide/logs?epoch=2&bytes=1048576": {
        ...{ ...over, epoch: 2 },
        regions: [region("east", file("rank-0", "two\n"))],
      },
    },
    ["-f"],
  );
  expect(out).toBe("one\ntwo\n");
});

test("Ctrl-C ends following with exit code 0, and says that the job goes on", async () => {
  const { url } = await fakeService({
    "GET /v1/jobs/wide/logs": LOGS,
    "GET /v1/jobs/wide/logs?bytes=1048576&after=1%7Ea": { ...LOGS, regions: [] },
  });
  const { io, recorded } = recordingIo();
  let interrupt = () => {};
  const done = main(["logs", "wide", "-f", "--server", url], {
    ...io,
    onInterrupt: (callback) => {
      interrupt = callback;
      return () => undefined;
    },
  });
  await vi.waitFor(() => expect(recorded.out).toContain("west rank 1 | b\n"));
  interrupt();
  expect(await done).toBe(0);
  expect(recorded.err).toBe("wide goes on; `bace logs wide -f` follows it again\n");
});

/** A region of two emulated GPUs. */
const FLEET = `version: 1
name: one-region
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
  - {name: east, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.1}
`;
const JOB = `name: wide
model: tiny-byte
efficiency: 0.4
sequenceLength: 64
microbatchSize: 2
microbatches: 2
iterations: 4
minGpus: 2
maxGpus: 2
training: {learningRate: 3e-3, data: {paths: [text.md]}}
`;

test("a real job is followed to its end, rank by rank", { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "bace-logs-"));
  writeFileSync(join(folder, "fleet.yaml"), FLEET);
  writeFileSync(join(folder, "job.yaml"), JOB);
  writeFileSync(join(folder, "text.md"), "All happy pipelines are alike.\n".repeat(300));
  const state = join(folder, "state");
  const up = [BACE, "up", "--state", state, "--fleet", join(folder, "fleet.yaml")];
  const service = spawn(process.execPath, up, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    const ended = once(service, "exit");
    service.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await once(service.stdout, "data");
  expect((await bace(["submit", join(folder, "job.yaml"), "--state", state])).exitCode).toBe(0);
  const followed = await bace(["logs", "wide", "-f", "--state", state]);
  expect(followed.exitCode).toBe(0);
  for (const rank of [0, 1])
    expect(followed.out).toMatch(new RegExp(`^rank ${rank} \\| .*rank ${rank}: `, "m"));
  const whole = await bace(["logs", "wide", "--state", state, "-o", "json"]);
  const { isOver, phase, regions } = JSON.parse(whole.out) as JobLogs;
  expect([isOver, phase]).toEqual([true, "ended"]);
  const lines = regions[0]!.files.flatMap(({ text }) => text.split("\n").filter((line) => line !== ""));
  expect(followed.out.trimEnd().split("\n")).toHaveLength(lines.length);
});
