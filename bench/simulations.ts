// Simulated jobs and events per second on the paper's six regions. An event is a fact that the reducer folds: a job is
// submitted, placed, its launches are seen, its gang starts, its launches end.
import { drawScenario } from "../packages/core/src/experiment/draw.ts";
import { createPolicy, type PolicyName } from "../packages/core/src/scheduler/registry.ts";
import { simulate } from "../packages/core/src/simulator/engine.ts";
import type { Figure } from "./figures.ts";
import { timed } from "./timing.ts";

const JOBS = 2000;
/** Its jobs arrive one by one, with a load of 0.98: a queue builds up now and then. */
const SEED = 1;
const POLICIES: readonly PolicyName[] = ["bace", "bace-plus", "ldf"];

export function simulationFigures(): Figure[] {
  // Latencies play no part in how long a simulation takes: none is measured, all are 125 ms.
  const scenario = drawScenario("paper-like", SEED, { regions: [], links: [] }, { ...SCALE, jobs: JOBS });
  return POLICIES.flatMap((name) => {
    let events = 0;
    const run = () =>
      simulate({
        fleet: scenario.fleet,
        jobs: scenario.jobs,
        policy: createPolicy(name, scenario.policies),
        timeModel: scenario.timeModel,
        onInstant: ({ seq }) => {
          events = seq;
        },
      });
    const { seconds } = timed(run);
    return [
      { name: `simulation, 6 regions, ${JOBS} jobs, ${name}: jobs`, value: JOBS / seconds },
      { name: `simulation, 6 regions, ${JOBS} jobs, ${name}: events`, value: events / seconds },
    ];
  });
}

const SCALE = { gpus: 1, bandwidth: 1 };
