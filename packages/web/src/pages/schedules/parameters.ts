// What the page schedules: a few figures in the units of its inputs, as part of the address, and as a command.
import { parseQuantity } from "@bace-pipe/core";
import type { PipelineFlags } from "@bace-pipe/core/shell";

/** How an input looks: a number field with a slider beside it. */
export interface Field {
  readonly name: keyof Parameters;
  readonly label: string;
  readonly unit: string;
  readonly least: number;
  /** Of the slider; the number beside it may be more. */
  readonly most: number;
  readonly step: number;
}

export interface Parameters {
  readonly stages: number;
  readonly microbatches: number;
  /** Stages in front of the slow link; 0 for none. */
  readonly cut: number;
  readonly latencyMs: number;
  readonly gbps: number;
  readonly messageMb: number;
  readonly forwardMs: number;
  readonly inputGradMs: number;
  readonly weightGradMs: number;
  /** Activations; 0 for no limit. */
  readonly memory: number;
}

/** Those of the example in docs/guides/schedules.md. */
export const PRESET: Parameters = {
  ...{ stages: 8, microbatches: 32, cut: 4, latencyMs: 20, gbps: 5, messageMb: 16 },
  ...{ forwardMs: 10, inputGradMs: 10, weightGradMs: 10, memory: 8 },
};

export const FIELDS: readonly Field[] = [
  { name: "stages", label: "Stages", unit: "", least: 1, most: 32, step: 1 },
  { name: "microbatches", label: "Micro-batches", unit: "", least: 1, most: 128, step: 1 },
  { name: "forwardMs", label: "Forward", unit: "ms", least: 1, most: 100, step: 1 },
  { name: "inputGradMs", label: "Input gradient", unit: "ms", least: 0, most: 100, step: 1 },
  { name: "weightGradMs", label: "Weight gradient", unit: "ms", least: 0, most: 100, step: 1 },
  { name: "memory", label: "Memory (0: no limit)", unit: "activations", least: 0, most: 64, step: 1 },
  { name: "cut", label: "Cut after (0: none)", unit: "stages", least: 0, most: 31, step: 1 },
  { name: "latencyMs", label: "Latency of the cut", unit: "ms", least: 0, most: 200, step: 1 },
  { name: "gbps", label: "Bandwidth of the cut", unit: "Gbit/s", least: 0.1, most: 100, step: 0.1 },
  { name: "messageMb", label: "Message", unit: "MB", least: 0, most: 256, step: 1 },
];

/** Whether it is a plain number of a sensible length, 0 or more; above 0 where nothing else makes sense. */
export function isFigure({ least }: Pick<Field, "least">, text: string): boolean {
  return /^\d{1,9}(\.\d{1,9})?$/.test(text) && (least === 0 || Number(text) > 0);
}

/** What an address says; what it does not, or not well, is as in the example. */
export function parametersOf(query: URLSearchParams): Parameters {
  const told = FIELDS.flatMap((field) => {
    const { name } = field;
    const text = query.get(name);
    return text !== null && isFigure(field, text) ? [[name, Number(text)] as const] : [];
  });
  return { ...PRESET, ...Object.fromEntries(told) };
}

export function queryOf(parameters: Parameters, drawn: readonly string[]): Readonly<Record<string, string>> {
  const said = FIELDS.map(({ name }) => [name, String(parameters[name])] as const);
  return { ...Object.fromEntries(said), draw: drawn.join(",") };
}

export function flagsOf(parameters: Parameters): PipelineFlags {
  const { cut, gbps, memory, messageMb, microbatches, stages } = parameters;
  return {
    ...{ stages, microbatches, overhead: 0 },
    forward: quantity(parameters.forwardMs, "ms"),
    inputGrad: quantity(parameters.inputGradMs, "ms"),
    weightGrad: quantity(parameters.weightGradMs, "ms"),
    message: quantity(messageMb, "MB"),
    memory: memory === 0 ? Number.POSITIVE_INFINITY : memory,
    ...(cut === 0
      ? {}
      : {
          cut: [
            { after: cut, latencySeconds: quantity(parameters.latencyMs, "ms"), bitsPerSecond: gbps * 1e9 },
          ],
        }),
  };
}

/** As the command line reads the same text: the last bits of a number too. */
function quantity(value: number, unit: "ms" | "MB"): number {
  return parseQuantity(`${value}${unit}`, unit === "ms" ? "seconds" : "bytes") ?? Number.NaN;
}

/** Words of the command that computes the same. */
export function commandOf(parameters: Parameters): readonly string[] {
  const { cut, forwardMs, gbps, inputGradMs, latencyMs, memory, messageMb } = parameters;
  return [
    ...["bace", "schedule", "--stages", `${parameters.stages}`],
    ...["--microbatches", `${parameters.microbatches}`],
    ...(cut === 0 ? [] : ["--cut", `${cut}:lat=${latencyMs}ms,gbps=${gbps}`]),
    ...["--forward", `${forwardMs}ms`, "--input-grad", `${inputGradMs}ms`],
    ...["--weight-grad", `${parameters.weightGradMs}ms`, "--message", `${messageMb}MB`],
    ...["--memory", memory === 0 ? "none" : `${memory}`],
  ];
}
