// Every schedule of the control plane for 1 to 4 ranks, as plans carry it: lowered for a transport that pushes.
// node schedules.mjs MICROBATCHES > schedules.json; where a generator refuses, `refused` says why.
import { register } from "tsx/esm/api";

register({ tsconfig: false });
const { evaluateSchedule, generateSchedule, lowerSchedule, scheduleNames, stagesOfRank } = await import(
  "../../packages/core/src/pipeline/index.ts"
);

const microbatches = Number(process.argv[2]);

// The delay matters to generators that know times; memory is twice what 1F1B needs.
function pipelineOf(ranks) {
  const each = (value) => Array.from({ length: ranks }, () => value);
  return {
    ranks,
    microbatches,
    chunks: 1,
    forwardSeconds: each(1),
    inputGradSeconds: each(1),
    weightGradSeconds: each(1),
    overheadSeconds: 0,
    hops: Array.from({ length: ranks - 1 }, () => ({ latencySeconds: 0.5, occupancySeconds: 0 })),
    memoryCap: each(2 * ranks),
  };
}

function scheduleOf(generator, ranks) {
  const pipeline = pipelineOf(ranks);
  const generated = generateSchedule(generator, pipeline);
  if (generated.kind === "refused") return { generator, ranks, refused: generated.reason };
  const { schedule, stats, timed } = evaluateSchedule(pipeline, generated.schedule);
  return {
    generator,
    ranks,
    microbatches,
    stages: schedule.stages,
    stagesOfRank: schedule.ranks.map((_, rank) => stagesOfRank(schedule, rank)),
    actions: lowerSchedule(timed, "push").ranks.map((actions) =>
      actions.map(({ kind, stage, microbatch }) => ({ kind, stage, microbatch })),
    ),
    peakActivations: stats.peakActivationsOfRank,
  };
}

const all = scheduleNames.flatMap((generator) => [1, 2, 3, 4].map((ranks) => scheduleOf(generator, ranks)));
process.stdout.write(JSON.stringify(all));
