// CP-SAT of OR-Tools (or-tools-wasm, an optional package of 333 MB) on a thread of its own.
import { parentPort } from "node:worker_threads";
import { endOf } from "@bace-pipe/core/pipeline";
import { type CpModel, cpModel } from "./or-tools-model.ts";
import type { Report, Task } from "./thread.ts";

/** What is used of the package; it need not be there for the rest to compile. */
interface CpSat {
  readonly createModel: (model: CpModel) => Promise<Uint8Array>;
  readonly solve: (
    model: Uint8Array,
    parameters: Readonly<Record<string, number>>,
    callbacks: {
      readonly onSolution: (response: Response) => void;
      readonly onBestBound: (bound: number) => void;
    },
  ) => Promise<{ readonly response: Response | null }>;
}

interface Response {
  readonly status?: unknown;
  readonly solution?: readonly (number | bigint | string)[];
  readonly bestObjectiveBound?: number;
}

const PACKAGE = "or-tools-wasm";

const report = (message: Report) => parentPort!.postMessage(message);

parentPort!.on("message", async (task: Task) => {
  const cpSat = await load();
  if (cpSat) await solve(cpSat, task);
});

async function load(): Promise<CpSat | undefined> {
  try {
    const { CpSat } = (await import(`${PACKAGE}/cp-sat`)) as { readonly CpSat: CpSat };
    return CpSat;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    report({ kind: "missing", message: `${PACKAGE} is not installed` });
    return undefined;
  }
}

async function solve(cpSat: CpSat, { knownBound, model, timeLimitSeconds, warmStart }: Task): Promise<void> {
  const latestEnd = warmStart ? endOf(model, warmStart) : model.horizon;
  const plain = cpModel(model, latestEnd, knownBound);
  const hint = warmStart && {
    vars: [...warmStart.keys(), warmStart.length],
    values: [...warmStart, latestEnd],
  };
  const bytes = await cpSat.createModel({ ...plain, ...(hint && { solutionHint: hint }) });
  const takeStarts = ({ solution }: Response) => {
    if (solution?.length)
      report({ kind: "starts", starts: solution.slice(0, model.operations.length).map(Number) });
  };
  const { response } = await cpSat.solve(
    bytes,
    { maxTimeInSeconds: timeLimitSeconds, numWorkers: 1, randomSeed: 1 },
    { onSolution: takeStarts, onBestBound: (bound) => report({ kind: "bound", bound }) },
  );
  if (!response) throw new Error(`${PACKAGE} gave no response`);
  takeStarts(response);
  const status = String(response.status);
  if (status === "OPTIMAL" || status === "FEASIBLE")
    report({ kind: "bound", bound: response.bestObjectiveBound ?? 0 });
  report({ kind: "done", status: STATUS[status] ?? "unknown" });
}

const STATUS: Readonly<Record<string, "optimal" | "feasible" | "infeasible">> = {
  OPTIMAL: "optimal",
  FEASIBLE: "feasible",
  INFEASIBLE: "infeasible",
};
