// What is being written, kept for this tab: a reload, or a look at another page, loses nothing.
import type { JobFile } from "./use-submission.ts";

const KEY = "bace-job-draft";

/** The folder is the service's: "/" makes relative paths wrong on purpose rather than by chance. */
export const EMPTY: JobFile = { file: "job.yaml", text: "", directory: "/" };

export const EXAMPLE = `name: my-job
tenant: library
model: tiny-byte              # a preset, or a shape of your own
sequenceLength: 64
microbatchSize: 2
microbatches: 8               # per optimizer step
iterations: 40
minGpus: 2
maxGpus: 4
training:
  learningRate: 3e-3
  data: {paths: [my-text-folder], suffixes: [.md]}
`;

export function readDraft(): JobFile {
  try {
    const kept = JSON.parse(window.sessionStorage.getItem(KEY) ?? "{}") as Partial<JobFile>;
    return { ...EMPTY, ...kept };
  } catch {
    return EMPTY; // not ours
  }
}

export function keepDraft(draft: JobFile): void {
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Longer than the browser keeps: it stays on the page.
  }
}
