// Runs tasks on all cores. Every result is appended to a file as it comes, so that an experiment that was interrupted goes
// on where it was: a task whose result is in the file is not run again.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type Task, type TaskResult, taskId } from "./task.ts";

export interface PoolOptions {
  readonly threads: number;
  /** JSON Lines. */
  readonly resultsFile: string;
  readonly progress: (done: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** Results by task id. Rejects with the first error of a task; resolves early, with what there is, when aborted. */
export async function runTasks(
  tasks: readonly Task[],
  { progress, resultsFile, signal, threads }: PoolOptions,
): Promise<ReadonlyMap<string, TaskResult>> {
  const known = readResults(resultsFile);
  const wanted = new Map(tasks.map((task) => [taskId(task), task]));
  const results = new Map([...known].filter(([id]) => wanted.has(id)));
  const toDo = [...wanted].filter(([id]) => !results.has(id)).map(([, task]) => task);
  progress(results.size, wanted.size);
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.mjs", import.meta.url));
    try {
      for (let task = toDo.shift(); task && !signal.aborted; task = toDo.shift()) {
        const result = await ask(worker, task, signal);
        if (!result) return;
        appendFileSync(resultsFile, `${JSON.stringify(result)}\n`);
        results.set(result.task, result);
        progress(results.size, wanted.size);
      }
    } finally {
      toDo.length = 0; // at the end, or an error: no other worker goes on
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, toDo.length) }, work));
  return results;
}

function ask(worker: Worker, task: Task, signal: AbortSignal): Promise<TaskResult | undefined> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      worker.off("message", onMessage).off("error", onError);
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    const onMessage = (result: TaskResult) => done(() => resolve(result));
    const onError = (error: Error) => done(() => reject(new Error(`${taskId(task)}: ${error.message}`)));
    const onAbort = () => done(() => resolve(undefined));
    worker.on("message", onMessage).on("error", onError);
    signal.addEventListener("abort", onAbort);
    worker.postMessage(task);
  });
}

/** A last line that was cut off is left out: its task runs again. */
function readResults(file: string): Map<string, TaskResult> {
  if (!existsSync(file)) return new Map();
  const text = readFileSync(file, "utf8");
  if (text !== "" && !text.endsWith("\n")) appendFileSync(file, "\n");
  const lines = text.split("\n");
  const results = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as TaskResult];
    } catch {
      return [];
    }
  });
  return new Map(results.map((result) => [result.task, result]));
}
