// Slurm's REST daemon as a server that says what a test makes it say: lost, torn, hostile and unknown answers, and what
// is concluded from them. The cluster's folder is a real one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan, SlurmRest, SlurmSettings } from "@bace-pipe/core";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Executor } from "../../src/executors/executor.ts";
import { jobsByRest } from "../../src/executors/slurm/by-rest.ts";
import { createSlurmExecutor } from "../../src/executors/slurm/executor.ts";
import { createRestClient } from "../../src/executors/slurm/rest-client.ts";
import { createRunner } from "../../src/executors/slurm/runner.ts";

const KEY = "a.1.east";
const PLAN = {
  ...{ version: 1, checkpoint: { graceSeconds: 60 } },
  ranks: [{ region: "east" }, { region: "east" }, { region: "east" }],
} as unknown as Plan;
const ARTIFACT = { region: "east", plan: PLAN };
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.x-y_z.w";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}
type Answer = (seen: Seen, response: ServerResponse) => void;

let root: string;
let folder: string;
let server: Server;
let url: string;
let seconds: number;
let seen: Seen[];
/** In place of what a daemon would say, by method. */
let answers: Record<string, Answer>;
let jobs: { job_id: number; job_state: string; name: string }[];
let rest: SlurmRest;
let settings: SlurmSettings;
let executor: Executor;

const say =
  (value: unknown, status = 200): Answer =>
  (_, response) => {
    response.statusCode = status;
    response.end(typeof value === "string" ? value : JSON.stringify(value));
  };
const refuse = (error: string, error_code: number, status = 500) =>
  say({ meta: {}, errors: [{ error, error_code }] }, status);
const hangUp: Answer = (_, response) => response.destroy();
let account: string;
const queued = () => ({
  errors: [],
  jobs: jobs.map((job) => ({
    ...{ ...job, user_name: account, state_reason: "None" },
    current_working_directory: `${folder}/launches/${job.name.slice("bace-".length)}`,
  })),
});
const USUAL: Record<string, Answer> = {
  GET: (asked, response) => say(queued())(asked, response),
  POST: (asked, response) => {
    const { job } = JSON.parse(asked.body) as { job: { name: string } };
    jobs.push({ job_id: jobs.length + 1, job_state: "RUNNING", name: job.name });
    say({ errors: [], job_id: jobs.length, step_id: "BATCH", job_submit_user_msg: "" })(asked, response);
  },
  DELETE: say({ errors: [] }),
};
const open = (timeoutSeconds?: number): Executor => {
  const ask = createRestClient(rest);
  const impatient: typeof ask = (request) => ask({ ...request, ...(timeoutSeconds && { timeoutSeconds }) });
  return createSlurmExecutor({
    settingsOf: (region) => (region === "east" ? settings : undefined),
    ...{ folder, run: createRunner({}), nowSeconds: () => seconds, pollSeconds: 0 },
    jobs: jobsByRest({ ask: impatient, user: "bace", launches: `${folder}/launches` }),
    worker: async () => ({
      bytes: Buffer.from("worker"),
      sha256: "87eba76e7f3164534045ba922e7770fb58bbd14ad732bbf5ba6f11cc56989e6e",
    }),
  });
};
const told = () => seen.filter(({ method }) => method === "DELETE").map((asked) => asked.url);
const submits = () => seen.filter(({ method }) => method === "POST");

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "bace-rest-"));
  folder = join(root, "shared");
  [seconds, seen, jobs, answers, account] = [1000, [], [], {}, "bace"];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const asked = { method: request.method!, url: request.url!, body, headers: request.headers };
    seen.push(asked);
    (answers[asked.method] ?? USUAL[asked.method]!)(asked, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  writeFileSync(join(root, "token"), `${TOKEN}\n`);
  rest = { url, user: "bace", tokenFile: join(root, "token") };
  settings = { folder, python: "python3", gpuGres: "gpu:h100", gpusPerNode: 2, extraOptions: ["--mem=0"] };
  executor = open();
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

test("a launch is one job, in the words of sbatch under other names", async () => {
  settings = {
    ...settings,
    partition: "train",
    cpusPerGpu: 8,
    extraOptions: ["--time=2-00:00:00", "--exclusive"],
  };
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
  const [{ body, headers, url: path }] = submits() as [Seen];
  const at = `${folder}/launches/${KEY}`;
  expect(path).toBe("/slurm/v0.0.38/job/submit");
  expect(headers).toMatchObject({ "x-slurm-user-name": "bace", "x-slurm-user-token": TOKEN });
  const { job, script } = JSON.parse(body) as { job: object; script: string };
  expect(job).toEqual({
    ...{ name: `bace-${KEY}`, comment: KEY, current_working_directory: at, open_mode: "append" },
    ...{ standard_output: `${at}/supervisor.log`, nodes: "2-3", tasks: "3", distribution: "block" },
    ...{ gpus_per_task: "h100:1", cpus_per_task: "8", partition: "train", time_limit: "2-00:00:00" },
    ...{ exclusive: "exclusive", no_requeue: true, signal: "USR1@90" },
    environment: expect.objectContaining({ SLURM_GPUS_PER_TASK: "h100:1", SLURM_CPUS_PER_TASK: "8" }),
  });
  expect(script).toMatch(/^#!\/bin\/sh\n/);
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "exists" });
  expect(submits()).toHaveLength(1);
});

test.each<[string, Answer]>([
  ["is lost", hangUp],
  ["is garbage", say("<html>busy</html>")],
  ["has no job in it", say({ errors: [] })],
  ["has a job and an error", say({ errors: [{ error: "Invalid partition name specified" }], job_id: 1 })],
  ["is an error that nobody knows", refuse("the moon is full", 4711)],
  ["is a time-out of the daemon's own", refuse("Socket timed out on send/recv operation", 5004)],
  ["is cut off", (_, response) => response.writeHead(200, { "Content-Length": 100 }).end('{"errors": []')],
])(
  "a submit that was accepted and whose answer %s: find settles it, and there is one job",
  async (_, answer) => {
    answers["POST"] = (asked, response) => {
      jobs.push({ job_id: 1, job_state: "PENDING", name: `bace-${KEY}` });
      answer(asked, response);
    };
    expect(await executor.submit(KEY, ARTIFACT)).toMatchObject({ kind: "unknown" });
    expect(await executor.find(KEY)).toEqual({ kind: "running" });
    expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "exists" });
    expect(submits()).toHaveLength(1);
  },
);

test("a daemon that takes its time is unknown when ours is over", async () => {
  answers["POST"] = () => {};
  expect(await open(0.3).submit(KEY, ARTIFACT)).toEqual({
    ...{ kind: "unknown", reason: "slurmrestd: no whole answer in 0.3 s" },
  });
  expect(await executor.find(KEY)).toEqual({ kind: "unknown" });
  seconds += 61;
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
});

test.each<[string, Answer]>([
  ["partition", refuse("Invalid partition name specified", 2000)],
  ["node configuration", refuse("Requested node configuration is not available", 2014)],
  ["word that it does not know", refuse("Failure during parsing", 9001, 400)],
])("a %s that the cluster does not have is refused for good", async (_, answer) => {
  answers["POST"] = answer;
  expect(await executor.submit(KEY, ARTIFACT)).toMatchObject({ kind: "rejected" });
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
});

test.each<[string, Answer]>([
  ["a controller that is away", refuse("Unable to contact slurm controller (connect failure)", 1800)],
  ["a token that has expired", refuse("Authentication failure", 9204, 401)],
])("%s has no job: asked again at once", async (_, answer) => {
  answers["POST"] = answer;
  expect(await executor.submit(KEY, ARTIFACT)).toMatchObject({ kind: "unknown" });
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
  answers = {};
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
});

test.each<[string, Answer]>([
  ["is lost", hangUp],
  ["is an error", refuse("Unable to contact slurm controller", 1800)],
  [
    "is an error with a list",
    (asked, response) => say({ ...queued(), errors: [{ error: "half" }] })(asked, response),
  ],
  ["is no JSON", say("jobs")],
  ["is null", say("null")],
  ["has no jobs", say({ errors: [] })],
  ["has a job without a number", say({ errors: [], jobs: [{ job_state: "RUNNING", name: "x" }] })],
  ["has a state that is none", say({ errors: [], jobs: [{ job_id: 1, job_state: ["RUNNING"], name: "x" }] })],
  ["leads elsewhere", (_, response) => response.writeHead(302, { Location: "http://127.0.0.1:1/" }).end()],
])("a list whose answer %s is none, and no reason to submit anything", async (_, answer) => {
  await executor.submit(KEY, ARTIFACT);
  answers["GET"] = answer;
  await expect(executor.list()).rejects.toThrow("slurmrestd");
  await expect(executor.submit("b.1.east", ARTIFACT)).rejects.toThrow("slurmrestd");
  expect(submits()).toHaveLength(1);
});

test("any JSON is a list or refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const ask = async () => ({ kind: "answered", status: 200, text: JSON.stringify(value) }) as const;
      const queue = jobsByRest({ ask, user: "bace", launches: "/s/launches" }).queue();
      await expect(queue.then((found) => found.size)).rejects.toThrow("no list of jobs");
    }),
  );
});

test("jobs of others are not ours, whatever they are called", async () => {
  const job = { job_id: 7, job_state: "RUNNING", name: `bace-${KEY}`, user_name: "bace" };
  const at = `${folder}/launches/${KEY}`;
  const others = [
    { ...job, current_working_directory: at, user_name: "eve" },
    { ...job, current_working_directory: "/other" },
    { job_id: 8, job_state: "QUANTUM", name: null, current_working_directory: null },
    { ...job, name: "bace-../x", current_working_directory: at },
  ];
  answers["GET"] = say({ errors: [], jobs: others });
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
  answers["GET"] = say({ errors: [], jobs: [...others, { ...job, current_working_directory: at }] });
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
});

test("a state that nobody knows concludes nothing", async () => {
  await executor.submit(KEY, ARTIFACT);
  jobs[0]!.job_state = "QUANTUM";
  expect(await executor.find(KEY)).toEqual({ kind: "unknown" });
});

test("cancelling: SIGUSR1 to what runs, nothing but the end for what waits, and the end when the grace is over", async () => {
  await executor.submit(KEY, ARTIFACT);
  await executor.cancel(KEY);
  expect(told()).toEqual(["/slurm/v0.0.38/job/1?signal=USR1"]);
  seconds += 80;
  await executor.cancel(KEY);
  expect(told().slice(1)).toEqual(["/slurm/v0.0.38/job/1"]);
  await executor.submit("b.1.east", ARTIFACT);
  jobs[1]!.job_state = "PENDING";
  await executor.cancel("b.1.east");
  expect(told().slice(2)).toEqual(["/slurm/v0.0.38/job/2"]);
});

test("a token is read for every request, and told to nobody", async () => {
  await executor.list();
  writeFileSync(join(root, "token"), "second\n");
  await executor.list();
  expect(seen.map(({ headers }) => headers["x-slurm-user-token"])).toEqual([TOKEN, "second"]);
  writeFileSync(join(root, "token"), "two words: a secret\n");
  const problem = await executor.list().catch((error: Error) => error.message);
  expect(problem).toBe(`slurmrestd: there is no token in ${join(root, "token")}`);
  expect(seen).toHaveLength(2);
});

test("no more than two answers are held at a time: each may be all that a cluster has", async () => {
  const held: ServerResponse[] = [];
  let most = 0;
  answers["GET"] = (asked, response) => {
    most = Math.max(most, held.push(response));
    setTimeout(() => {
      held.splice(held.indexOf(response), 1);
      say(queued())(asked, response);
    }, 20);
  };
  await Promise.all(["a", "b", "c", "d", "e"].map((name) => executor.find(`${name}.1.east`)));
  expect([seen.length, most]).toEqual([5, 2]);
});

test("nobody there, and an answer without end", async () => {
  rest = { user: "bace", socket: join(root, "none.socket") };
  await expect(open().list()).rejects.toThrow("slurmrestd: ENOENT");
  const flood = createRestClient({ url, user: "bace", tokenFile: join(root, "token") });
  answers["GET"] = (_, response) => {
    const more = (): boolean => response.write("x".repeat(1e6)) && more();
    response.on("drain", more);
    more();
  };
  expect(await flood({ method: "GET", path: "/" })).toEqual({
    ...{ kind: "no-answer", isRead: true, reason: "an answer of more than 64 MB" },
  });
});

test("files of a launch go by the folder", async () => {
  await executor.submit(KEY, ARTIFACT);
  expect(readFileSync(join(folder, "launches", KEY, "command"), "utf8")).toContain("\n--steps\n");
});

test("a daemon that submits as another account than the settings say: nothing is concluded, and it is said why", async () => {
  account = "slurm";
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
  await expect(executor.list()).rejects.toThrow("slurmrestd submits as slurm, not as bace: mend rest.user");
  await expect(executor.find(KEY)).rejects.toThrow("rest.user");
});
