// Flag, then BACE_*, then the folder's file, then one's own, then the default.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeService } from "./support/fake-service.ts";
import { bace } from "./support/recorder.ts";
import { jobView } from "./support/views.ts";

let root: string;
let folder: string;
let home: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bace-settings-"));
  folder = join(root, "project/deep/down");
  home = join(root, "home");
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(home, ".config/bace"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const project = (text: string) => writeFileSync(join(root, "project/bace.yaml"), text);
const user = (text: string) => writeFileSync(join(home, ".config/bace/config.yaml"), text);
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  bace(args, { env: { HOME: home, ...env }, folder });

describe("the first that says it is meant", () => {
  const view = async (env = {}) => {
    const { settings } = JSON.parse((await run(["config", "view", "-o", "json"], env)).out);
    return settings.find(({ setting }: { setting: string }) => setting === "state");
  };

  test("variable, then the folder's file, then one's own, then the default", async () => {
    expect(await view()).toMatchObject({ value: null, origin: "default", otherwise: ".bace" });
    user("state: /var/lib/bace\n");
    expect(await view()).toMatchObject({ value: "/var/lib/bace", origin: "user" });
    project("state: here\n");
    expect(await view()).toMatchObject({ value: join(root, "project/here"), origin: "project" });
    expect(await view({ BACE_STATE: "there" })).toMatchObject({ value: "there", place: "BACE_STATE" });
  });

  test("a flag before all of them", async () => {
    const { url } = await fakeService({ "GET /v1/jobs": { jobs: [jobView({ id: "wide" })] } });
    project("server: http://127.0.0.1:1\noutput: yaml\n");
    const env = { BACE_SERVER: "http://127.0.0.1:2" };
    expect((await run(["queue", "--server", url], env)).out).toContain("jobs:\n  - id: wide");
    expect(JSON.parse((await run(["queue", "--server", url, "-o", "json"], env)).out).jobs).toHaveLength(1);
    expect((await run(["queue"], env)).err).toContain("http://127.0.0.1:2 does not answer");
    expect((await run(["queue"])).err).toContain("http://127.0.0.1:1 does not answer");
    expect((await run(["queue", "--state", "nowhere"], env)).err).toContain("down/nowhere");
  });

  test("a state folder that is named nearer by counts before an address", async () => {
    user("server: http://127.0.0.1:1\n");
    project("state: here\n");
    expect((await run(["queue"])).err).toContain("no service is running in");
  });
});

test("config view --origin says which file or variable", async () => {
  project("policy: bace\n");
  user("database: postgres://bace:secret@db.example/bace\n");
  const { exitCode, out } = await run(["config", "view", "--origin"]);
  expect(exitCode).toBe(0);
  expect(out).toMatch(new RegExp(`^policy +bace +project: ${join(root, "project/bace.yaml")}$`, "m"));
  expect(out).toMatch(/^database +postgres:\/\/bace:…@db.example\/bace +user: /m);
  expect(out).toMatch(/^output +\(table\) +default$/m);
});

test.each([
  "postgres://bace:se@cr/et@db.example/bace",
  "PostgreSQL://bace:secret@db.example/bace",
  "postgres://bace@db.example/bace?sslmode=require&password=secret&x=y",
])("config view shows no password of %s", async (address) => {
  const { out } = await run(["config", "view", "-o", "json"], { BACE_DATABASE: address });
  expect(out).toContain("db.example/bace");
  for (const part of ["secret", "se@", "cr/et"]) expect(out).not.toContain(part);
});

describe("what is wrong in a file is shown there", () => {
  test.each([
    ["stat: here", 'there is no setting "stat"', 'did you mean "state"?'],
    ["python: ./evil", "python is not a folder's to say", "~/.config/bace/config.yaml"],
    ["tokenFile: t", "tokenFile is not a folder's to say", "~/.config/bace/config.yaml"],
    ["state: [a]", "state is no text", "write it in one line"],
    ["- state", "no settings", "state: .bace"],
    ["state: [", "not valid YAML", "mend it"],
  ])("%s", async (text, message, hint) => {
    project(`${text}\n`);
    const { err, exitCode } = await run(["queue"]);
    expect(exitCode).toBe(2);
    expect(err).toContain(`error[invalid-setting]: ${message}`);
    expect(err).toContain("project/bace.yaml:");
    expect(err).toContain(hint);
  });

  test("a format that there is not", async () => {
    const { err, exitCode } = await run(["config", "view"], { BACE_OUTPUT: "jsn" });
    expect(exitCode).toBe(2);
    expect(err).toContain('BACE_OUTPUT: there is no output "jsn"\n  = help: did you mean "json"?');
  });
});

describe("one's own token", () => {
  test("comes from a file that one's own settings name", async () => {
    const { url } = await fakeService({ "GET /v1/jobs": { jobs: [] } });
    user(`server: ${url}\ntokenFile: my.token\n`);
    expect((await run(["queue"])).err).toContain("my.token cannot be read (ENOENT)");
    writeFileSync(join(home, ".config/bace/my.token"), "bace_a_b\n");
    expect((await run(["queue"])).exitCode).toBe(0);
  });

  test("is not sent where only a folder's file says", async () => {
    const { asked, url } = await fakeService({ "GET /v1/jobs": { jobs: [] } });
    project(`server: ${url}\n`);
    const { err, exitCode } = await run(["queue"], { BACE_TOKEN: "mine" });
    expect(exitCode).toBe(2);
    expect(err).toContain("error[server-not-trusted]");
    expect(asked).toEqual([]);
    expect((await run(["queue", "--token", "mine"])).exitCode).toBe(0);
    expect((await run(["queue", "--server", url], { BACE_TOKEN: "mine" })).exitCode).toBe(0);
  });

  test("nor where only a state folder that lies there says, unless that is on this machine", async () => {
    mkdirSync(join(folder, ".bace"));
    const announce = (address: string) =>
      writeFileSync(
        join(folder, ".bace/service.json"),
        JSON.stringify({ pid: 1, startTicks: 1, url: address }),
      );
    const refused = async (more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
      (await run(["queue", ...more], { BACE_TOKEN: "mine", ...env })).err.includes("server-not-trusted");
    announce("http://bace.invalid:7420");
    expect(await refused()).toBe(true);
    project("state: deep/down/.bace\n");
    expect(await refused()).toBe(true);
    expect(await refused(["--state", ".bace"])).toBe(false);
    expect(await refused([], { BACE_STATE: ".bace" })).toBe(false);
    const { url } = await fakeService({ "GET /v1/jobs": { jobs: [] } });
    announce(url);
    expect((await run(["queue"], { BACE_TOKEN: "mine" })).exitCode).toBe(0);
  });
});
