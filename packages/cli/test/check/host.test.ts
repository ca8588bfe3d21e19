// Findings of `bace check` about what hosts say of themselves and of one another.

import type { Fleet } from "@bace-pipe/core";
import type { Ran } from "@bace-pipe/server/slurm";
import { describe, expect, test } from "vitest";
import type { Place } from "../../src/check/facts.ts";
import { controlFinding, gpuFinding, noHost, pythonFindings, roomFinding } from "../../src/check/facts.ts";
import type { HostFacts } from "../../src/check/host.ts";
import type { Answered } from "../../src/check/network.ts";
import { networkFindings } from "../../src/check/network.ts";
import { line, REGION, said } from "./said.ts";

describe("what a host says of itself", () => {
  const FACTS: HostFacts = {
    ...{ hostname: "n1", python: [3, 11, 2], torch: { version: "2.4.0" }, numpy: { version: "1.26.4" } },
    ...{ cudaDevices: 1, cores: 8, memoryBytes: 64e9, control: { seconds: 0.01 } },
    ...{ address: "10.0.0.1", port: 4000, key: "k" },
  };
  const NODE: Place = { where: "a node of east", isWhereRanksRun: true, python: "python3" };
  const LOGIN: Place = { where: "login", isWhereRanksRun: false, python: "python3" };

  test("Python and its libraries; what a login host lacks is no problem yet", () => {
    expect(pythonFindings(FACTS, NODE).map(({ level }) => level)).toEqual(["ok", "ok", "ok"]);
    const poor = { ...FACTS, python: [3, 8, 1] as const, torch: { problem: "No module named 'torch'" } };
    expect(pythonFindings(poor, NODE).map(({ check, level }) => `${check} ${level}`)).toEqual([
      ...["python problem", "torch problem", "numpy ok"],
    ]);
    expect(pythonFindings(poor, LOGIN).map(({ level }) => level)).toEqual(["warning", "warning", "ok"]);
  });

  test("GPUs that CUDA sees, and room for emulated ones", () => {
    expect(gpuFinding(FACTS, REGION, 1).level).toBe("ok");
    expect(gpuFinding({ ...FACTS, cudaDevices: 0 }, REGION, 1)).toMatchObject({
      level: "problem",
      finding: expect.stringContaining("0 GPUs of 1"),
    });
    const emulated = { ...REGION, gpuType: { ...REGION.gpuType, emulated: true } };
    expect(gpuFinding(FACTS, emulated, 1).level).toBe("not looked at");
    expect(roomFinding(FACTS, REGION, 8).level).toBe("ok");
    expect(roomFinding(FACTS, emulated, 8).level).toBe("warning");
    expect(roomFinding(FACTS, REGION, 9).level).toBe("warning");
  });

  test("whether it reaches the service", () => {
    expect(controlFinding(FACTS, "http://bace:7420", NODE).level).toBe("ok");
    const deaf = { ...FACTS, control: { problem: "timed out" } };
    expect(line(controlFinding(deaf, "http://bace:7420", NODE))).toMatch(
      /^problem: a node of east does not reach http:\/\/bace:7420: timed out — let TCP/,
    );
    expect(line(controlFinding(deaf, "http://127.0.0.1:7420", NODE))).toContain(
      "bace up --host ADDRESS --advertise",
    );
    expect(controlFinding(deaf, "http://bace:7420", LOGIN).level).toBe("warning");
  });

  test("hosts that say nothing", () => {
    const none = (reason: string, place = NODE, ran?: Ran) =>
      line(noHost({ kind: "none", reason, ...(ran ? { ran } : {}) }, place));
    expect(none("python3: command not found", NODE, said("", 127))).toMatch(
      /^problem: on a node of east: there is no python3/,
    );
    expect(none("SyntaxError: future feature annotations is not defined")).toContain("older than 3.8");
    expect(none("the job still waits after 120 s (Resources)")).toMatch(/^warning: .*have a reservation/);
    expect(none("the job ended (FAILED), and has written nothing into /shared")).toMatch(
      /^problem: .* — mount the folder on the nodes/,
    );
    expect(none("no answer after 120 s", LOGIN)).toMatch(/^warning: on login: no answer/);
  });

  test("the network, both ways, by what stands between", () => {
    const fleet = {
      regions: [{ name: "east" }, { name: "west" }, { name: "south" }],
      links: [{ from: 0, to: 1 }],
    } as unknown as Fleet;
    const at = (region: string, over: object, whom: Answered["reached"]): Answered => ({
      ...{ region, facts: { ...FACTS, hostname: region, ...over }, place: NODE, reached: whom },
    });
    const hosts = (problem: string, over: object = {}) => [
      at("east", {}, { west: { problem }, south: { problem: "timed out" } }),
      at("west", over, {
        east: { seconds: 0.04, clockSeconds: 20 },
        south: { seconds: 0.04, clockSeconds: 0 },
      }),
      at("south", {}, undefined),
    ];
    const from = (index: number, all: readonly Answered[]) =>
      networkFindings(all[index]!, all, fleet).map(line);
    expect(from(0, hosts("timed out"))[0]).toMatch(
      /^problem: .* does not reach west at 10.0.0.1: timed out — let TCP through from east to west/,
    );
    expect(from(0, hosts("timed out"))[1]).toMatch(
      /^warning: .* does not reach south .* — nothing, while .* no link/,
    );
    expect(from(0, hosts("another host answers at 10.0.0.1"))[0]).toContain("same private addresses");
    expect(from(0, hosts("refused", { address: "127.0.0.1" }))[0]).toContain("would name their loopback");
    expect(from(1, hosts("timed out"))).toEqual([
      "ok: a node of east reaches east in 40.0 ms, south in 40.0 ms",
      expect.stringMatching(
        /^warning: the clock of a node of east is 20.0 s ahead of that of a node of east/,
      ),
    ]);
    expect(from(2, hosts("timed out"))[0]).toMatch(/^warning: .* has not said whom it reached/);
  });
});
