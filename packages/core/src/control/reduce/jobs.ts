// Jobs that come, and those that are over and forgotten.
import type { JobState, State } from "../state.ts";
import { type MutableState, put } from "./mutable.ts";

/** More than a job has between two backups. */
const SKIPPED_EPOCHS = 1000;

/**
 * The name may be that of a job that was forgotten: its epochs count on from where any forgotten job's have come, so that
 * no launch and no checkpoint of the old one is ever taken for one of its own.
 */
export function newJob(job: JobState["job"], forgottenEpochs = 0): JobState {
  const unused = { electricityUsd: 0, energyKwh: 0, carbonGrams: 0, gpuSeconds: 0 };
  const excused = forgottenEpochs > 0 ? { excusedEpochs: forgottenEpochs } : {};
  return { job, phase: "queued", epochs: forgottenEpochs, ...excused, notBeforeSeconds: 0, ...unused };
}

export function forgetEnded(state: MutableState, jobIds: readonly string[]): void {
  for (const id of jobIds) {
    const known = state.jobs.get(id);
    if (known?.phase !== "ended") continue;
    state.forgottenEpochs = Math.max(state.forgottenEpochs ?? 0, known.epochs);
    state.jobs.delete(id);
  }
}

/**
 * Leaves out numbers of epochs: those that a service gave after the backup name launches and checkpoints that may still be
 * somewhere, and no two epochs of a job are the same. None of them counts as a failure.
 */
export function skipEpochs(state: MutableState): void {
  for (const known of state.jobs.values()) {
    const { epochs, excusedEpochs = 0 } = known;
    put(state, { ...known, epochs: epochs + SKIPPED_EPOCHS, excusedEpochs: excusedEpochs + SKIPPED_EPOCHS });
  }
  state.forgottenEpochs = (state.forgottenEpochs ?? 0) + SKIPPED_EPOCHS;
}

/** Takes a job that has ended out of the state: for simulations, whose memory must not grow with what is over. */
export function forget(state: State, jobId: string): void {
  (state as MutableState).jobs.delete(jobId);
}
