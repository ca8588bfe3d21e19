// Completion as the shells do it, where they are installed, with a service that they can ask.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeService } from "./support/fake-service.ts";
import { bace, ROOT } from "./support/recorder.ts";
import { jobView, REGIONS } from "./support/views.ts";

const BACE = join(ROOT, "packages/cli/bin/bace.mjs");
const ANSWERS = {
  "GET /v1/jobs": {
    jobs: [
      jobView({ id: "old", phase: "ended" }),
      jobView({ id: "wide" }),
      jobView({ id: "$(touch owned)" }),
    ],
  },
  "GET /v1/regions": { fleet: "f", nowSeconds: 0, regions: REGIONS },
};

describe("names", () => {
  const names = async (kind: string, env: Readonly<Record<string, string>>) =>
    bace(["__complete", kind], { env });

  test("of jobs, those that have not ended first, and of regions; nothing that a shell would run", async () => {
    const { url } = await fakeService(ANSWERS);
    const env = { BACE_SERVER: url };
    expect(await names("jobs", env)).toEqual({ exitCode: 0, out: "wide\nold\n", err: "" });
    expect(await names("regions", env)).toEqual({ exitCode: 0, out: "frankfurt\n", err: "" });
  });

  test("none, and not a word, where no service answers", async () => {
    for (const env of [{ BACE_SERVER: "http://127.0.0.1:1" }, { BACE_STATE: "nowhere" }])
      expect(await names("jobs", env)).toEqual({ exitCode: 0, out: "", err: "" });
  });

  test("by the command itself, without the rest of the program", async () => {
    const { url } = await fakeService(ANSWERS);
    const child = spawn(process.execPath, [BACE, "__complete", "jobs"], {
      env: { ...process.env, BACE_SERVER: url },
    });
    expect(await text(child.stdout)).toBe("wide\nold\n");
  });
});

const isThere = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;

describe("in a shell", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bace-completion-"));
    writeFileSync(
      join(folder, "bace"),
      '#!/bin/sh\n[ "$1 $2" = "__complete jobs" ] && echo wide && echo narrow\n',
    );
    chmodSync(join(folder, "bace"), 0o755);
    for (const shell of ["bash", "zsh", "fish"])
      writeFileSync(join(folder, shell), (await bace(["completion", shell])).out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (shell: string, script: string) => {
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, HOME: folder };
    const { status, stderr, stdout } = spawnSync(shell, [...(shell === "zsh" ? ["-f"] : []), "-c", script], {
      cwd: folder,
      encoding: "utf8",
      env,
    });
    expect([status, stderr]).toEqual([0, ""]);
    return stdout.trim().split(/\s+/);
  };
  const inBash = (words: readonly string[]) =>
    run(
      "bash",
      `. ./bash; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _bace; echo "\${COMPREPLY[@]}"`,
    );
  const inZsh = (words: readonly string[]) =>
    run(
      "zsh",
      `. ./zsh; emulate sh -o kshglob; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _bace; echo "\${COMPREPLY[@]}"`,
    );
  const inFish = (words: readonly string[]) =>
    run("fish", `source ./fish; complete -C '${words.join(" ")}' | cut -f1`);

  const SHELLS = [
    ["bash", inBash],
    ["zsh", inZsh],
    ["fish", inFish],
  ] as const;
  for (const [shell, complete] of SHELLS)
    test.skipIf(!isThere(shell))(`${shell} completes commands, options, values, and names of jobs`, () => {
      expect(complete(["bace", "canc"])).toEqual(["cancel"]);
      expect(complete(["bace", "token", "re"])).toEqual(["revoke"]);
      expect(complete(["bace", "queue", "--wat"])).toEqual(["--watch"]);
      expect(complete(["bace", "queue", "-o", "j"])).toEqual(["json"]);
      expect(complete(["bace", "cancel", "wide", "n"])).toEqual(["narrow"]);
      expect(complete(["bace", "completion", ""]).sort()).toEqual(["bash", "fish", "zsh"]);
    });
});
