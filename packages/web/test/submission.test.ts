import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSubmission, type Planned, type Submission } from "../src/pages/submit/use-submission.ts";

interface Sent {
  readonly path: string;
  readonly body: { readonly ifRevision?: number };
  readonly key: string | undefined;
}

let sent: Sent[];
let answers: (() => Response)[];
let seen: Submission[];
const source = { file: "job.yaml", text: "name: a", directory: "/" };

beforeEach(() => {
  [sent, answers, seen] = [[], [], []];
  vi.stubGlobal("window", { sessionStorage: { getItem: () => null } });
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const { "Idempotency-Key": key } = init.headers as Record<string, string>;
    sent.push({ path, body: JSON.parse(String(init.body)), key });
    return answers.shift()!();
  });
});
afterEach(() => vi.unstubAllGlobals());

const plan = (revision: number) => () => Response.json({ decisions: [], revision });
const refused = (status: number, code: string) => () =>
  new Response(JSON.stringify({ code, status, title: "No.", detail: code }), {
    ...{ status, headers: { "Content-Type": "application/problem+json" } },
  });
const lost = () => {
  throw new TypeError("network");
};

async function planned(revision: number): Promise<[ReturnType<typeof createSubmission>, Planned]> {
  const actions = createSubmission((next) => seen.push(next));
  answers.push(plan(revision));
  await actions.plan(source);
  return [actions, seen.at(-1)!.planned!];
}

test("what was planned is submitted at the plan's revision, with the plan's key", async () => {
  const [actions, ready] = await planned(7);
  answers.push(() => Response.json({ jobIds: ["a"], existing: [] }, { status: 201 }));
  expect(await actions.submit(ready)).toEqual({ jobIds: ["a"], existing: [] });
  expect(sent.map(({ path, body, key }) => [path, body.ifRevision, key])).toEqual([
    ["v1/plan", undefined, undefined],
    ["v1/jobs", 7, ready.key],
  ]);
  expect(ready.key).toMatch(/^dashboard-[0-9a-f]{32}$/);
});

test("where the world has moved it is planned again, with another key, and said", async () => {
  const [actions, ready] = await planned(7);
  answers.push(refused(409, "world-moved"), plan(8));
  expect(await actions.submit(ready)).toBeUndefined();
  const { notice, planned: anew } = seen.at(-1)!;
  expect(notice).toContain("Nothing was submitted");
  expect(anew!.plan.revision).toBe(8);
  expect(anew!.key).not.toBe(ready.key);
});

test("where no answer came the same plan is kept, with the same key", async () => {
  const [actions, ready] = await planned(7);
  answers.push(lost);
  expect(await actions.submit(ready)).toBeUndefined();
  expect(seen.at(-1)!.planned).toBe(ready);
  expect(seen.at(-1)!.notice).toContain("nothing is doubled");
});

test("any other refusal is told with what the service says of it", async () => {
  const [actions, ready] = await planned(7);
  answers.push(refused(409, "name-taken"));
  await actions.submit(ready);
  expect(seen.at(-1)).toMatchObject({ busy: "", refused: { source, problem: { code: "name-taken" } } });
});

test("an older plan's answer does not take the place of a newer one's", async () => {
  const actions = createSubmission((next) => seen.push(next));
  answers.push(plan(1), plan(2));
  await Promise.all([actions.plan(source), actions.plan({ ...source, text: "name: b" })]);
  expect(seen.at(-1)!.planned).toMatchObject({ plan: { revision: 2 }, source: { text: "name: b" } });
  expect(seen.filter((each) => each.planned).length).toBe(1);
});
