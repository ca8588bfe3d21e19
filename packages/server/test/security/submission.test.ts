// What comes in with a submission: bombs, text that is meant as something else, paths that lead elsewhere; and submissions
// that come twice.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { admitJobs } from "../../src/submission.ts";
import { jobText } from "../support/service.ts";
import { openSecured, problemOf, type Secured } from "./secured.ts";

let database: Database;
let service: Secured;
let token: string;
let folder: string;
const lines: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bace-security-"));
  database = await openPglite();
  const logTo = { write: (line: string) => void lines.push(line) };
  service = await openSecured(database, { stateDirectory: join(folder, "state"), logTo });
  token = await service.tokenFor(["read", "submit"]);
}, 60_000);
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

const submit = (body: unknown, headers = {}) => service.ask("POST /v1/jobs", { token, body, headers });
const file = (text: string) => ({ file: "job.yaml", text, directory: folder });
/** What a text is refused with; nothing may have been stored. */
const refusal = async (body: unknown) => {
  const { seq } = service.writer.state();
  const problem = await problemOf(submit(body));
  expect(service.writer.state().seq).toBe(seq);
  return problem;
};

describe("bombs", () => {
  const most = 2 ** 18;
  test.each<[string, string]>([
    ["brackets", "[".repeat(most)],
    ["braces", "{a: ".repeat(most / 4)],
    ["closed brackets", `${"[".repeat(60_000)}${"]".repeat(60_000)}`],
    ["lists in a line", "- ".repeat(most / 2)],
    ["keys in a line", "? ".repeat(most / 2)],
    ["indentation", Array.from({ length: 700 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    [
      "aliases of aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`).join("\n")}`,
    ],
    [
      "merged aliases",
      `a: &a {x: 1}\n${Array.from({ length: 9000 }, (_, i) => `b${i}: {<<: [*a,*a,*a]}`).join("\n")}`,
    ],
    ["an alias of itself", "&a [*a]"],
    ["many keys", Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n")],
    ["the same keys", "name: a\n".repeat(20_000)],
    ["many errors", "a: b: c\n".repeat(most / 8)],
    ["a long name", `name: ${"a".repeat(most - 10)}!`],
    ["many copies", jobText("many").replace("name: many", "name: many\ncopies: 20000")],
    ["a prototype", "__proto__: {admin: true}\nconstructor: {prototype: {a: 1}}"],
  ])("%s", async (_, text) => {
    const problem = await refusal(file(text));
    expect(problem).toMatchObject({ status: 422, code: "invalid-job" });
    expect(problem.detail.length).toBeLessThan(2000);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("more than the text may have, and more than the body may have", async () => {
    expect(await refusal(file(" ".repeat(most + 1)))).toMatchObject({ status: 400, code: "invalid-request" });
    expect(await refusal(file(" ".repeat(2 ** 20)))).toMatchObject({ status: 413, code: "body-too-large" });
  });

  test("a body that says it is small", async () => {
    const body = JSON.stringify(file(" ".repeat(2 ** 20)));
    const response = await submit(body, { "Content-Length": "2" });
    expect([400, 413]).toContain(response.status);
  });
});

describe("text that is meant as something else", () => {
  const HOSTILE = [
    "a\nb",
    'x"}\n{"level":60,"msg":"forged"}',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned #",
    "| touch pwned",
    "-rf",
    "--directory=/",
    "\u001b[2J",
    "\u0000",
    "\u2028",
    "../../etc/passwd",
    "%00",
    "a'b\"c",
  ];
  /** Every field of a job that takes text, one at a time. */
  const FIELDS: Readonly<Record<string, (value: string) => string>> = {
    name: (value) => jobText("x").replace("name: x", `name: ${JSON.stringify(value)}`),
    tenant: (value) => `${jobText("x")}tenant: ${JSON.stringify(value)}\n`,
    model: (value) => jobText("x").replace("tiny-byte", JSON.stringify(value)),
    profile: (value) => `${jobText("x")}profile: ${JSON.stringify(value)}\n`,
    deadlineSeconds: (value) => `${jobText("x")}deadlineSeconds: ${JSON.stringify(value)}\n`,
    priorityClass: (value) => `${jobText("x")}priorityClass: ${JSON.stringify(value)}\n`,
  };

  test.each(Object.keys(FIELDS))("%s takes names and figures only", async (field) => {
    for (const value of HOSTILE)
      expect([value, (await refusal(file(FIELDS[field]!(value)))).status]).toEqual([value, 422]);
  });

  test("paths take what paths may have, and reach the worker as they are, by no shell", async () => {
    const written = (value: string, i: number) =>
      jobText(`paths-${i}`)
        .replace("paths: [texts]", `paths: [${JSON.stringify(value)}]`)
        .replace("suffixes: [.md]", `suffixes: [${JSON.stringify(value)}]`);
    for (const [i, value] of HOSTILE.entries()) {
      const hasControl = /[\p{Cc}\u2028]/u.test(value);
      const response = await submit(file(written(value, i)));
      expect([value, response.status]).toEqual([value, hasControl ? 422 : 201]);
      if (hasControl) continue;
      const { data } = service.writer.state().jobs.get(`paths-${i}`)!.job.training!;
      expect(data.suffixes).toEqual([value]);
      expect(data.paths[0]!.startsWith("/")).toBe(true); // never taken for an option of a program
      await service.ask(`POST /v1/jobs/paths-${i}/cancel`, { token });
    }
    expect(existsSync(join(folder, "pwned"))).toBe(false);
  });

  test("a file's name and folder too", async () => {
    for (const value of HOSTILE) {
      const response = await submit({ file: value, directory: `/${value}`, text: "name: [" });
      expect(response.status).toBe(422);
      expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    }
  });

  test("every line of the log is one line, and none is forged", () => {
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      expect(line.endsWith("\n")).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}]/u);
      const parsed = JSON.parse(line) as { level: number; msg: string };
      expect(parsed.msg).not.toBe("forged");
    }
  });

  test("lines that a request has caused have its id", async () => {
    const from = lines.length;
    const response = await submit(file(jobText("traced")));
    const id = response.headers.get("x-request-id");
    const own = lines.slice(from).map((line) => JSON.parse(line) as { requestId?: string; msg: string });
    expect(own.filter(({ requestId }) => requestId === id).map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(["submitted", "request"]),
    );
  });
});

describe("paths that lead into the service's own files", () => {
  beforeAll(() => {
    mkdirSync(join(folder, "mine"));
    symlinkSync(join(folder, "state"), join(folder, "mine/link"));
    writeFileSync(join(folder, "mine/profile.yaml"), "version: 1\n");
  });
  const WAYS = [
    "state",
    "state/admin.token",
    "./mine/../state/db",
    "mine/link/admin.token",
    "mine/link/new/folder",
  ];

  test.each(WAYS)("%s", async (way) => {
    const data = jobText("x").replace("paths: [texts]", `paths: [${way}]`);
    const checkpoint = jobText("x").replace("seed: 1,", `seed: 1, checkpoint: {location: ${way}},`);
    const profile = `${jobText("x")}profile: ${way}\n`;
    for (const text of [data, checkpoint, profile]) {
      const response = await submit(file(text));
      expect([text, response.status]).toEqual([text, 422]);
      const answer = await response.text();
      expect(answer).toContain("among the service's own files");
      expect(answer).not.toContain("bace_");
    }
  });

  test("a folder of text that has them in it, unless the worker would leave them out", async () => {
    const training = (path: string) => jobText("reader").replace("paths: [texts]", `paths: ["${path}"]`);
    for (const path of [".", "/", folder, "mine/.."])
      expect((await refusal(file(training(path)))).detail).toContain("has the service's own files in it");
    const state = service.writer.state();
    const admitted = (keepOut: string) =>
      admitJobs(state, file(training(folder)), 0, { efficiency: 0.4, mustTrain: true, keepOut });
    expect(() => admitted(join(folder, "deep/state"))).toThrow("own files");
    expect(admitted(join(folder, ".bace")).fresh).toHaveLength(1);
  });

  test("others are the job's affair", async () => {
    const text = jobText("elsewhere").replace(
      "seed: 1,",
      "seed: 1, checkpoint: {location: mine/checkpoints},",
    );
    expect((await submit(file(text))).status).toBe(201);
  });
});

describe("submissions that come twice", () => {
  const keyed = (key: string, body: unknown, to = service) =>
    to.ask("POST /v1/jobs", { token, body, headers: { "Idempotency-Key": key } });

  test("the same key and body: the same answer, nothing stored again, also after a restart", async () => {
    const body = file(jobText("keyed"));
    const first = await keyed("night-1", body);
    const answer = await first.json();
    expect([first.status, answer]).toEqual([201, { jobIds: ["keyed"], existing: [] }]);
    const { seq } = service.writer.state();
    expect(await (await keyed("night-1", body)).json()).toEqual(answer);
    expect(service.writer.state().seq).toBe(seq);
    const replayed = await openSecured(database, { anew: false });
    expect(await (await keyed("night-1", body, replayed)).json()).toEqual(answer);
    await service.writer.close(); // with a snapshot this time
    service = await openSecured(database, { anew: false });
    expect(await (await keyed("night-1", body)).json()).toEqual(answer);
    expect((await (await submit(body)).json()) as object).toEqual({ jobIds: [], existing: ["keyed"] });
  });

  test("twice at once", async () => {
    const body = file(jobText("at-once"));
    const answers = await Promise.all([keyed("night-2", body), keyed("night-2", body)]);
    const both = await Promise.all(answers.map((answer) => answer.json()));
    expect(both).toEqual([both[0], both[0]]);
    expect(both[0]).toEqual({ jobIds: ["at-once"], existing: [] });
  });

  test("the same key with another body is a mistake, also where the first changed nothing", async () => {
    const other = await problemOf(keyed("night-1", file(jobText("other"))));
    expect(other).toMatchObject({ status: 422, code: "key-reused" });
    expect(await (await keyed("night-3", file(jobText("keyed")))).json()).toEqual({
      jobIds: [],
      existing: ["keyed"],
    });
    expect((await problemOf(keyed("night-3", file(jobText("other"))))).code).toBe("key-reused");
    expect(service.writer.state().jobs.has("other")).toBe(false);
  });

  test("a key that was refused is free", async () => {
    expect((await keyed("night-4", file("name: ["))).status).toBe(422);
    expect((await keyed("night-4", file(jobText("mended")))).status).toBe(201);
  });

  test("a key that is no header's text is refused", async () => {
    expect((await problemOf(keyed("a b", file(jobText("y"))))).status).toBe(400);
    expect((await problemOf(keyed("x".repeat(256), file(jobText("y"))))).status).toBe(400);
  });

  test("after a day a key is forgotten, and the name still stands in for it", async () => {
    service.clock.seconds += 86_401;
    await keyed("night-5", file(jobText("day-after")));
    expect(await (await keyed("night-1", file(jobText("keyed")))).json()).toEqual({
      jobIds: [],
      existing: ["keyed"],
    });
  });
});

describe("a plan's revision", () => {
  const plan = async (body: unknown) =>
    (await (await service.ask("POST /v1/plan", { token, body })).json()) as { revision: number };

  test("what was planned is submitted, or refused when the world has moved", async () => {
    const body = file(jobText("planned"));
    const { revision } = await plan(body);
    expect((await plan(body)).revision).toBe(revision);
    await submit(file(jobText("faster")));
    const moved = await submit({ ...body, ifRevision: revision });
    expect(moved.status).toBe(409);
    const problem = (await moved.json()) as { code: string; revision: number };
    expect(problem).toMatchObject({ code: "world-moved", revision: (await plan(body)).revision });
    expect(service.writer.state().jobs.has("planned")).toBe(false);
    expect((await submit({ ...body, ifRevision: problem.revision })).status).toBe(201);
  });

  test("the same jobs sent again move nothing, whatever keys they come with", async () => {
    const body = file(jobText("again"));
    const keyed = (key: string) =>
      service.ask("POST /v1/jobs", { token, headers: { "Idempotency-Key": key }, body });
    expect((await keyed("again-1")).status).toBe(201);
    const { revision } = await plan(file(jobText("next")));
    const { seq } = service.writer.state();
    expect((await keyed("again-2")).status).toBe(201);
    expect(service.writer.state().seq).toBeGreaterThan(seq);
    expect((await plan(file(jobText("next")))).revision).toBe(revision);
  });
});
