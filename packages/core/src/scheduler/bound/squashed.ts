// Bounds from a single machine that has all GPUs at once: a job is an area (GPU-seconds, the least of its choices) that
// the machine works off at full speed. Whatever a real schedule does, this machine can imitate.

export interface SquashedJob {
  readonly submitSeconds: number;
  /** GPU-seconds. */
  readonly area: number;
}

/**
 * When each job is worked off if always the one with the shortest area left is worked on (SRPT), which minimises the sum
 * of completion times on one machine with release dates and preemption (Schrage 1968).
 */
export function srptCompletions(jobs: readonly SquashedJob[], gpus: number): number[] {
  const left = jobs.map(({ area }) => area);
  return workOff(jobs, gpus, left, (job) => left[job]!).completions;
}

/**
 * Mean busy times (the instant around which a job's work is centred) if always the job with the shortest whole area is
 * worked on: the order that minimises their sum (Goemans 1997). In a real schedule a job that runs T seconds without a
 * pause ends T/2 after its mean busy time.
 */
export function meanBusyTimes(jobs: readonly SquashedJob[], gpus: number): number[] {
  const left = jobs.map(({ area }) => area);
  return workOff(jobs, gpus, left, (job) => jobs[job]!.area).meanBusy;
}

/** Works areas off one after the other, the lowest key first among those that are there; ties by index. */
function workOff(
  jobs: readonly SquashedJob[],
  gpus: number,
  left: number[],
  key: (job: number) => number,
): { readonly completions: number[]; readonly meanBusy: number[] } {
  const arrivals = [...jobs.keys()].sort((a, b) => jobs[a]!.submitSeconds - jobs[b]!.submitSeconds || a - b);
  const completions = jobs.map(({ submitSeconds }) => submitSeconds);
  const meanBusy = jobs.map(({ submitSeconds }) => submitSeconds);
  const moments = jobs.map(() => 0);
  const there = new Set<number>();
  let now = 0;
  while (arrivals.length > 0 || there.size > 0) {
    if (there.size === 0) now = Math.max(now, jobs[arrivals[0]!]!.submitSeconds);
    while (arrivals.length > 0 && jobs[arrivals[0]!]!.submitSeconds <= now) there.add(arrivals.shift()!);
    const job = [...there].reduce((best, each) =>
      key(each) < key(best) || (key(each) === key(best) && each < best) ? each : best,
    );
    const next = arrivals.length > 0 ? jobs[arrivals[0]!]!.submitSeconds : Number.POSITIVE_INFINITY;
    const end = Math.min(next, now + left[job]! / gpus);
    const done = end === next && next < now + left[job]! / gpus ? (end - now) * gpus : left[job]!;
    moments[job]! += (done * (now + end)) / 2;
    left[job]! -= done;
    now = end;
    if (left[job]! > 0) continue;
    there.delete(job);
    completions[job] = now;
    if (jobs[job]!.area > 0) meanBusy[job] = moments[job]! / jobs[job]!.area;
  }
  return { completions, meanBusy };
}
