// Tokens on the command line: which one is sent, to whom, and what is said without one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startTicksOf } from "../../server/src/executors/process.ts";
import { fakeService, problem } from "./support/fake-service.ts";
import { bace } from "./support/recorder.ts";

const TOKEN = "bace_0123456789ab_0123456789012345678901234567890123456789012";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-token-"));
  mkdirSync(join(folder, ".bace"));
  writeFileSync(join(folder, ".bace/admin.token"), `${TOKEN}\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A service that only remembers the Authorization header that it was sent last. */
async function doorman(): Promise<{ readonly url: string; sent(): string | undefined }> {
  let sent: string | undefined;
  const server = createServer((request, response) => {
    sent = request.headers.authorization;
    response.writeHead(200, { "Content-Type": "application/json" }).end('{"jobs": []}');
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent: () => sent };
}

describe("which token is sent", () => {
  const queue = async (
    args: readonly string[],
    env: Record<string, string>,
    announced?: string,
    who?: { readonly pid: number; readonly startTicks: number },
  ) => {
    const { sent, url } = await doorman();
    const living = { pid: process.pid, startTicks: startTicksOf(process.pid) };
    const service = { ...(who ?? living), url: announced ?? url };
    writeFileSync(join(folder, ".bace/service.json"), JSON.stringify(service));
    const where = announced === undefined ? [] : ["--server", url];
    const { exitCode } = await bace(["queue", "-o", "json", ...where, ...args], { folder, env });
    expect(exitCode).toBe(0);
    return sent();
  };

  test("that of the state folder, to the service of the state folder", async () => {
    expect(await queue([], {})).toBe(`Bearer ${TOKEN}`);
  });
  test("it goes to nobody else", async () => {
    expect(await queue([], {}, "http://127.0.0.1:1")).toBeUndefined();
  });
  test("not to whoever listens where a service has died without a word", async () => {
    expect(await queue([], {}, undefined, { pid: process.pid, startTicks: 1 })).toBeUndefined();
  });
  test("one that is named, before that; the option before the environment", async () => {
    expect(await queue([], { BACE_TOKEN: "of-environment" })).toBe("Bearer of-environment");
    expect(await queue(["--token", "named"], { BACE_TOKEN: "of-environment" })).toBe("Bearer named");
  });
});

test("without one: what to do", async () => {
  const { url } = await fakeService({
    "GET /v1/jobs": problem(401, "no-token", "send a token with the scope read"),
  });
  const { err, exitCode } = await bace(["queue", "-o", "json", "--server", url]);
  expect(exitCode).toBe(1);
  expect(err).toContain(
    "error[no-token]: send a token with the scope read\n  = help: give a token: --token TOKEN",
  );
});

describe("bace token", () => {
  const view = {
    ...{ id: "0123456789ab", name: "ci", scopes: ["read", "submit"], tenant: "team-a" },
    ...{ createdSeconds: 0, expiresSeconds: null, revokedSeconds: null, usedSeconds: 600 },
  };
  const ask = async (answers: Readonly<Record<string, object>>, args: readonly string[]) => {
    const { bodies, url } = await fakeService(answers);
    return { ...(await bace(["token", ...args, "--server", url])), bodies };
  };

  test("create: the text on standard output, alone", async () => {
    const args = [
      "create",
      "ci",
      "--scope",
      "read",
      "--scope",
      "submit",
      "--tenant",
      "team-a",
      "--expires",
      "30d",
    ];
    const { bodies, err, exitCode, out } = await ask(
      { "POST /v1/tokens": { token: view, text: TOKEN } },
      args,
    );
    expect(exitCode).toBe(0);
    expect(out).toBe(`${TOKEN}\n`);
    expect(err).toContain("it is not told again");
    expect(bodies).toEqual([
      { name: "ci", scopes: ["read", "submit"], tenant: "team-a", expiresInSeconds: 30 * 86_400 },
    ]);
  });

  test("create: a scope or a time that there is not", async () => {
    expect((await ask({}, ["create", "ci", "--scope", "everything"])).exitCode).toBe(2);
    expect((await ask({}, ["create", "ci", "--scope", "read", "--expires", "0d"])).exitCode).toBe(2);
    expect((await ask({}, ["create", "ci"])).exitCode).toBe(2);
  });

  test("list and revoke", async () => {
    const tokens = [view, { ...view, id: "ba9876543210", revokedSeconds: 7 }];
    const { out } = await ask({ "GET /v1/tokens": { tokens } }, ["list"]);
    expect(out.split("\n").slice(1, 3)).toEqual([
      expect.stringMatching(/^0123456789ab +ci +read,submit +team-a +1970-01-01 00:10 +good$/),
      expect.stringMatching(/^ba9876543210 .* revoked$/),
    ]);
    const revoked = await ask({ "POST /v1/tokens/0123456789ab/revoke": view }, ["revoke", "0123456789ab"]);
    expect(revoked.out).toBe("0123456789ab (ci): revoked\n");
  });
});

describe("a plan's revision", () => {
  const JOB = "name: wide\nmicrobatches: 8\n";

  test("is printed beside the plan, and sent with the submission", async () => {
    const { bodies, url } = await fakeService({
      "POST /v1/plan": { decisions: [], revision: 17 },
      "POST /v1/jobs": { jobIds: ["wide"], existing: [] },
    });
    const plan = await bace(["plan", "-", "--server", url], { input: JOB });
    expect(plan.err).toBe("revision 17: `bace submit - --if-revision 17` does this or nothing\n");
    const args = ["submit", "-", "--if-revision", "17", "--key", "night-1", "--server", url];
    expect((await bace(args, { input: JOB })).exitCode).toBe(0);
    expect(bodies.at(-1)).toMatchObject({ ifRevision: 17, text: JOB });
  });

  test("is about one file", async () => {
    const job = join(folder, "job.yaml");
    writeFileSync(job, JOB);
    for (const [flag, value] of [
      ["--key", "night-1"],
      ["--name", "other"],
      ["--if-revision", "17"],
    ] as const) {
      const { err, exitCode } = await bace(["submit", job, job, flag, value]);
      expect(exitCode).toBe(2);
      expect(err).toContain("error[one-file-only]");
    }
  });
});
