// Commands that look until something has happened, and leave it alone when they are told to stop.
import { describe, expect, test, vi } from "vitest";
import { fakeService, problem } from "./support/fake-service.ts";
import { bace } from "./support/recorder.ts";
import { jobView, REGIONS } from "./support/views.ts";

/** Polls follow each other at once. */
vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof import("node:timers/promises")>();
  return {
    ...real,
    setTimeout: (_: number, value: unknown, options: object) => real.setTimeout(1, value, options),
  };
});

const queued = jobView({ id: "wide", phase: "queued" });
const running = jobView({ id: "wide", phase: "running", step: 3 });
const finished = jobView({ id: "wide", phase: "ended", outcome: "finished" });
const failed = jobView({ id: "wide", phase: "ended", outcome: "failed", reason: "rank 0 ended with 1" });
const infeasible = jobView({ id: "wide", phase: "infeasible" });

/** One after the other; the last again and again. */
function inTurn(...views: readonly object[]): () => object {
  let next = 0;
  return () => views[Math.min(next++, views.length - 1)]!;
}

describe("wait: the exit code says whether the jobs got there", () => {
  test.each([
    ["running", [queued, running], [], 0],
    ["Running", [queued, finished], [], 0],
    ["finished", [queued, running, finished], [], 0],
    ["finished", [queued, failed], [], 1],
    ["ended", [queued, running, failed], [], 0],
    ["running", [queued, infeasible], [], 1],
    ["running", [queued], ["--timeout", "1s"], 4],
  ])("for %s, while it is %j", async (goal, views, more, expected) => {
    const { url } = await fakeService({ "GET /v1/jobs/wide": inTurn(...views) });
    const { exitCode, out } = await bace(["wait", "wide", `--for=${goal}`, ...more, "--server", url]);
    expect(exitCode).toBe(expected);
    const last = views.at(-1)!;
    expect(out.startsWith(`wide: ${last.outcome ?? last.phase}`)).toBe(true);
  });

  test("what is said on the way is on standard error, once for each phase", async () => {
    const { url } = await fakeService({
      "GET /v1/jobs/wide": inTurn(queued, queued, running, running, finished),
    });
    const { err, out } = await bace(["wait", "wide", "--server", url, "-o", "json"]);
    expect(err).toBe("wide: queued\nwide: running\nwide: finished\n");
    expect(JSON.parse(out)).toEqual({ jobs: [finished] });
  });

  test("a goal or a time that there is not, and a job that there is not", async () => {
    const { url } = await fakeService({ "GET /v1/jobs": { jobs: [running] } });
    for (const args of [["--for=done"], ["--timeout", "soon"], []])
      expect((await bace(["wait", "wise", ...args, "--server", url])).exitCode).toBe(2);
  });

  test("no service: at once, but one that answered before is waited for", async () => {
    expect((await bace(["wait", "wide", "--server", "http://127.0.0.1:1"])).exitCode).toBe(3);
    const fake = await fakeService({ "GET /v1/jobs/wide": inTurn(running, finished) });
    const real = globalThis.fetch;
    let calls = 0;
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation((...args) => {
      calls++;
      return calls === 2 || calls === 3
        ? Promise.reject(new TypeError("fetch failed", { cause: new Error("refused") }))
        : real(...args);
    });
    const { err, exitCode } = await bace(["wait", "wide", "--server", fake.url]);
    spy.mockRestore();
    expect(exitCode).toBe(0);
    expect(err).toBe(
      "wide: running\nthe service does not answer; waiting for it to come back\nwide: finished\n",
    );
  });
});

test.each([
  [503, "standing-by"],
  [429, "rate-limited"],
])("wait goes on through %i %s", async (status, code) => {
  const answers = inTurn(running, problem(status, code, "another is the active one"), finished);
  const { url } = await fakeService({ "GET /v1/jobs/wide": answers });
  expect((await bace(["wait", "wide", "--server", url])).exitCode).toBe(0);
});

test("a service that takes a question and never answers keeps nobody beyond --timeout", async () => {
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise(() => {}));
  const { err, exitCode } = await bace(["wait", "wide", "--timeout", "1s", "--server", "http://127.0.0.1:1"]);
  spy.mockRestore();
  expect([exitCode, err]).toEqual([4, expect.stringContaining("the time was up")]);
});

describe("submit --follow", () => {
  const submitted = { "POST /v1/jobs": { jobIds: ["wide"], existing: [] } };
  test.each([
    [finished, 0],
    [failed, 1],
  ])("waits until all have ended", async (last, expected) => {
    const { url } = await fakeService({ ...submitted, "GET /v1/jobs/wide": inTurn(queued, running, last) });
    const { err, exitCode, out } = await bace(["submit", "-", "--follow", "--server", url], {
      input: "name: wide",
    });
    expect(exitCode).toBe(expected);
    expect(err).toContain("wide: submitted\nwide: queued\nwide: running\n");
    expect(out).toMatch(new RegExp(`^wide +${last.outcome}`, "m"));
  });
});

describe("Ctrl-C detaches: nothing is cancelled, and the way back is said", () => {
  test.each([
    [["wait", "wide"], 130, "`bace wait wide --for=finished --server"],
    [["submit", "-", "--follow"], 130, "`bace wait wide --for=ended --server"],
    [["queue", "--watch"], 0, "`bace queue --watch --server"],
    [["status", "-w"], 0, "`bace status --watch --server"],
    [["regions", "-w"], 0, "`bace regions --watch --server"],
  ])("bace %j", async (args, expected, back) => {
    let press = () => {};
    const interrupted = new Promise<void>((resolve) => {
      press = resolve;
    });
    const asked: string[] = [];
    const { url, asked: all } = await fakeService({
      "POST /v1/jobs": { jobIds: ["wide"], existing: [] },
      "GET /v1/jobs/wide": () => {
        if (asked.push("job") === 3) press();
        return running;
      },
      "GET /v1/jobs": () => {
        if (asked.push("jobs") === 3) press();
        return { jobs: [running] };
      },
      "GET /v1/regions": () => {
        if (asked.push("regions") === 3) press();
        return { fleet: "f", nowSeconds: 0, regions: REGIONS };
      },
      "GET /v1/service": {
        version: "1",
        policy: "bace",
        timeModel: "auto",
        fleet: "f",
        seq: 1,
        nowSeconds: 1,
        pid: 1,
      },
    });
    const { err, exitCode } = await bace([...args, "--server", url], { input: "name: wide", interrupted });
    expect(exitCode).toBe(expected);
    expect(err).toContain(`detached: jobs go on. ${back} ${url}\` comes back\n`);
    expect(all.filter((route) => route.endsWith("/cancel"))).toEqual([]);
  });
});

describe("status", () => {
  const service = {
    version: "1.2.3",
    policy: "bace",
    timeModel: "auto",
    fleet: "f",
    seq: 9,
    nowSeconds: 1,
    pid: 1,
  };
  const answers = {
    "GET /v1/service": service,
    "GET /v1/jobs": { jobs: [running, failed, jobView({ id: "kept", phase: "queued", held: true })] },
    "GET /v1/regions": { fleet: "f", nowSeconds: 0, regions: REGIONS },
  };

  test("one screen: what the service is, what is free, what runs, and what will not go on by itself", async () => {
    const { url } = await fakeService(answers);
    const { exitCode, out } = await bace(["status", "--server", url]);
    expect(exitCode).toBe(0);
    expect(out).toContain(`${url}  fleet f  policy bace  time model auto  bace 1.2.3\n`);
    expect(out).toContain("1 of 3 GPUs free; jobs: 1 running, 1 queued, 1 failed\n");
    expect(out).toMatch(/^frankfurt +open +1 of 3 /m);
    expect(out).toMatch(/^wide +running /m);
    expect(out).toContain("! wide is failed: rank 0 ended with 1; see `bace explain wide`\n");
    expect(out).toContain("! kept is held; see `bace explain kept`\n");
  });

  test("JSON has the API's own fields", async () => {
    const { url } = await fakeService(answers);
    const { out } = await bace(["status", "--server", url, "-o", "json"]);
    expect(JSON.parse(out)).toEqual({
      service: { url, ...service },
      jobs: { running: 1, queued: 1, failed: 1 },
      regions: REGIONS,
    });
  });

  test("a service that refuses the token says so", async () => {
    const { url } = await fakeService({ ...answers, "GET /v1/regions": problem(401, "bad-token", "no") });
    expect((await bace(["status", "--server", url])).err).toContain("error[bad-token]");
  });
});
