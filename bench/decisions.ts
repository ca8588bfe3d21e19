// Time of one scheduling decision, view included, on a fleet that is busy: most of the queue cannot start. Between two
// decisions a job ends, and another one comes. Everything but the decision itself is the control plane's own reducer.
import { decide } from "../packages/core/src/control/decide.ts";
import type { Fact } from "../packages/core/src/control/event.ts";
import { reduce } from "../packages/core/src/control/reduce.ts";
import { emptyState, type State } from "../packages/core/src/control/state.ts";
import type { Job } from "../packages/core/src/cost/job.ts";
import {
  SEQUENCE_LENGTH,
  STATE_BYTES_PER_PARAMETER,
  STUDY_MODELS,
} from "../packages/core/src/experiment/models.ts";
import type { Fleet } from "../packages/core/src/fleet/fleet.ts";
import { createPolicy, type PolicyName } from "../packages/core/src/scheduler/registry.ts";
import { type RandomStream, randomStream } from "../packages/core/src/simulator/random.ts";
import { SECONDS_PER_DAY, SECONDS_PER_HOUR } from "../packages/core/src/units.ts";
import type { Figure } from "./figures.ts";
import { between, randomFleet } from "./networks.ts";
import { quantile, timed } from "./timing.ts";

const POLICIES: readonly PolicyName[] = ["bace", "bace-plus"];
const REGIONS = [6, 20, 100];
const QUEUED = [10, 1000, 10_000];
const WARM_UP = 100;
const DECISIONS = 400;

export function* decisionFigures(): Iterable<Figure> {
  for (const policy of POLICIES) {
    for (const regionCount of REGIONS) {
      for (const queued of QUEUED) {
        const milliseconds = decisionMilliseconds(policy, regionCount, queued);
        const name = `decision, ${policy}, ${regionCount} regions, ${queued} queued`;
        yield { name: `${name}: median`, value: quantile(milliseconds, 0.5) };
        yield { name: `${name}: p99`, value: quantile(milliseconds, 0.99) };
      }
    }
  }
}

export function decisionMilliseconds(
  policyName: PolicyName,
  regionCount: number,
  queued: number,
  decisions = DECISIONS,
): number[] {
  const random = randomStream(1, `decisions/${regionCount}/${queued}`);
  const fleet = randomFleet(random, regionCount, "mean of ends");
  const policy = createPolicy(policyName);
  const deciding = { policy, timeModel: "1f1b", newLaunchKey: () => "bench" } as const;
  let state: State = emptyState();
  let nowSeconds = 0;
  let drawn = 0;
  const record = (fact: Fact): void => {
    state = reduce(state, { ...fact, seq: state.seq + 1, atSeconds: nowSeconds });
  };
  const submit = (submitSeconds: number): void => {
    record({ kind: "submitted", job: drawJob(random, `job-${drawn++}`, fleet, submitSeconds) });
  };
  const start = (facts: readonly Fact[]): void => {
    for (const fact of facts) {
      record(fact);
      if (fact.kind !== "placed") continue;
      const { epoch, jobId } = fact;
      for (const region of Object.keys(state.jobs.get(jobId)!.epoch!.launches))
        record({ kind: "launch-observed", jobId, epoch, region, status: { kind: "running" } });
      record({ kind: "gang-started", jobId, epoch, addresses: [] });
    }
  };
  const end = (jobId: string): void => {
    const { launches, number: epoch } = state.jobs.get(jobId)!.epoch!;
    const status = { kind: "exited", exitCode: 0 } as const;
    for (const region of Object.keys(launches))
      record({ kind: "launch-observed", jobId, epoch, region, status });
  };

  record({ kind: "fleet-loaded", fleet });
  // The fleet fills up first; then the queue, with what was submitted over the day before now.
  nowSeconds = SECONDS_PER_DAY;
  while (state.queued.size < Math.min(10, queued)) {
    submit(nowSeconds);
    start(decide(state, nowSeconds, deciding).facts);
  }
  while (state.queued.size < queued) submit(between(random, 0, nowSeconds));
  const milliseconds: number[] = [];
  for (let i = -WARM_UP; i < decisions; i++) {
    nowSeconds += (10 * SECONDS_PER_HOUR) / state.active.size;
    const running = [...state.active];
    end(running[Math.floor(random() * running.length)]!);
    while (state.queued.size < queued) submit(nowSeconds);
    const { seconds, value } = timed(() => decide(state, nowSeconds, deciding));
    if (i >= 0) milliseconds.push(seconds * 1000);
    start(value.facts);
  }
  return milliseconds;
}

/** One of the study's models at one of three sequence lengths: 10 minutes to 40 hours on its ideal count of GPUs. */
function drawJob(random: RandomStream, id: string, fleet: Fleet, submitSeconds: number): Job {
  const model = STUDY_MODELS[Math.floor(random() * STUDY_MODELS.length)]!;
  const sequenceLength = SEQUENCE_LENGTH * 2 ** Math.floor(random() * 3);
  const gpu = fleet.regions[0]!.gpuType;
  const forwardSeconds = (2 * model.parameters * sequenceLength) / (0.4 * gpu.peakFlopsPerSecond);
  const microbatches = 128;
  const idealSeconds = 600 * 240 ** random();
  const iterationSeconds = (3 * forwardSeconds * (microbatches + model.layers - 1)) / model.layers;
  return {
    id,
    tenant: "bench",
    submitSeconds,
    work: { kind: "seconds", forwardSeconds, backwardSeconds: 2 * forwardSeconds },
    layers: model.layers,
    headLayers: 0,
    microbatches,
    iterations: Math.ceil(idealSeconds / iterationSeconds),
    activationBytes: 2 * sequenceLength * model.hiddenSize,
    overheadSeconds: 0.0005,
    minGpus: Math.ceil((model.parameters * STATE_BYTES_PER_PARAMETER) / gpu.memoryBytes),
    maxGpus: model.layers,
  };
}
