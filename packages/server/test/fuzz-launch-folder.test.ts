// What a supervisor leaves in its folder is an executor's output: whatever stands there, the executor says running, exited or
// absent, with a whole exit code, or that it cannot tell; and the loop draws nothing but facts from it.
// FUZZ_CASES=100000 tries more than the default.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMangler } from "../../core/test/support/mangle.ts";
import { readLaunchFolder } from "../src/executors/launch-folder.ts";

const CASES = Number(process.env.FUZZ_CASES ?? 500);
const FILES = {
  "exit.json": { exitCode: 75 },
  "started.json": { pid: 999_999_999, startTicks: 5 },
  "spawned.json": { pid: 999_999_999, startTicks: 5 },
  "plan.json": { version: 1 },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bace-fuzz-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a launch folder with something wrong in it", () => {
  it("is running, over with a whole exit code, absent, or not to be told", {
    timeout: 20 * 60_000,
  }, async () => {
    const mangler = createMangler(2);
    const kinds = new Map<string, number>();
    for (let n = 0; n < CASES; n++) {
      for (const [name, sound] of Object.entries(FILES)) {
        const text = JSON.stringify(mangler.document(sound)) ?? "";
        await writeFile(join(folder, name), n % 2 === 0 ? text : mangler.text(JSON.stringify(sound)));
      }
      const state = await readLaunchFolder(folder, 5).catch(
        (error: unknown) => ({ kind: "refused", error }) as const,
      );
      if (state.kind === "exited") expect(Number.isInteger(state.exitCode)).toBe(true);
      if (state.kind === "refused") expect(String(state.error)).toContain(folder);
      kinds.set(state.kind, (kinds.get(state.kind) ?? 0) + 1);
    }
    expect([...kinds.keys()].every((kind) => ["running", "exited", "absent", "refused"].includes(kind))).toBe(
      true,
    );
    expect(kinds.get("exited")).toBeGreaterThan(CASES / 10);
  });
});
