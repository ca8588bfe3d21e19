// Where checkpoints lie, with the worker's fence: whoever begins an epoch shuts out all earlier ones.
export interface Storage {
  /** The step to go on from; undefined for an epoch that a later one has shut out. */
  begin(jobId: string, epoch: number): number | undefined;
  /** Whether it was allowed to. */
  commit(jobId: string, epoch: number, step: number): boolean;
  committedStep(jobId: string): number | undefined;
}

export function createStorage(): Storage {
  const jobs = new Map<string, { epoch: number; step: number | undefined }>();
  return {
    begin(jobId, epoch) {
      const known = jobs.get(jobId) ?? { epoch, step: undefined };
      if (known.epoch > epoch) return undefined;
      jobs.set(jobId, { ...known, epoch });
      return known.step ?? 0;
    },
    commit(jobId, epoch, step) {
      const known = jobs.get(jobId);
      if (known?.epoch !== epoch) return false;
      jobs.set(jobId, { epoch, step });
      return true;
    },
    committedStep: (jobId) => jobs.get(jobId)?.step,
  };
}
