// The plan of a preset model over two regions of real GPUs, as the control plane makes it, and what it counts of memory.
// node large_plan.mjs MODEL GPU GPUS_PER_REGION RECOMPUTATION > plan.json
import { register } from "tsx/esm/api";

register({ tsconfig: false });
const core = await import("../../packages/core/src/index.ts");
const { stageMemoryBytes } = await import("../../packages/core/src/model/index.ts");
const { parseScenario } = await import("../../packages/core/src/spec/index.ts");

const [model, gpuType, gpus, recomputation] = process.argv.slice(2);
const scenario = `version: 1
name: two regions
timeModel: auto
regions:
  - {name: east, gpuType: ${gpuType}, gpus: ${gpus}, priceUsdPerKwh: 0.1}
  - {name: west, gpuType: ${gpuType}, gpus: ${gpus}, priceUsdPerKwh: 0.2}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 100 Gbit/s, latencySeconds: 20 ms}
jobs:
  - name: large
    model: ${model}
    sequenceLength: 4096
    microbatches: 64
    iterations: 1000
    minGpus: ${2 * Number(gpus)}
    recomputation: ${recomputation}
    training: {dtype: bfloat16, warmUpSteps: 100, finalLearningRate: 3e-5, gradientClipNorm: 1, data: {kind: tokens, paths: [/data/tokens.bin]}}
`;
const parsed = parseScenario(scenario, "scenario");
if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
const { fleet, jobs } = parsed.value;
const job = jobs[0];
const placement = {
  regions: [0, 1],
  gpus: [Number(gpus), Number(gpus)],
  hopBitsPerSecond: [10e9],
};
const epoch = { number: 1, placement, launchKey: "secret" };
const plan = core.buildPlan({ job, epoch }, fleet, {
  controlUrl: "http://127.0.0.1:1",
  rendezvousDeadlineSeconds: 60,
  timeModel: "auto",
});
const memoryBytes = fleet.regions[0].gpuType.memoryBytes;
const stageBytes = plan.stages.map(({ embedding, head, layerCount: layers }, stage) =>
  stageMemoryBytes(
    job.memory.shape,
    { layers, embedding, head },
    plan.activationCaps[stage],
    job.memory.options,
  ),
);
process.stdout.write(JSON.stringify({ plan, memoryBytes, stageBytes }));
