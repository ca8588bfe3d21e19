// What squeue says: one line per job of the account, its fields separated by bars, the free text last. Names of other
// jobs may hold anything, line breaks too; ours are known by name and working directory, so two services that share an
// account do not meet as long as they do not share a folder.
export interface QueuedJob {
  readonly id: string;
  /** Of the launch. */
  readonly key: string;
  /** In Slurm's words. */
  readonly state: string;
  readonly reason: string;
}

/** Of squeue's option --format. */
export const QUEUE_FORMAT = "%A|%T|%j|%Z|%r";
export const JOB_PREFIX = "bace-";

const JOB = /^(\d+)\|([A-Za-z_]+)\|/;
const OURS = /^(\d+)\|([A-Za-z_]+)\|bace-([a-z0-9-]+\.\d+\.[a-z0-9-]+)\|([^|]*)\|(.*)$/;

/** @param launches folder of all launches. Throws where the text is no list of jobs: nothing may be concluded then. */
export function parseQueue(text: string, launches: string): QueuedJob[] {
  const jobs: QueuedJob[] = [];
  let follows: "ours" | "others" | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const ours = OURS.exec(line);
    if (ours) {
      const [, id, state, key, folder, reason] = ours as unknown as [
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      follows = folder === `${launches}/${key}` ? "ours" : "others";
      if (follows === "ours") jobs.push({ id, key, state, reason });
    } else if (JOB.test(line)) {
      if (line.includes(`|${JOB_PREFIX}`) && line.split("|").length < 5) throw notAList(line);
      follows = "others";
    } else if (follows !== "others") throw notAList(line);
  }
  return jobs;
}

function notAList(line: string): Error {
  return new Error(`squeue has answered with what is no list of jobs: ${JSON.stringify(line.slice(0, 100))}`);
}
