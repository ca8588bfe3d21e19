// A profile as people read it: what each part of the model takes and keeps, the whole, and how near to the machine's own
// speed that is. FLOPs are counted with a causal mask, as the worker's attention computes.
import { type ModelShape, sliceFlops } from "@bace-pipe/core";
import { duration, figure, share, UNKNOWN } from "@bace-pipe/core/format";
import type { Profile } from "@bace-pipe/core/spec";
import type { Colors } from "../io.ts";
import { type Column, table } from "../render/table.ts";

type Part = Omit<Profile["layer"], "spread" | "rounds">;

interface Row {
  readonly name: string;
  readonly part: Part;
  /** Of a forward; undefined where it is none to speak of. */
  readonly forwardFlops: number | undefined;
  readonly spread: number | undefined;
}

export function profileText(profile: Profile, colors: Colors): string {
  const { boundaryBytes, gpu, machine, overheadSeconds, relativeError } = profile;
  const { matmulFlopsPerSecond, name } = machine;
  const right = { align: "right" } as const;
  const time = (heading: string, field: keyof Part): Column<Row> => ({
    ...{ heading, ...right },
    cell: ({ part }) => duration(part[field]),
  });
  const columns: readonly Column<Row>[] = [
    { heading: "", cell: (row) => row.name },
    time("F", "forwardSeconds"),
    time("B", "backwardSeconds"),
    time("I", "inputGradSeconds"),
    time("W", "weightGradSeconds"),
    time("AGAIN", "recomputationSeconds"),
    time("UPDATE", "updateSeconds"),
    { heading: "SPREAD", ...right, cell: ({ spread }) => share(spread) },
    { heading: "KEPT TO B", ...right, cell: ({ part }) => size(part.activationBytes) },
    { heading: "KEPT TO W", ...right, cell: ({ part }) => size(part.weightGradBytes) },
    {
      heading: "OF MATMUL",
      ...right,
      cell: ({ forwardFlops, part }) =>
        share(
          forwardFlops &&
            (3 * forwardFlops) / ((part.forwardSeconds + part.backwardSeconds) * matmulFlopsPerSecond),
        ),
    },
  ];
  const legend = [
    "F forward, B whole backward, I and W its two parts, again: what recomputation adds, all of one micro-batch. Update: per step.",
    "Spread: between the quartiles, of the widest of the four. Kept: of one micro-batch. Of matmul: share of a plain product's speed.",
  ];
  return [
    `${name}, ${speed(matmulFlopsPerSecond)} by matrix products, as GPU type "${gpu}"; ${trainingText(profile)}\n\n`,
    table(columns, rowsOf(profile), { colors }),
    `\nA block costs ${duration(overheadSeconds)} besides, a message between stages has ${size(boundaryBytes)}.`,
    ` Estimated error: ${share(relativeError)}.\n`,
    colors.dim(`${legend.join("\n")}\n`),
  ].join("");
}

function trainingText({ dtype, machine, microbatchSize, sequenceLength }: Profile): string {
  const sequences = microbatchSize === 1 ? "1 sequence" : `${microbatchSize} sequences`;
  return `micro-batches of ${sequences} of ${sequenceLength} tokens in ${dtype}, PyTorch ${machine.pytorch}`;
}

function rowsOf(profile: Profile): readonly Row[] {
  const { embedding, head, layer, microbatchSize, model, sequenceLength } = profile;
  const flops = (layers: number, withHead: boolean) =>
    sliceFlops(
      model as ModelShape,
      { layers, embedding: false, head: withHead },
      { sequenceLength, microbatchSize, attention: "causal" },
    ).forward;
  const spreadOf = ({ spread }: Profile["layer"]) => Math.max(...Object.values(spread));
  return [
    { name: "embedding", part: embedding, forwardFlops: undefined, spread: spreadOf(embedding) },
    { name: "a layer", part: layer, forwardFlops: flops(1, false), spread: spreadOf(layer) },
    { name: "head, loss", part: head, forwardFlops: flops(0, true), spread: spreadOf(head) },
    {
      name: model.layers === 1 ? "whole, 1 layer" : `whole, ${model.layers} layers`,
      part: wholeOf(profile),
      forwardFlops: flops(model.layers, true),
      spread: undefined,
    },
  ];
}

function wholeOf({ embedding, head, layer, model }: Profile): Part {
  const sum = (field: keyof Part) => embedding[field] + model.layers * layer[field] + head[field];
  return {
    forwardSeconds: sum("forwardSeconds"),
    backwardSeconds: sum("backwardSeconds"),
    inputGradSeconds: sum("inputGradSeconds"),
    weightGradSeconds: sum("weightGradSeconds"),
    updateSeconds: sum("updateSeconds"),
    recomputationSeconds: sum("recomputationSeconds"),
    activationBytes: sum("activationBytes"),
    weightGradBytes: sum("weightGradBytes"),
  };
}

function size(bytes: number): string {
  if (bytes <= 0) return UNKNOWN;
  if (bytes >= 1e9) return `${figure(bytes / 1e9)} GB`;
  return bytes >= 1e6 ? `${figure(bytes / 1e6)} MB` : `${figure(bytes / 1e3)} kB`;
}

function speed(flopsPerSecond: number): string {
  return flopsPerSecond >= 1e12
    ? `${figure(flopsPerSecond / 1e12)} TFLOP/s`
    : `${figure(flopsPerSecond / 1e9)} GFLOP/s`;
}
