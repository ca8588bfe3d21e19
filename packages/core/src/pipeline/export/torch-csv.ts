/**
 * A schedule as the CSV file that PyTorch's pipeline runtime loads:
 * `torch.distributed.pipelining.schedules._PipelineScheduleRuntime._load_csv(file, format)`, PyTorch 2.9 or newer.
 *
 * One row per rank, one cell per action: `0F3`, `0I3`, `0W3`, `0B3`, `0SEND_F3`, `1RECV_F3`. F&B of DualPipeV is one cell,
 * `(0F3;3B1)OVERLAP_F_B`. A schedule without sends and receives is its format "compute_only", to which PyTorch adds its
 * own; a lowered one is "compute_comms", which PyTorch runs as it stands. There each stage's last gradient is followed by
 * `0REDUCE_GRAD`, which scales gradients by the number of micro-batches and starts DDP's reduction; for "compute_only"
 * PyTorch adds that itself.
 * Leaves out `UNSHARD` and `RESHARD`: with FSDP use "compute_only", to which PyTorch adds them. Lower for rendezvous.
 */

import { type Action, actionName, isCommunication, type Schedule } from "../schedule.ts";

/** Why PyTorch's runtime cannot run the schedule, as a sentence for people; undefined if it can. */
export function torchRefusal({ mirrored }: Schedule): string | undefined {
  return mirrored === undefined
    ? undefined
    : "PyTorch keeps each stage on one rank; here pipelines run in both directions, with each stage on two";
}

/** Throws a RangeError on what {@link torchRefusal} refuses. Lines end in a newline. */
export function torchCsv(schedule: Schedule): string {
  const refusal = torchRefusal(schedule);
  if (refusal !== undefined) throw new RangeError(refusal);
  return schedule.ranks.map((actions) => `${cellsOf(actions).join(",")}\n`).join("");
}

function cellsOf(actions: readonly Action[]): readonly string[] {
  const cells: string[] = [];
  const lastGradient = actions.some(({ kind }) => isCommunication(kind)) ? lastGradients(actions) : new Set();
  const reduction = (position: number) =>
    lastGradient.has(position) ? [`${actions[position]!.stage}REDUCE_GRAD`] : [];
  for (let position = 0; position < actions.length; position++) {
    const action = actions[position]!;
    const partner = action.fused ? partnerOf(actions, position) : undefined;
    if (partner === undefined) {
      cells.push(actionName(action), ...reduction(position));
      continue;
    }
    // What stands between the two: receives come before the pair, sends after it.
    const between = actions.slice(position + 1, partner);
    const named = (isWanted: (kind: Action["kind"]) => boolean) =>
      between.filter(({ kind }) => isWanted(kind)).map(actionName);
    cells.push(...named((kind) => kind.startsWith("RECV")));
    cells.push(`(${actionName(action)};${actionName(actions[partner]!)})OVERLAP_F_B`);
    cells.push(...named((kind) => kind.startsWith("SEND")), ...reduction(partner));
    position = partner;
  }
  return cells;
}

/** Position of the rank's next block, if the two are a forward and a whole backward: nothing else has a cell for both. */
function partnerOf(actions: readonly Action[], position: number): number | undefined {
  const partner = actions.findIndex(({ kind }, other) => other > position && !isCommunication(kind));
  return actions[position]!.kind === "F" && actions[partner]?.kind === "B" ? partner : undefined;
}

/** Positions of the last B or W of each stage, or of what it sends: others wait for that, and for no reduction. */
function lastGradients(actions: readonly Action[]): ReadonlySet<number> {
  const byStage = new Map<number, number>();
  for (const [position, { kind, stage }] of actions.entries())
    if (kind === "B" || kind === "W" || kind === "SEND_B") byStage.set(stage, position);
  return new Set(byStage.values());
}
