// Files that `bace schedule` leaves behind of the best schedule; checked before the work starts.

import { duration } from "@bace-pipe/core/format";
import {
  chromeTrace,
  lowerSchedule,
  type Pipeline,
  timelinePage,
  timelineSvg,
  torchCsv,
  torchRefusal,
} from "@bace-pipe/core/pipeline";
import {
  legendOf,
  type Measured,
  type Outcome,
  pictureOf,
  rowsOf,
  scheduleColumns,
} from "@bace-pipe/core/shell";
import { badInput } from "../failure.ts";
import type { NamedText } from "../files.ts";
import type { Io } from "../io.ts";
import { checkedTarget, refuseClashes, type Target, writeWhole } from "../simulation/report/files.ts";

export interface FileOptions {
  readonly svg?: string;
  readonly html?: string;
  readonly chromeTrace?: string;
  readonly torchCsv?: string;
  readonly torchCsvComms?: string;
}

type Draw = (pipeline: Pipeline, outcome: Outcome) => string;

const DRAWN: readonly (readonly [name: keyof FileOptions, option: string, draw: Draw])[] = [
  ["svg", "--svg", (pipeline, { best }) => timelineSvg(best.evaluation, pictureOf(pipeline, best))],
  ["html", "--html", page],
  ["chromeTrace", "--chrome-trace", trace],
  ["torchCsv", "--torch-csv", (_, { best }) => forTorch(best, () => torchCsv(best.evaluation.schedule))],
  [
    "torchCsvComms",
    "--torch-csv-comms",
    (_, { best }) => forTorch(best, () => torchCsv(lowerSchedule(best.evaluation.timed, "rendezvous"))),
  ],
];

export interface Files {
  write(pipeline: Pipeline, outcome: Outcome): Promise<void>;
}

/** Throws where a file could not be written, where two are one, and where one is what was read. */
export async function prepareFiles(
  options: FileOptions,
  source: NamedText | undefined,
  io: Io,
): Promise<Files> {
  const targets: { readonly target: Target; readonly draw: Draw }[] = [];
  for (const [name, option, draw] of DRAWN) {
    const file = options[name];
    if (file !== undefined) targets.push({ target: await checkedTarget(option, file, io), draw });
  }
  const nothing = { file: "-", text: "", directory: io.folder };
  await refuseClashes(
    targets.map(({ target }) => target),
    source ?? nothing,
    source && source.file !== "<stdin>" ? source.file : "-",
  );
  return {
    async write(pipeline, outcome) {
      for (const { draw, target } of targets) await writeWhole(target, draw(pipeline, outcome));
    },
  };
}

function page(pipeline: Pipeline, outcome: Outcome): string {
  const { best } = outcome;
  const columns = scheduleColumns(pipeline);
  return timelinePage(best.evaluation, {
    ...pictureOf(pipeline, best),
    title: `${pipeline.ranks} stages × ${pipeline.microbatches} micro-batches: ${best.generator}`,
    facts: factsOf(pipeline),
    candidates: {
      headings: columns.map(({ heading }) => heading.toLowerCase()),
      rows: rowsOf(outcome).map((candidate) => columns.map(({ cell }) => cell(candidate))),
      legend: legendOf(pipeline),
    },
  });
}

/** A value per stage that is the same everywhere is told once. */
function factsOf(pipeline: Pipeline): readonly (readonly [string, string])[] {
  const { chunks, hops, memoryCap, overheadSeconds } = pipeline;
  const each = (values: readonly number[], text: (value: number) => string) =>
    values.every((value) => value === values[0]) ? text(values[0]!) : values.map(text).join(", ");
  const cuts = hops.flatMap(({ latencySeconds, occupancySeconds }, hop) => {
    const told = [
      ...(latencySeconds > 0 ? [`latency ${duration(latencySeconds)}`] : []),
      ...(occupancySeconds > 0 ? [`message ${duration(occupancySeconds)}`] : []),
    ].join(", ");
    return told === "" ? [] : [{ after: hop + 1, told }];
  });
  const areAlike =
    cuts.length > 1 && cuts.length === hops.length && cuts.every(({ told }) => told === cuts[0]!.told);
  const cutText = areAlike
    ? `after each stage: ${cuts[0]!.told}`
    : cuts.map(({ after, told }) => `after ${after}: ${told}`).join("; ");
  return [
    ...(chunks > 1 ? [["chunks per stage", `${chunks}; times and memory are of one`] as const] : []),
    ["forward", each(pipeline.forwardSeconds, duration)],
    ["input gradient", each(pipeline.inputGradSeconds, duration)],
    ["weight gradient", each(pipeline.weightGradSeconds, duration)],
    ...(overheadSeconds > 0 ? [["overhead of a block", duration(overheadSeconds)] as const] : []),
    ["cuts", cutText || "none"],
    ["memory", each(memoryCap, (cap) => (Number.isFinite(cap) ? `${cap} activations` : "no limit"))],
  ];
}

/** Ranks between two cuts are one region. */
function trace({ hops }: Pipeline, { best }: Outcome): string {
  let region = 1;
  const regions = [`region ${region}`];
  for (const { latencySeconds, occupancySeconds } of hops) {
    if (latencySeconds + occupancySeconds > 0) region += 1;
    regions.push(`region ${region}`);
  }
  return `${JSON.stringify(chromeTrace(best.evaluation.timed, region > 1 ? regions : undefined))}\n`;
}

function forTorch({ evaluation, generator }: Measured, csv: () => string): string {
  const reason = torchRefusal(evaluation.schedule);
  if (reason !== undefined)
    throw badInput(
      "not-for-torch",
      `PyTorch cannot run ${generator}: ${reason}`,
      "name another with --generator",
    );
  return csv();
}
