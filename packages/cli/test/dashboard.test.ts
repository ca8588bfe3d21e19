// The way to the page: opened where there is a display, told where there is none; its token in no program's arguments.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startTicksOf } from "../../server/src/executors/process.ts";
import { bace } from "./support/recorder.ts";

const URL_ = "http://127.0.0.1:7421";
const TOKEN = "bace_0123456789ab_secret";

let folder: string;
const announce = (more: object) => {
  const living = { pid: process.pid, startTicks: startTicksOf(process.pid), url: URL_ };
  writeFileSync(join(folder, "service.json"), JSON.stringify({ ...living, ...more }));
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-dashboard-"));
  announce({});
  writeFileSync(join(folder, "dashboard.token"), `${TOKEN}\n`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("without a display: the address, the token's file and the way through ssh", async () => {
  const { err, exitCode, out } = await bace(["dashboard", "--state", folder]);
  expect([exitCode, out]).toEqual([0, `${URL_}\n`]);
  expect(err).toContain(`it asks for the token in ${join(folder, "dashboard.token")}\n`);
  expect(err).toMatch(/through ssh: ssh -N -L 7421:127\.0\.0\.1:7421 \S+\n/);
  expect(err + out).not.toContain(TOKEN);
});

test.runIf(process.platform === "linux")(
  "with one: opened by a file of its owner's that leads there",
  async () => {
    const browser = join(folder, "xdg-open");
    writeFileSync(
      browser,
      `#!/bin/sh\nprintf '%s' "$*" > ${folder}/opened.tmp && mv ${folder}/opened.tmp ${folder}/opened\n`,
    );
    chmodSync(browser, 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    writeFileSync(join(folder, "kept"), "mine");
    symlinkSync(join(folder, "kept"), join(folder, "dashboard.html")); // by whoever laid out the folder
    const { err, exitCode } = await bace(["dashboard", "--state", folder], { env: { DISPLAY: ":0" } });
    expect([exitCode, err]).toEqual([0, ""]);
    await vi.waitFor(() => readFileSync(join(folder, "opened"), "utf8"), { timeout: 20_000 });
    const page = join(folder, "dashboard.html");
    expect(readFileSync(join(folder, "opened"), "utf8")).toBe(page);
    expect(readFileSync(join(folder, "kept"), "utf8")).toBe("mine");
    expect(statSync(page).mode & 0o077).toBe(0);
    expect(readFileSync(page, "utf8")).toContain(`url=${URL_}/#token=${TOKEN}"`);
  },
);

test("of a service elsewhere: its address, and no token of this one's", async () => {
  const { err, out } = await bace([
    "dashboard",
    "--state",
    folder,
    "--server",
    "http://bace.example:7420",
    "-o",
    "json",
  ]);
  expect(JSON.parse(out)).toEqual({
    ...{ url: "http://bace.example:7420", tokenFile: null, tunnel: null, isOpened: false },
  });
  expect(err).toBe("");
});

test("a service that has died: no token for whoever listens there now", async () => {
  announce({ startTicks: 1 });
  const { out } = await bace(["dashboard", "--state", folder, "-o", "json"]);
  expect(JSON.parse(out)).toMatchObject({ url: URL_, tokenFile: null });
});

test("what is no address of a service is not opened", async () => {
  announce({ url: "file:///etc/passwd" });
  const { err, exitCode } = await bace(["dashboard", "--state", folder], { env: { DISPLAY: ":0" } });
  expect(exitCode).toBe(2);
  expect(err).toContain("is no address of a service");
});
