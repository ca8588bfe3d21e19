// `bace check` as it is run, on regions of this machine.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Finding } from "../../src/check/finding.ts";
import { bace } from "../support/recorder.ts";

describe("regions of this machine", () => {
  let folder: string;
  const fleet = (prefix: readonly string[]) => {
    const file = join(folder, "fleet.json");
    const gpuTypes = {
      slot: { peakFlopsPerSecond: 2e9, memoryBytes: 1e8, busyWatts: 300, idleWatts: 30, emulated: true },
    };
    const region = (name: string) => ({ name, gpuType: "slot", gpus: 1, priceUsdPerKwh: 0.1 });
    const link = { from: "here", to: "there", both: true, bandwidthBitsPerSecond: 1e9, latencySeconds: 0.01 };
    const prefixed = prefix.length > 0 ? { commandPrefix: prefix } : {};
    const regions = [region("here"), { ...region("there"), ...prefixed }];
    writeFileSync(file, JSON.stringify({ version: 1, name: "small", gpuTypes, regions, links: [link] }));
    return file;
  };
  /** A Python with libraries in name alone. */
  const python = () => {
    const lib = join(folder, "lib");
    const path = join(folder, "python");
    writeFileSync(path, `#!/bin/sh\nPYTHONPATH=${lib} exec python3 "$@"\n`, { mode: 0o755 });
    return path;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bace-check-here-"));
    const lib = join(folder, "lib");
    mkdirSync(lib);
    const cuda = "class cuda:\n    is_available = staticmethod(lambda: False)\n";
    writeFileSync(join(lib, "torch.py"), `__version__ = "2.0.0"\n${cuda}`);
    writeFileSync(join(lib, "numpy.py"), '__version__ = "1.26.0"\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("sound ones: each is reached from the other, and there is nothing to do", async () => {
    const { exitCode, out } = await bace(
      ["check", "--fleet", fleet(["env", "A=b c"]), "--python", python(), "--json"],
      { folder },
    );
    const { problems, regions } = JSON.parse(out) as { problems: number; regions: { findings: Finding[] }[] };
    expect([exitCode, problems]).toEqual([0, 0]);
    const found = regions.map(({ findings }) =>
      findings.filter(({ level }) => level === "ok").map(({ check }) => check),
    );
    const checks = ["start", "python", "torch", "numpy", "room", "network"];
    expect(found.map((each) => checks.filter((check) => !each.includes(check)))).toEqual([[], []]);
  });

  test("what is run lies where nobody else could have put it, and does not stay", async () => {
    const temporary = join(folder, "temporary");
    mkdirSync(temporary);
    writeFileSync(join(temporary, "bace-check"), "somebody else's");
    vi.stubEnv("TMPDIR", temporary);
    const asked = ["check", "--fleet", fleet([]), "--python", python(), "--json"];
    const { exitCode } = await bace(asked, { folder }).finally(() => vi.unstubAllEnvs());
    expect([exitCode, readdirSync(temporary)]).toEqual([0, ["bace-check"]]);
  });

  test("a table per region, with what is to be done; a prefix that starts nothing is a problem", async () => {
    const run = await bace(["check", "--fleet", fleet(["/nowhere/prefix"]), "--python", python()], {
      folder,
    });
    expect(run.exitCode).toBe(1);
    expect(run.err).toContain("here: Python …");
    expect(run.out).toContain("here\nCHECK");
    expect(run.out).toMatch(/start {2,}problem .*nothing can be started: cannot start \/nowhere\/prefix/);
    expect(run.out).toContain("  start: correct commandPrefix: /nowhere/prefix\n");
    expect(run.out).toMatch(/\d+ ok, \d+ not looked at, \d+ warning, \d+ problem\n$/);
  });

  test("a file that is wrong, a region that is not there, no fleet at all", async () => {
    const bad = join(folder, "bad.yaml");
    writeFileSync(bad, "version: 1\nname: x\n");
    expect((await bace(["check", "--fleet", bad], { folder })).exitCode).toBe(2);
    const unknown = await bace(["check", "--fleet", fleet([]), "--region", "mars"], { folder });
    expect([unknown.exitCode, unknown.err]).toEqual([2, expect.stringContaining("known: here, there")]);
    const none = await bace(["check"], { folder });
    expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining("bace check --fleet")]);
  });
});
