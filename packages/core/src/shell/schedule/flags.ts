// A pipeline from a few figures: stages alike, and cuts between some of them.
import type { Pipeline } from "../../pipeline/index.ts";
import { type PipelineInput, pipelineOf, pipelineSchema } from "../../spec/pipeline.ts";
import { BITS_PER_BYTE } from "../../units.ts";
import type { Problem } from "../simulate/report.ts";

export interface PipelineFlags {
  readonly stages: number;
  readonly microbatches: number;
  readonly chunks?: number | undefined;
  /** Seconds of a micro-batch on a stage. */
  readonly forward: number;
  readonly inputGrad: number;
  readonly weightGrad: number;
  /** Seconds of each block besides. */
  readonly overhead: number;
  /** Bytes of a message over a cut. */
  readonly message: number;
  /** Activations; Infinity for no limit, as many as 1F1B needs where absent. */
  readonly memory?: number | undefined;
  readonly cut?: readonly Cut[] | undefined;
}

export interface Cut {
  /** Stages in front of it. */
  readonly after: number;
  readonly latencySeconds: number;
  readonly bitsPerSecond: number;
}

export function pipelineOfFlags(
  flags: PipelineFlags,
): { readonly ok: true; readonly value: Pipeline } | { readonly ok: false; readonly problem: Problem } {
  const { chunks = 1, cut = [], message, microbatches, stages } = flags;
  const { memory = stages * chunks } = flags;
  const wrongCut = cutProblem(cut, stages);
  if (wrongCut) return { ok: false, problem: { code: "invalid-cut", ...wrongCut } };
  const hops = Number.isSafeInteger(stages) && stages > 0 ? stages - 1 : 0;
  const links = Array.from({ length: hops }, () => ({ latencySeconds: 0, occupancySeconds: 0 }));
  for (const { after, bitsPerSecond, latencySeconds } of cut)
    links[after - 1] = { latencySeconds, occupancySeconds: (message * BITS_PER_BYTE) / bitsPerSecond };
  const input: PipelineInput = {
    ...{ stages, microbatches, chunks, links },
    forwardSeconds: flags.forward,
    inputGradSeconds: flags.inputGrad,
    weightGradSeconds: flags.weightGrad,
    overheadSeconds: flags.overhead,
    ...(memory === Number.POSITIVE_INFINITY ? {} : { memoryCap: memory }),
    generator: "auto",
  };
  const checked = pipelineSchema.safeParse(input);
  if (checked.success) return { ok: true, value: pipelineOf(checked.data).pipeline };
  const [issue] = checked.error.issues;
  const [told, hint = "give less"] = issue!.message.split(" — ");
  return {
    ok: false,
    problem: { code: "invalid-option", message: `${issue!.path.join(".")}: ${told}`, hint },
  };
}

function cutProblem(cuts: readonly Cut[], stages: number): Omit<Problem, "code"> | undefined {
  const seen = new Set<number>();
  for (const { after } of cuts) {
    if (!(after >= 1 && after < stages))
      return {
        message: `--cut ${after}: there is no hop after ${after} of ${stages} stages`,
        hint: stages === 1 ? "one stage has nothing to cut" : `give a number from 1 to ${stages - 1}`,
      };
    if (seen.has(after)) return { message: `--cut ${after} is there twice`, hint: "give each cut once" };
    seen.add(after);
  }
  return undefined;
}
