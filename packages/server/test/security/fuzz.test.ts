// Whatever comes in as a body is answered: with what was asked for, or with a problem that has a code. Never with a defect,
// and never with a state that a replay would not lead to as well.
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROBLEMS } from "../../src/problem.ts";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { jobText } from "../support/service.ts";
import { openSecured, type Secured } from "./secured.ts";

let database: Database;
let service: Secured;
let token: string;
let launchKey: string;

beforeAll(async () => {
  database = await openPglite();
  service = await openSecured(database);
  token = await service.tokenFor(["read", "submit"]);
  await service.ask("POST /v1/jobs", { token, body: { file: "a", text: jobText("a"), directory: "/" } });
  launchKey = service.writer.state().jobs.get("a")!.epoch!.launchKey;
}, 60_000);
afterAll(() => database.close());

/** FUZZ_CASES=100000 tries more; FUZZ_SEED others. */
const { FUZZ_CASES = 300, FUZZ_SEED = 1 } = process.env;
const RUNS = { numRuns: Number(FUZZ_CASES), seed: Number(FUZZ_SEED) };
const TIMEOUT = 20 * 60_000;
/** By route: what came of it. Fuzz that is refused at the door every time would show nothing. */
const seen = new Map<string, Set<number>>();
const statusesOf = (kind: string) => seen.get(kind) ?? new Set();

/** The status; anything but an answer or a problem with a known code fails. */
async function asked(path: string, body: unknown): Promise<number> {
  const response = await service.ask(path, { token, body });
  const answer = (await response.json()) as { code: string };
  const kind = path.slice(path.lastIndexOf("/") + 1);
  seen.set(kind, (seen.get(kind) ?? new Set()).add(response.status));
  if (response.status < 400) return response.status;
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(Object.keys(PROBLEMS)).toContain(answer.code);
  expect(response.status).toBeLessThan(500);
  return response.status;
}

const odd = fc.oneof(
  fc.constantFrom(
    null,
    true,
    "",
    "NaN",
    -1,
    0,
    1,
    0.5,
    2 ** 31,
    2 ** 53,
    1e308,
    -1e308,
    "\u0000",
    "__proto__",
  ),
  fc.double({ noNaN: true }),
  fc.string(),
  fc.json().map((text) => JSON.parse(text) as unknown),
);
const figure = fc.oneof(fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true }), odd);
const rank = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 4 }) }, odd);
const mostly = <T>(sound: fc.Arbitrary<T>) => fc.oneof({ weight: 5, arbitrary: sound }, odd);
const secret = fc
  .oneof({ weight: 5, arbitrary: fc.constant("") }, fc.string())
  .map((text) => text || launchKey);
const route = (what: string) =>
  fc
    .tuple(
      fc.constantFrom("a", "a", "a", "b", "%00", "..%2f..", "a%0a"),
      fc.constantFrom("1", "1", "1", "2", "0", "x", "1e9"),
    )
    .map(([job, epoch]) => `POST /v1/launches/${job}/${epoch}/${what}`);

test(
  "rendezvous",
  async () => {
    const body = fc.record(
      {
        ...{ launchKey: secret, rank },
        host: mostly(fc.constantFrom("127.0.0.1", "::1", "a\nb", "$(x)", "169.254.169.254")),
        port: mostly(fc.integer({ min: 1, max: 65_535 })),
        storePort: mostly(fc.constant(null)),
        dataHash: mostly(fc.constant(null)),
      },
      { requiredKeys: ["launchKey", "rank"] },
    );
    await fc.assert(
      fc.asyncProperty(
        route("rendezvous"),
        fc.oneof({ weight: 8, arbitrary: body }, odd),
        async (path, sent) => {
          expect(await asked(path, sent)).toBeGreaterThanOrEqual(200);
        },
      ),
      RUNS,
    );
  },
  TIMEOUT,
);

test(
  "telemetry",
  async () => {
    const stage = fc.record({
      stage: rank,
      forwardSeconds: figure,
      backwardSeconds: figure,
      inputGradSeconds: figure,
      weightGradSeconds: figure,
    });
    const step = fc.record({
      step: fc.oneof(fc.integer({ min: 1, max: 9 }), odd),
      ...{ loss: figure, stepSeconds: fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), odd) },
      ...{ idleSeconds: figure, updateSeconds: figure, stages: fc.array(stage, { maxLength: 3 }) },
    });
    const link = fc.record({
      toRank: rank,
      bytes: figure,
      seconds: figure,
      messages: figure,
      roundTripSeconds: figure,
    });
    const body = fc.record({
      ...{ launchKey: secret, rank, sequence: fc.oneof(fc.integer({ min: 1, max: 9 }), odd) },
      steps: fc.array(step, { maxLength: 3 }),
      links: fc.array(link, { maxLength: 3 }),
      ...{ memoryPeakBytes: figure, peakActivations: figure },
      committedStep: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 9 }), odd),
      finished: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        route("telemetry"),
        fc.oneof({ weight: 8, arbitrary: body }, odd),
        async (path, sent) => {
          expect(await asked(path, sent)).toBeGreaterThanOrEqual(200);
        },
      ),
      RUNS,
    );
  },
  TIMEOUT,
);

test(
  "submissions and plans",
  async () => {
    const value = fc.oneof(
      fc.constantFrom(
        "tiny-byte",
        "64",
        "1e999",
        "-1",
        "~",
        "[]",
        "{}",
        "&a x",
        "*a",
        "!!binary x",
        "'",
        '"',
        "| x",
        "> x",
      ),
      fc.string().map((written) => JSON.stringify(written)),
      fc.double().map(String),
    );
    const field = fc.constantFrom(
      ...[
        "name",
        "model",
        "sequenceLength",
        "microbatches",
        "iterations",
        "minGpus",
        "maxGpus",
        "training",
        "tenant",
      ],
      ...[
        "copies",
        "submitSeconds",
        "deadlineSeconds",
        "profile",
        "efficiency",
        "jobs",
        "__proto__",
        "tensorParallel",
      ],
    );
    const mutated = fc.array(fc.tuple(field, value), { maxLength: 4 }).map((changes) => {
      let text = jobText("fuzz");
      for (const [name, written] of changes) {
        const line = new RegExp(`^${name}: .*$`, "m");
        text = line.test(text)
          ? text.replace(line, () => `${name}: ${written}`)
          : `${text}${name}: ${written}\n`;
      }
      return text;
    });
    const text = fc.oneof(
      { weight: 6, arbitrary: mutated },
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.json(),
    );
    const body = fc.record(
      {
        file: fc.oneof({ weight: 9, arbitrary: fc.constant("job.yaml") }, odd),
        text,
        directory: fc.oneof({ weight: 9, arbitrary: fc.constant("/") }, fc.string()),
        ifRevision: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, odd),
      },
      { requiredKeys: ["file", "text", "directory"] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("POST /v1/jobs", "POST /v1/plan"),
        fc.oneof({ weight: 10, arbitrary: body }, odd, fc.string()),
        async (path, sent) => {
          expect(await asked(path, sent)).toBeGreaterThanOrEqual(200);
        },
      ),
      RUNS,
    );
  },
  TIMEOUT,
);

test("some of each were taken", () => {
  expect(statusesOf("rendezvous")).toContain(200);
  expect(statusesOf("telemetry")).toContain(200);
  expect(statusesOf("jobs")).toContain(201);
  expect(statusesOf("plan")).toContain(200);
});

test("after all of that the service works, and a replay leads to the same", async () => {
  expect(service.writer.healthy()).toBe(true);
  expect((await service.ask("GET /v1/jobs", { token })).status).toBe(200);
  const replayed = await openSecured(database, { anew: false });
  expect(replayed.snapshot()).toEqual(service.snapshot());
});
