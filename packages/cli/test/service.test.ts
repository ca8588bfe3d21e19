import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Explained } from "@bace-pipe/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fakeService, problem } from "./support/fake-service.ts";
import { bace, type Outside } from "./support/recorder.ts";
import { jobView, REGIONS, WAITING } from "./support/views.ts";

const JOB = "name: wide\nmicrobatches: -8\n";

async function ask(
  answers: Readonly<Record<string, object>>,
  args: readonly string[],
  outside: Outside = {},
) {
  const { asked, bodies, url } = await fakeService(answers);
  return { ...(await bace([...args, "--server", url], outside)), asked, bodies };
}

test("submit: a file is sent as it was written, with the folder that its paths start from", async () => {
  const answers = { "POST /v1/jobs": { jobIds: ["wide"], existing: ["old"] } };
  const { bodies, exitCode, out } = await ask(answers, ["submit", "-"], { input: JOB, folder: "/somewhere" });
  expect(exitCode).toBe(0);
  expect(bodies).toEqual([{ file: "<stdin>", text: JOB, directory: "/somewhere" }]);
  expect(out).toBe("wide: submitted\nold: was there already, nothing changed\n");
});

test("submit: what the service finds wrong is shown in the user's own text", async () => {
  const diagnostics = [
    {
      code: "invalid-field",
      file: "<stdin>",
      line: 2,
      column: 15,
      field: "microbatches",
      message: "-8 is below 1",
      hint: "give 1 or more",
    },
  ];
  const answers = { "POST /v1/jobs": problem(422, "invalid-job", "wrong", { diagnostics }) };
  const { exitCode, err } = await ask(answers, ["submit", "-"], { input: JOB });
  expect(exitCode).toBe(2);
  expect(err).toContain("2 | microbatches: -8\n  |               ^^\n  = help: give 1 or more\n");
});

test("submit: a scenario is not a job file", async () => {
  const { asked, exitCode, err } = await ask({}, ["submit", "scenarios/demo-three-regions.yaml"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("error[not-a-job-file]: scenarios/demo-three-regions.yaml is a scenario");
  expect(asked).toEqual([]);
});

describe("plan: the exit code says what would happen to the file's own jobs", () => {
  const decision = (jobId: string, kind: Explained["kind"]): Explained => ({ ...WAITING, jobId, kind });
  test.each([
    ["nothing would start", [decision("wide", "wait"), decision("other", "start")], 0],
    ["one would start", [decision("wide", "start")], 1],
    ["one is infeasible", [decision("wide", "infeasible")], 2],
  ])("%s", async (_, decisions, expected) => {
    const { exitCode, out } = await ask({ "POST /v1/plan": { decisions } }, ["plan", "-"], { input: JOB });
    expect(exitCode).toBe(expected);
    expect(out).toContain("wide");
  });
});

test.each([
  ["a job file that is wrong", ["plan", "-"], problem(422, "invalid-job", "wrong"), 4],
  ["an option that there is not", ["plan", "-", "--colour"], {}, 4],
  ["a token that is refused", ["plan", "-"], problem(401, "bad-token", "wrong"), 4],
  ["a service that does not answer", ["plan", "-", "--server", "http://127.0.0.1:1"], {}, 3],
  ["its help", ["plan", "--help"], {}, 0],
])("plan: the exit code of %s is none of a plan's", async (_, args, answer, expected) => {
  const { url } = await fakeService({ "POST /v1/plan": answer });
  const where = args.includes("--server") ? [] : ["--server", url];
  expect((await bace([...args, ...where], { input: JOB })).exitCode).toBe(expected);
});

test("queue and regions: JSON is the API's own", async () => {
  const jobs = { jobs: [jobView({ id: "wide", phase: "queued" })] };
  expect(JSON.parse((await ask({ "GET /v1/jobs": jobs }, ["queue", "-o", "json"])).out)).toEqual(jobs);
  const regions = { fleet: "f", nowSeconds: 1, regions: REGIONS };
  expect(JSON.parse((await ask({ "GET /v1/regions": regions }, ["regions", "-o", "json"])).out)).toEqual(
    regions,
  );
});

test("queue: the table has the places of the policy's order", async () => {
  const answers = {
    "GET /v1/jobs": { jobs: [jobView({ id: "wide", phase: "queued" })] },
    "GET /v1/queue": { policy: "bace", nowSeconds: 1, jobs: [{ jobId: "wide", position: 2 }] },
  };
  expect((await ask(answers, ["queue"])).out).toMatch(/^wide +queued +2 /m);
});

test("explain: a name that is not known; did you mean", async () => {
  const answers = { "GET /v1/jobs": { jobs: [jobView({ id: "wide" })] } };
  const { exitCode, err } = await ask(answers, ["explain", "wise"]);
  expect(exitCode).toBe(2);
  expect(err).toBe('error[unknown-job]: there is no job "wise"\n  = help: did you mean "wide"?\n');
});

describe("cancel", () => {
  const answers = {
    "GET /v1/jobs/wide": jobView({ id: "wide", step: 3 }),
    "POST /v1/jobs/wide/cancel": jobView({ id: "wide", phase: "stopping" }),
  };

  test.each([
    ["confirmed", ["cancel", "wide"], true],
    ["not asked for with --yes", ["cancel", "wide", "--yes"], false],
    ["not asked for without a terminal", ["cancel", "wide"], undefined],
  ])("%s", async (_, args, answer) => {
    const { asked, exitCode, out } = await ask(answers, args, answer === undefined ? {} : { answer });
    expect(exitCode).toBe(0);
    expect(asked).toContain("POST /v1/jobs/wide/cancel");
    expect(out).toBe("wide: being cancelled, stopping now\n");
  });

  test("refused", async () => {
    const { asked, exitCode, err } = await ask(answers, ["cancel", "wide"], { answer: false });
    expect(exitCode).toBe(1);
    expect(asked).not.toContain("POST /v1/jobs/wide/cancel");
    expect(err).toContain("nothing was done");
  });
});

describe("what is no answer of this service is said to be none", () => {
  test.each([
    [200, "text/html", "<p>Please log in</p>"],
    [500, "application/problem+json", "{"],
    [500, "application/problem+json", "[]"],
  ])("%i %s %s", async (status, type, text) => {
    const answer = new Response(text, { status, headers: { "Content-Type": type } });
    const spy = vi.spyOn(globalThis, "fetch").mockResolvedValue(answer);
    const { err, exitCode } = await bace(["queue", "--server", "http://127.0.0.1:1"]);
    spy.mockRestore();
    expect(exitCode).toBe(1);
    expect(err).toContain("error[not-this-service]:");
  });
});

test("an address that is none, and a state folder whose note is torn, are said to be that", async () => {
  const { err, exitCode } = await bace(["queue", "--server", "nonsense"]);
  expect([exitCode, err]).toEqual([2, expect.stringContaining('"nonsense" is no address of a service')]);
  const folder = mkdtempSync(join(tmpdir(), "bace-torn-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const note of ["{", "null", '{"url": 7}']) {
    writeFileSync(join(folder, "service.json"), note);
    expect((await bace(["queue", "--state", folder])).exitCode).toBe(3);
  }
});
