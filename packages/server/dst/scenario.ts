// What a run has: a small fleet, a handful of jobs that do not all fit at once, and when people submit and cancel them.
import { type Fleet, POLICIES, type PolicyName, randomStream } from "@bace-pipe/core";
import { parseScenario } from "@bace-pipe/core/spec";

const REGIONS = ["east", "west", "north"];
const MOST_JOBS = 7;
/** Layers of the model: a job has no more stages. */
const MOST_GPUS = 6;
/** In which jobs are submitted. */
const SUBMIT_SECONDS = 200;
const SHARE_CANCELLED = 0.15;
/** Runs in which several jobs are submitted at the same instant, and those jobs of which somebody sends two at once. */
const SHARE_BURSTS = 0.6;
const SHARE_RIVALS = 0.4;
/** Runs with a job that goes on for long after faults have stopped, and how many times longer it is. */
const SHARE_LONG = 0.4;
const TIMES_LONGER = 20;

export interface Submission {
  readonly name: string;
  readonly text: string;
  readonly iterations: number;
  readonly atSeconds: number;
  readonly cancelAtSeconds: number | undefined;
}

export interface Scenario {
  readonly fleet: Fleet;
  readonly policy: PolicyName;
  readonly submissions: readonly Submission[];
}

export function scenarioOf(seed: number): Scenario {
  const draw = randomStream(seed, "scenario");
  const whole = (least: number, most: number) => least + Math.floor(draw() * (most - least + 1));
  const regions = REGIONS.map((name) => ({
    name,
    gpus: whole(1, 4),
    price: (1 + Math.floor(draw() * 30)) / 100,
  }));
  const all = regions.reduce((sum, { gpus }) => sum + gpus, 0);
  const hasTenants = draw() < 0.5;
  const policies = Object.keys(POLICIES) as PolicyName[];
  const submissions = Array.from({ length: whole(2, MOST_JOBS) }, (_, i): Submission => {
    const most = whole(1, Math.min(all, MOST_GPUS));
    const least = whole(1, most);
    const atSeconds = draw() * SUBMIT_SECONDS;
    const cancelled = draw() < SHARE_CANCELLED;
    const cancelAfter = draw() * SUBMIT_SECONDS;
    const iterations = whole(3, 40);
    return {
      name: `job-${i}`,
      text: jobText(`job-${i}`, {
        least,
        most,
        iterations,
        everySteps: whole(1, 10),
        more: hasTenants ? MORE[whole(0, MORE.length - 1)]! : "",
      }),
      iterations,
      atSeconds,
      cancelAtSeconds: cancelled ? atSeconds + cancelAfter : undefined,
    };
  });
  return {
    fleet: fleetOf(regions, hasTenants ? TENANCY : ""),
    policy: policies[whole(0, policies.length - 1)]!,
    submissions: withBursts(seed, withLong(seed, submissions)),
  };
}

/** Some runs with one job that is there to see what becomes of GPUs that are taken away at the end. */
function withLong(seed: number, submissions: readonly Submission[]): readonly Submission[] {
  const draw = randomStream(seed, "long");
  if (draw() >= SHARE_LONG) return submissions;
  const [first, ...others] = submissions as [Submission, ...Submission[]];
  const iterations = TIMES_LONGER * first.iterations;
  const text = first.text.replace(/^iterations: .*$/m, `iterations: ${iterations}`);
  return [{ ...first, text, iterations, cancelAtSeconds: undefined }, ...others];
}

/** Some runs with jobs that come together, and with two of one name of which only one may be accepted. */
function withBursts(seed: number, submissions: readonly Submission[]): readonly Submission[] {
  const draw = randomStream(seed, "bursts");
  if (draw() >= SHARE_BURSTS) return submissions;
  let atSeconds = 0;
  return submissions.flatMap((submission): Submission[] => {
    if (draw() < 0.25 || atSeconds === 0) atSeconds = submission.atSeconds;
    const together = { ...submission, atSeconds };
    if (draw() >= SHARE_RIVALS) return [together];
    const iterations = submission.iterations + 1;
    const text = submission.text.replace(/^iterations: .*$/m, `iterations: ${iterations}`);
    return [together, { ...together, text, iterations }];
  });
}

/** A fleet that lists tenants takes jobs of no others. */
const MORE = ["tenant: lab\n", "tenant: shop\npriorityClass: urgent\n", "tenant: lab\npriorityClass: idle\n"];

/** Quotas that no job alone can exceed. */
const TENANCY = `tenants:
  - {name: lab, weight: 2, gpuQuota: ${MOST_GPUS}}
  - {name: shop, usdPerDayQuota: 1000}
priorityClasses:
  - {name: urgent, value: 10, mayPreempt: true}
  - {name: idle, value: -1, preemptible: true}
`;

function fleetOf(regions: readonly { name: string; gpus: number; price: number }[], tenancy: string): Fleet {
  const pairs = [
    ["east", "west"],
    ["west", "north"],
    ["east", "north"],
  ];
  const parsed = parseScenario(
    `
version: 1
name: simulated
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
${regions.map(({ gpus, name, price }) => `  - {name: ${name}, gpuType: slot, gpus: ${gpus}, priceUsdPerKwh: ${price}}`).join("\n")}
${tenancy}links:
${pairs.map(([a, b]) => `  - {from: ${a}, to: ${b}, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 10 ms}`).join("\n")}
`,
    "simulated.yaml",
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value.fleet;
}

function jobText(
  name: string,
  of: { least: number; most: number; iterations: number; everySteps: number; more: string },
): string {
  return `
name: ${name}
model: tiny-byte
sequenceLength: 64
microbatchSize: 2
microbatches: 8
iterations: ${of.iterations}
minGpus: ${of.least}
maxGpus: ${of.most}
${of.more}training:
  learningRate: 3e-3
  data: {paths: [/texts], suffixes: [.md]}
  checkpoint: {everySteps: ${of.everySteps}}
`;
}
