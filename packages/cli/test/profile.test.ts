// `bace profile` on the smallest of models, and what other commands do with the file; `bace profile links` on one machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Profile, parseProfile } from "@bace-pipe/core/spec";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { gpuNameOf } from "../src/profile/gpu-name.ts";
import { workerPython } from "../src/service/python.ts";
import { bace, ROOT, recordingIo } from "./support/recorder.ts";

const JOB = `name: tiny
model: {hiddenSize: 16, layers: 2, attentionHeads: 2, keyValueHeads: 1, feedForwardSize: 32, vocabularySize: 256}
sequenceLength: 16
microbatchSize: 2
microbatches: 4
iterations: 10
`;
const SCENARIO = `version: 1
name: here
gpuTypes:
  cpu: {peakFlopsPerSecond: 80 GFLOP/s, memoryBytes: 8 GB, busyWatts: 10, idleWatts: 1}
regions:
  - {name: a, gpuType: cpu, gpus: 2, priceUsdPerKwh: 0.1}
jobs:
  - ${JOB.replaceAll("\n", "\n    ")}profile: tiny-profile.yaml
`;
const QUICK = ["--time-limit", "0.5", "--layers-together", "1", "--relative-error", "1e9"];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-profile-"));
  writeFileSync(join(folder, "job.yaml"), JOB);
  writeFileSync(join(folder, "scenario.yaml"), SCENARIO);
});
afterAll(() => rmSync(folder, { recursive: true }));

const profile = (...args: string[]) => bace(["profile", ...args], { folder });

describe("bace profile", () => {
  test("measures a job's model on this machine; a job that names the file then takes these times", async () => {
    const { err, exitCode, out } = await profile("job.yaml", ...QUICK, "-o", "tiny-profile.yaml");
    expect([exitCode, out === ""]).toEqual([0, false]);
    expect(err).toMatch(/^measuring an empty stage\nmeasuring the embedding\nmeasuring layers, 1 as one\n/);
    expect(err).toContain('jobs with `profile: tiny-profile.yaml` take these times on GPU type "cpu"');
    expect(out).toMatch(
      /by matrix products, as GPU type "cpu"; micro-batches of 2 sequences of 16 tokens in float32/,
    );
    for (const row of ["embedding", "a layer", "head, loss", "whole, 2 layers"])
      expect(out).toMatch(new RegExp(`^${row}  .*s  .*B`, "m"));

    const text = readFileSync(join(folder, "tiny-profile.yaml"), "utf8");
    const parsed = parseProfile(text, "tiny-profile.yaml");
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
    const { boundaryBytes, head, layer, layersTogether, measuredAt, ...measured } = parsed.value;
    expect(measured).toMatchObject({ gpu: "cpu", sequenceLength: 16, microbatchSize: 2, dtype: "float32" });
    expect([boundaryBytes, layersTogether]).toEqual([2 * 16 * 16 * 4, 1]);
    expect(Date.parse(measuredAt)).toBeGreaterThan(0);
    for (const seconds of [
      layer.forwardSeconds,
      layer.backwardSeconds,
      layer.inputGradSeconds,
      head.backwardSeconds,
    ])
      expect(seconds).toBeGreaterThan(0);

    const simulated = await bace(["simulate", "scenario.yaml", "-p", "bace", "-o", "json"], { folder });
    expect(simulated.err).toBe("");
    const { jobs } = JSON.parse(simulated.out).policies.bace;
    const backwardSeconds = Math.min(layer.backwardSeconds, layer.inputGradSeconds + layer.weightGradSeconds);
    // ten iterations of four micro-batches, and no GPU has less than a layer
    expect(jobs[0].jctSeconds).toBeGreaterThan(10 * 4 * (layer.forwardSeconds + backwardSeconds));
  }, 120_000);

  describe("leaves a file that", () => {
    let known: string;
    const changed = (from: string, to: string) =>
      writeFileSync(join(folder, "tiny-profile.yaml"), known.replace(from, to));
    beforeAll(() => {
      known = readFileSync(join(folder, "tiny-profile.yaml"), "utf8");
    });

    test("is refused where it is of another micro-batch, with what differs", async () => {
      changed("microbatchSize: 2", "microbatchSize: 3");
      const { err, exitCode } = await bace(["simulate", "scenario.yaml"], { folder });
      expect(exitCode).toBe(2);
      expect(err).toContain("error[profile-mismatch]: tiny-profile.yaml is a profile of another training");
      expect(err).toContain("microbatchSize 3, not 2");
      expect(err).toMatch(/scenario\.yaml:\d+:\d+ \(jobs\[0\]\.profile\)/);
    });

    test("is refused where a field of it is wrong, and its line is shown", async () => {
      changed("version: 1\n", "version: 1\nversoin: 1\n");
      const { err, exitCode } = await bace(["simulate", "scenario.yaml"], { folder });
      expect(exitCode).toBe(2);
      expect(err).toContain("--> tiny-profile.yaml:2:1 (versoin)\n  |\n2 | versoin: 1\n");
      expect(err).toContain('did you mean "version"?');
    });

    test("does not serve to tune a job", async () => {
      changed("", "");
      writeFileSync(join(folder, "with.yaml"), `${JOB}profile: tiny-profile.yaml\n`);
      const { err, exitCode } = await bace(
        ["tune", "--fleet", "scenario.yaml", "--job", "with.yaml", "--regions", "a", "--gpus", "2"],
        { folder },
      );
      expect([exitCode, err]).toEqual([2, expect.stringContaining("error[job-with-profile]")]);
    });
  });

  test.each([
    [
      "an unknown model",
      ["tiny-bite", "--sequence-length", "16"],
      "unknown-model",
      'did you mean "tiny-byte"?',
    ],
    [
      "a model that the worker cannot build",
      ["gpt-3-175b", "--sequence-length", "16"],
      "unknown-model",
      "SwiGLU",
    ],
    ["a preset without a length", ["tiny-byte"], "sequence-length-missing", "--sequence-length"],
    ["a file that is not there", ["none.yaml"], "file-not-found", "none.yaml"],
    ["a folder that is not there", ["job.yaml", "-o", "none/p.yaml"], "folder-not-found", "none"],
    [
      "a job that is not in the file",
      ["job.yaml", "--job-name", "tyni"],
      "unknown-job",
      'did you mean "tiny"?',
    ],
  ])("is told about %s before anything is measured", async (_, args, code, hint) => {
    const { err, exitCode, out } = await profile(...args);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toContain(`error[${code}]: `);
    expect(err).toContain(hint);
  });

  test("is told to set up Python where there is none with PyTorch", async () => {
    const none = await profile("job.yaml", "--python", "/nowhere/python3");
    expect([none.exitCode, none.out]).toEqual([1, ""]);
    expect(none.err).toContain("error[no-python]: cannot run /nowhere/python3");
    const bare = await profile("job.yaml", "--python", fake("bare-python", 'echo "torch numpy"'));
    expect(bare.err).toMatch(/error\[no-python\]: .*bare-python lacks torch numpy/);
    expect(bare.err).toContain("node scripts/setup.mjs");
  });

  test("says what the worker says where it refuses or fails", async () => {
    const refusing = fake(
      "refusing",
      '[ "$1" = -c ] || { echo "bace_worker profile: no such device" >&2; exit 1; }',
    );
    const refused = await profile("job.yaml", "--python", refusing);
    expect([refused.exitCode, refused.err]).toEqual([
      2,
      expect.stringContaining("error[worker-refused]: no such device"),
    ]);
    const failing = fake("failing", '[ "$1" = -c ] || { echo "Traceback: oh" >&2; exit 70; }');
    const failed = await profile("job.yaml", "--python", failing);
    expect([failed.exitCode, failed.err]).toEqual([
      1,
      expect.stringContaining("the worker ended with exit code 70"),
    ]);
    expect(failed.err).toContain("Traceback: oh");
    const killed = await profile("job.yaml", "--python", fake("killed", '[ "$1" = -c ] || kill -9 $$'));
    expect(killed.err).toContain("ended with SIGKILL");
    expect(killed.err).toContain("--layers-together");
  });

  test("a GPU goes under the known type that its name contains", () => {
    const named = (name: string, device: Profile["machine"]["device"] = "cuda") =>
      gpuNameOf({ device, name, pytorch: "2", matmulFlopsPerSecond: 1 });
    expect(named("NVIDIA H200")).toBe("H200");
    expect(named("NVIDIA H100 80GB HBM3")).toBe("H100");
    expect(named("NVIDIA GH200 480GB")).toBe("NVIDIA GH200 480GB");
    expect(named("some CPU", "cpu")).toBe("cpu");
  });
});

describe("bace profile links", () => {
  const rate = (direction: "out" | "back", streams: number, bufferBytes: number | null, goodput: number) => ({
    ...{ direction, streams, bufferBytes },
    goodputBitsPerSecond: goodput,
  });
  const PROBE = {
    roundTripSeconds: 0.25,
    chunkBytes: 1_048_576,
    results: [
      rate("out", 1, null, 56e7),
      rate("out", 2, null, 1.1e9),
      rate("out", 1, 16e6, 2.2e9),
      rate("out", 2, 16e6, 2.1e9),
      rate("back", 1, null, 3e8),
      rate("back", 2, null, 3.02e8),
      rate("back", 1, 16e6, 3.1e8),
      rate("back", 2, 16e6, 3e8),
    ],
    chosen: { out: { defaultWindows: 2, largeWindows: 1 }, back: { defaultWindows: 1, largeWindows: 1 } },
  };
  const worker = () =>
    fake("prober", `[ "$1" = -c ] || { echo "$@" >> "$0.asked"; echo '${JSON.stringify(PROBE)}'; }`);
  const links = (...args: string[]) => profile("links", "--from", "a", "--key", "k", ...args);

  test("writes entries for a fleet, of both directions, and says what it has measured", async () => {
    const python = worker();
    const { err, exitCode, out } = await links("--to", "b=10.0.0.7", "c=[fd00::1]:9000", "--python", python);
    expect(exitCode).toBe(0);
    const away = { bandwidthBitsPerSecond: 1.1e9, latencySeconds: 0.125, streams: 2 };
    const back = { bandwidthBitsPerSecond: 3e8, latencySeconds: 0.125, streams: 1 };
    expect(parse(out)).toEqual({
      links: [
        { from: "a", to: "b", ...away },
        { from: "b", to: "a", ...back },
        { from: "a", to: "c", ...away },
        { from: "c", to: "a", ...back },
      ],
    });
    expect(err).toContain("a ↔ b: round trip 250 ms\n");
    expect(err).toMatch(/^ +1 +560 Mbit\/s +300 Mbit\/s +2\.2 Gbit\/s +310 Mbit\/s +back$/m);
    expect(err).toMatch(/^ +2 +1\.1 Gbit\/s +302 Mbit\/s +2\.1 Gbit\/s +300 Mbit\/s +out$/m);
    const asked = readFileSync(`${python}.asked`, "utf8").trim().split("\n");
    expect(asked).toEqual(
      ["10.0.0.7:7421", "[fd00::1]:9000"].map(
        (to) => `-m bace_worker probe --to ${to} --key k --streams 1,2,4,8,16 --seconds 2`,
      ),
    );
  });

  test("a fleet takes what it writes", async () => {
    expect((await links("--to", "b=10.0.0.7", "--python", worker(), "-o", "links.yaml")).out).toBe("");
    const fleet = SCENARIO.slice(0, SCENARIO.indexOf("jobs:"))
      .replace("  - {name: a", "  - {name: b, gpuType: cpu, gpus: 2, priceUsdPerKwh: 0.1}\n  - {name: a")
      .concat(
        readFileSync(join(folder, "links.yaml"), "utf8"),
        `jobs:\n  - ${JOB.replaceAll("\n", "\n    ")}`,
      );
    const { err, exitCode } = await bace(["simulate", "-", "-p", "bace"], { input: fleet, folder });
    expect([exitCode, err]).toEqual([0, ""]);
  });

  test("measures with the worker", async () => {
    const python = workerPython(undefined, recordingIo({}).io);
    const address = "127.0.0.1:0";
    const listener = spawn(python, ["-m", "bace_worker", "probe", "--listen", address, "--key", "k"], {
      cwd: join(ROOT, "worker"),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(listener, "exit");
    const [said] = (await once(createInterface({ input: listener.stdout }), "line")) as [string];
    const to = `b=${JSON.parse(said).listening}`;
    const { err, exitCode, out } = await links("--to", to, "--streams", "1", "--seconds", "0.1");
    expect([exitCode, err]).toEqual([0, expect.stringContaining("a ↔ b: round trip ")]);
    const entries = parse(out).links;
    expect(entries).toMatchObject([
      { from: "a", to: "b", streams: 1 },
      { from: "b", to: "a", streams: 1 },
    ]);
    for (const { bandwidthBitsPerSecond } of entries) expect(bandwidthBitsPerSecond).toBeGreaterThan(0);
    expect(await ended).toEqual([0, null]);
  }, 120_000);

  test("says that nobody listens", async () => {
    const { err, exitCode } = await links("--to", "b=127.0.0.1:9");
    expect([exitCode, err]).toEqual([1, expect.stringContaining("error[peer-lost]: the other machine: ")]);
    expect(err).toContain("look whether it listens there");
  }, 60_000);

  test.each([
    ["no region", ["--to", "10.0.0.7"], "Give a region and a host"],
    ["no such port", ["--to", "b=10.0.0.7:70000"], "Give a region and a host"],
    ["no streams", ["--to", "b=10.0.0.7", "--streams", "0"], "Give whole numbers from 1 to 64"],
  ])("refuses %s", async (_, args, hint) => {
    const { err, exitCode } = await links(...args);
    expect([exitCode, err]).toEqual([2, expect.stringContaining(hint)]);
  });
});

/** A Python that is a shell script. */
function fake(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
