// People: they submit and cancel, ask again until they are answered, and remember what they were promised. And others, who
// send what makes no sense.
import type { Faults } from "./faults.ts";
import type { Submission } from "./scenario.ts";
import type { Timeline } from "./timeline.ts";
import type { Wire } from "./wire.ts";

const ASK_AGAIN_SECONDS = 3;
const HOSTILE_EVERY_SECONDS = 7;

export interface Promises {
  /** Iterations of the job that was accepted under a name. */
  readonly submitted: Map<string, number>;
  readonly cancelled: Set<string>;
  /** What no answer may have said. */
  readonly broken: string[];
}

interface Outside {
  readonly timeline: Timeline;
  readonly wire: Wire;
  readonly faults: Faults;
}

export function send(submissions: readonly Submission[], outside: Outside): Promises {
  const promises: Promises = { submitted: new Map(), cancelled: new Set(), broken: [] };
  const { timeline } = outside;
  for (const submission of submissions)
    timeline.after(submission.atSeconds, () => void follow(submission, promises, outside));
  return promises;
}

async function follow(
  submission: Submission,
  promises: Promises,
  { timeline, wire }: Outside,
): Promise<void> {
  const { cancelAtSeconds, iterations, name, text } = submission;
  const insist = async (path: string, body: object, ...statuses: readonly number[]): Promise<number> => {
    for (;;) {
      const status = (await wire.ask("POST", path, body))?.status;
      if (status !== undefined && statuses.includes(status)) return status;
      await timeline.sleep(ASK_AGAIN_SECONDS);
    }
  };
  const status = await insist("/v1/jobs", { file: `${name}.yaml`, text, directory: "/" }, 201, 409);
  if (status === 409) return; // somebody else has the name
  const other = promises.submitted.get(name);
  if (other !== undefined && other !== iterations) promises.broken.push(`two jobs were accepted as ${name}`);
  promises.submitted.set(name, iterations);
  if (cancelAtSeconds === undefined) return;
  await timeline.sleep(Math.max(0, cancelAtSeconds - timeline.nowSeconds()));
  await insist(`/v1/jobs/${name}/cancel`, {}, 202);
  promises.cancelled.add(name);
}

/** Requests that must be refused, and change nothing. */
export function annoy({ faults, timeline, wire }: Outside, untilSeconds: number): void {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(faults.draw("hostile-request") * from.length)]!;
  const again = () => {
    if (timeline.nowSeconds() > untilSeconds) return;
    if (faults.happens("hostile-request")) {
      const [path, body] = [pick(PATHS), pick(BODIES)];
      void wire.ask("POST", path, body);
    }
    timeline.after(HOSTILE_EVERY_SECONDS, again);
  };
  again();
}

const PATHS = [
  "/v1/launches/job-0/1/telemetry",
  "/v1/launches/job-0/99/telemetry",
  "/v1/launches/job-1/1/rendezvous",
  "/v1/launches/nobody/1/rendezvous",
  "/v1/launches/job-0/-1/telemetry",
  "/v1/jobs",
  "/v1/plan",
  "/v1/nowhere",
];

const REPORT = { rank: 0, sequence: 1, steps: [], links: [], finished: true, committedStep: 1e6 };

const BODIES: readonly unknown[] = [
  {},
  [],
  null,
  { launchKey: "guessed", ...REPORT, memoryPeakBytes: null, peakActivations: null },
  { launchKey: "guessed", rank: 0, host: "10.6.6.6", port: 1, dataHash: null },
  { launchKey: "key-0-0", rank: 10_000, host: "10.6.6.6", port: 1, dataHash: null },
  { launchKey: "x", rank: -1, sequence: 0, steps: [{ step: 1e308, loss: "NaN", stepSeconds: -1 }] },
  { file: "a.yaml", text: "name: [", directory: "/" },
  { file: "a.yaml", text: `name: ${"x".repeat(10_000)}`, directory: "/" },
];
