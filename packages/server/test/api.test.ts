// The REST API as its clients see it.
import { beforeEach, describe, expect, test } from "vitest";
import { decisionListSchema, explainedSchema, planSchema } from "../src/api/schemas/decisions.ts";
import { jobViewSchema } from "../src/api/schemas/jobs.ts";
import { regionListSchema } from "../src/api/schemas/regions.ts";
import { serviceSchema } from "../src/api/schemas/service.ts";
import { clear, emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService, type TestService } from "./support/service.ts";

const database = emptyDatabase();
let service: TestService;

beforeEach(async () => {
  service = await openService(database, createFakeExecutor(), { seconds: 1000 });
});

const refusal = async (answer: Promise<unknown>) => {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return (error as { problem: Record<string, unknown> }).problem;
};
const eventCount = async () => (await database.query("select seq from events")).length;

describe("submitting", () => {
  test("again changes nothing: a lost answer may be asked for again", async () => {
    const text = `jobs:${["a", "b"].map((name) => `\n  -${jobText(name).replaceAll("\n", "\n    ").slice(4)}`).join("")}`;
    expect(await service.submit(text)).toEqual({ jobIds: ["a", "b"], existing: [] });
    const count = await eventCount();
    expect(await service.submit(text)).toEqual({ jobIds: [], existing: ["a", "b"] });
    expect(await eventCount()).toBe(count);
  });

  test("twice at once stores it once", async () => {
    const answers = await Promise.all([service.submit(jobText("a")), service.submit(jobText("a"))]);
    expect(answers.map(({ jobIds }) => jobIds)).toEqual([["a"], []]);
  });

  test("another job of the same name is refused, and with it the whole file", async () => {
    await service.submit(jobText("a"));
    const count = await eventCount();
    expect(await refusal(service.submit(jobText("a", { iterations: 6 })))).toMatchObject({
      status: 409,
      code: "name-taken",
    });
    expect(await eventCount()).toBe(count);
  });

  test("a wrong file is refused with line and column, and nothing is stored", async () => {
    const count = await eventCount();
    const problem = await refusal(
      service.submit(jobText("a").replace("microbatches: 8", "microbatches: many")),
    );
    expect(problem).toMatchObject({
      status: 422,
      code: "invalid-job",
      detail: "job.yaml:6:15: microbatches: expected a whole number",
      diagnostics: [{ code: "invalid-field", file: "job.yaml", line: 6, column: 15, field: "microbatches" }],
    });
    expect(await eventCount()).toBe(count);
  });

  test("a job that has nothing to train can be planned, not submitted", async () => {
    const text =
      "{name: a, forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 kB, microbatches: 4, iterations: 3, maxGpus: 2}";
    expect(await refusal(service.submit(text))).toMatchObject({
      status: 422,
      diagnostics: [{ code: "job-without-training", line: 1, column: 8 }],
    });
    const plan = await service.client.plan({ file: "job.yaml", text, directory: "/" });
    expect(plan.decisions.map(({ jobId, kind }) => [jobId, kind])).toEqual([["a", "start"]]);
    // Twelve seconds of one GPU over two, with a warm-up.
    expect(plan.decisions[0]!.predictedStepSeconds).toBeGreaterThan(6);
    expect(plan.decisions[0]!.predictedStepSeconds).toBeLessThan(12);
  });
});

describe("looking", () => {
  test("every answer is what its schema says", async () => {
    await service.submit(jobText("a"));
    await service.submit(jobText("b"));
    const { client } = service;
    for (const job of (await client.jobs()).jobs) expect(jobViewSchema.strict().parse(job)).toEqual(job);
    for (const id of ["a", "b"]) {
      const explained = await client.explain(id);
      expect(explainedSchema.strict().parse(explained)).toEqual(explained);
    }
    const regions = await client.regions();
    expect(regionListSchema.strict().parse(regions)).toEqual(regions);
    const decisions = await client.decisions();
    expect(decisionListSchema.strict().parse(decisions)).toEqual(decisions);
    const about = await client.service();
    expect(serviceSchema.strict().parse(about)).toEqual(about);
    expect(await client.health()).toEqual({ status: "ok" });
  });

  test("secrets of launches are in no answer", async () => {
    await service.submit(jobText("a"));
    const { launchKey } = service.writer.state().jobs.get("a")!.epoch!;
    for (const path of ["/v1/jobs", "/v1/jobs/a", "/v1/jobs/a/explain", "/v1/decisions"]) {
      const text = await (await service.get(path)).text();
      expect(text).not.toContain("launchKey");
      expect(text).not.toContain(`"${launchKey}"`);
    }
  });

  test("decisions come from the log, after a place in it", async () => {
    await service.submit(jobText("a", { gpus: 2 }));
    await service.submit(jobText("b", { gpus: 2 }));
    const { decisions } = await service.client.decisions();
    expect(decisions.map(({ kind, jobId, epoch }) => [kind, jobId, epoch])).toEqual([
      ["placed", "a", 1],
      ["placed", "b", 1],
    ]);
    const later = await service.client.decisions(decisions[0]!.seq);
    expect(later.decisions).toEqual(decisions.slice(1));
  });

  test("regions show what is free and what is reserved", async () => {
    await service.submit(jobText("a"));
    const { regions } = await service.client.regions();
    expect(regions.map(({ name, gpus, freeGpus, emulated }) => [name, gpus, freeGpus, emulated])).toEqual([
      ["east", 2, 0, true],
      ["west", 2, 0, true],
    ]);
    const { hops } = (await service.client.job("a")).placement!;
    expect(hops[0]!.reservedBitsPerSecond).toBeGreaterThan(0);
    expect(regions[0]!.links[0]!.reservedBitsPerSecond).toBe(hops[0]!.reservedBitsPerSecond);
  });

  test("a plan looks at the queue with the new jobs in it, and stores nothing", async () => {
    await service.submit(jobText("a"));
    await service.submit(jobText("b"));
    const before = service.snapshot();
    const plan = await service.client.plan({ file: "c.yaml", text: jobText("c"), directory: "/" });
    expect(planSchema.parse(plan)).toEqual(plan);
    expect(plan.decisions.map(({ jobId, kind }) => [jobId, kind]).sort()).toEqual([
      ["b", "wait"],
      ["c", "wait"],
    ]);
    expect(service.snapshot()).toEqual(before);
  });
});

test("a service is reached by its own name and by the one that it goes by elsewhere, and by no other", async () => {
  const controlUrl = "http://bace.example:7420";
  await clear(database);
  const other = await openService(database, createFakeExecutor(), { seconds: 1000 }, undefined, {
    controlUrl,
  });
  const status = async (host: string) => (await other.get(`http://${host}/healthz`)).status;
  expect(await status("bace.example:7420")).toBe(200);
  expect(await status("localhost")).toBe(200);
  expect(await status("127.0.0.1:1")).toBe(200);
  expect(await status("evil.example")).toBe(421);
});

describe("what is refused at the door", () => {
  const code = async (answer: Promise<Response>) => {
    const response = await answer;
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    return [response.status, ((await response.json()) as { code: string }).code];
  };
  const file = { file: "job.yaml", text: jobText("a"), directory: "/" };

  test.each<[string, () => Promise<Response>, [number, string]]>([
    ["an unknown route", () => service.get("/v1/job"), [404, "unknown-route"]],
    ["an unknown job", () => service.get("/v1/jobs/a"), [404, "unknown-job"]],
    ["cancelling an unknown job", () => service.post("/v1/jobs/a/cancel", {}), [404, "unknown-job"]],
    ["a body that is not JSON", () => service.post("/v1/jobs", "{"), [400, "invalid-request"]],
    ["a body that lacks a field", () => service.post("/v1/jobs", { text: "" }), [400, "invalid-request"]],
    [
      "a form",
      () => service.post("/v1/jobs", file, { "Content-Type": "text/plain" }),
      [415, "unsupported-media-type"],
    ],
    ["no content type", () => service.post("/v1/jobs/a/cancel", "", {}), [415, "unsupported-media-type"]],
    [
      "more than a mebibyte",
      () => service.post("/v1/jobs", { ...file, text: " ".repeat(2 ** 20) }),
      [413, "body-too-large"],
    ],
    [
      "a page that calls this machine by its own name",
      () => service.get("http://evil.example/v1/jobs"),
      [421, "wrong-host"],
    ],
    ["a place in the log that is none", () => service.get("/v1/decisions?after=x"), [400, "invalid-request"]],
  ])("%s", async (_, ask, expected) => {
    expect(await code(ask())).toEqual(expected);
  });
});

test("openapi.json lists every route", async () => {
  const document = (await (await service.get("/openapi.json")).json()) as {
    openapi: string;
    paths: Record<string, object>;
  };
  expect(document.openapi).toBe("3.1.0");
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(routes.sort()).toEqual([
    "get /healthz",
    "get /metrics",
    "get /readyz",
    "get /v1/decisions",
    "get /v1/events",
    "get /v1/inputs",
    "get /v1/jobs",
    "get /v1/jobs/{id}",
    "get /v1/jobs/{id}/explain",
    "get /v1/jobs/{id}/logs",
    "get /v1/jobs/{id}/steps",
    "get /v1/jobs/{id}/timeline",
    "get /v1/live",
    "get /v1/queue",
    "get /v1/regions",
    "get /v1/regions/{name}/series",
    "get /v1/report",
    "get /v1/service",
    "get /v1/totals",
    "post /v1/inputs",
    "post /v1/jobs",
    "post /v1/jobs/{id}/cancel",
    "post /v1/jobs/{id}/hold",
    "post /v1/jobs/{id}/release",
    "post /v1/launches/{jobId}/{epoch}/rendezvous",
    "post /v1/launches/{jobId}/{epoch}/telemetry",
    "post /v1/plan",
    "post /v1/regions/{name}/cordon",
    "post /v1/regions/{name}/drain",
    "post /v1/regions/{name}/uncordon",
  ]);
});
