/**
 * The contract of a pipeline schedule: what each rank does, in which order, and nothing about time.
 *
 * Example: 1F1B with two stages on two ranks and two micro-batches, an action written
 * `<stage><kind><microbatch>`:
 *
 *     { generator: "1f1b", stages: 2, microbatches: 2, rankOfStage: [0, 1],
 *       ranks: [[0F0, 0F1, 0B0, 0B1],
 *               [1F0, 1B0, 1F1, 1B1]] }
 *
 * Lowered for execution, rank 1 becomes `1RECV_F0 1F0 1RECV_F1 1B0 1SEND_B0 1F1 1B1 1SEND_B1`. A schedule
 * holds either no sends and receives at all or every one that crosses ranks. Neighbouring stages on one rank
 * (the turn of a V) exchange nothing. Several stages may share a rank: `rankOfStage` is `[0, 1, 0, 1]` if
 * they are interleaved and `[0, 1, 1, 0]` in a wave.
 *
 * Action names are those of PyTorch's `torch.distributed.pipelining` schedule files; splitting a backward
 * into I and W is from zero-bubble pipelines (arXiv 2401.10241).
 * Where pipelines run in both directions (DualPipe) each stage sits on two ranks, and later micro-batches are those of
 * the second direction: `mirrored`. Gradient reductions of data parallelism are no actions: they follow a stage's last
 * gradient, and the timing pass knows them (`timing.ts`).
 */

/**
 * F forward, B whole backward, I input gradient, W weight gradient. A micro-batch has F and B, or F, I and W.
 */
export type ComputeKind = "F" | "B" | "I" | "W";

/**
 * Kinds of the rank that performs them: `SEND_F` of stage s goes to s+1, `RECV_B` of stage s comes from s+1.
 */
export type CommunicationKind = "SEND_F" | "RECV_F" | "SEND_B" | "RECV_B";

export type ActionKind = ComputeKind | CommunicationKind;

export type Action = {
  readonly kind: ActionKind;
  readonly stage: number;
  readonly microbatch: number;
  /** The rank may run it together with its next action (DualPipe's F&B); timed as one after the other. */
  readonly fused?: true;
};

export type Schedule = {
  /** Name of the generator that made it, for people; no pass reads it. */
  readonly generator: string;
  readonly stages: number;
  readonly microbatches: number;
  /** `ranks[rank][position]`, in the order in which the rank performs its actions. */
  readonly ranks: readonly (readonly Action[])[];
  /** `rankOfStage[stage]`: where each stage's parameters are. */
  readonly rankOfStage: readonly number[];
  /** The second direction: micro-batches from `firstMicrobatch` on run their stages on these ranks. */
  readonly mirrored?: { readonly firstMicrobatch: number; readonly rankOfStage: readonly number[] };
};

/** Rank that works on `microbatch` at `stage`; -1 for a stage that the schedule does not have. */
export function rankOf({ mirrored, rankOfStage }: Schedule, stage: number, microbatch: number): number {
  const owners = mirrored && microbatch >= mirrored.firstMicrobatch ? mirrored.rankOfStage : rankOfStage;
  return owners[stage] ?? -1;
}

/** Stages of a rank, ascending. */
export function stagesOfRank({ mirrored, rankOfStage }: Schedule, rank: number): readonly number[] {
  return rankOfStage.flatMap((owner, stage) =>
    owner === rank || mirrored?.rankOfStage[stage] === rank ? [stage] : [],
  );
}

export function isCommunication(kind: ActionKind): kind is CommunicationKind {
  return kind === "SEND_F" || kind === "RECV_F" || kind === "SEND_B" || kind === "RECV_B";
}

/** Stage at the other end of a send or receive; may lie outside the pipeline if the action is wrong. */
export function peerStage(kind: CommunicationKind, stage: number): number {
  return kind === "SEND_F" || kind === "RECV_B" ? stage + 1 : stage - 1;
}

/** `3F0`, `2SEND_B7`: the cell format of PyTorch's schedule files. */
export function actionName(action: Action): string {
  return `${action.stage}${action.kind}${action.microbatch}`;
}
