// HiGHS on a thread of its own: the mixed-integer programme of a job shop, incumbents as they come.
import { parentPort } from "node:worker_threads";
import { type ExactStatus, endOf } from "@bace-pipe/core/pipeline";
import highsLoader, { type Highs, type ModelData } from "highs";
import { columnsOf, type Milp, milp, startsOf } from "./milp.ts";
import type { Report, Task } from "./thread.ts";

const report = (message: Report) => parentPort!.postMessage(message);

/** The package's types are read as CommonJS, where the default export is a property; what is imported is the module's. */
const load = highsLoader as unknown as typeof highsLoader.default;

let loading: Promise<Highs> | undefined;

parentPort!.on("message", async (task: Task) => {
  loading ??= load();
  report({ kind: "done", status: solve(await loading, task) });
});

function solve(highs: Highs, { knownBound = 0, model, timeLimitSeconds, warmStart }: Task): ExactStatus {
  const latestEnd = warmStart ? endOf(model, warmStart) : model.horizon;
  const programme = milp(model, latestEnd, knownBound);
  // An order that no window allows: nothing ends by then.
  if (programme.columnLower.some((lower, column) => lower > programme.columnUpper[column]!))
    return "infeasible";
  const solver = highs.createModel(modelData(programme));
  try {
    solver.options.set({
      output_flag: false,
      time_limit: timeLimitSeconds,
      mip_rel_gap: 0,
      mip_abs_gap: 0.5,
    });
    if (warmStart) solver.setSolution({ colValue: columnsOf(model, programme, warmStart) });
    const { callbackType, modelStatus } = highs.constants;
    const takeBound = (bound: unknown) => {
      if (typeof bound === "number" && Number.isFinite(bound)) report({ kind: "bound", bound });
    };
    const { modelStatus: status } = solver.run({
      [callbackType.mipImprovingSolution]: ({ data }) => {
        if (data.mip_solution)
          report({ kind: "starts", starts: startsOf(model, programme, data.mip_solution) });
        return undefined;
      },
      [callbackType.mipInterrupt]: ({ data }) => {
        takeBound(data.mip_dual_bound);
        return undefined;
      },
    });
    if (status === modelStatus.optimal) {
      report({ kind: "starts", starts: startsOf(model, programme, solver.getSolution().colValue) });
      takeBound(solver.info.get("mip_dual_bound"));
      return "optimal";
    }
    return status === modelStatus.infeasible ? "infeasible" : "unknown";
  } finally {
    solver.dispose();
  }
}

/** By rows, minimizing the last end. */
function modelData({ columnLower, columnUpper, pairs, rows }: Milp): ModelData {
  const end = columnLower.length - 1 - pairs.length;
  const offsets = [0];
  for (const { columns } of rows) offsets.push(offsets.at(-1)! + columns.length);
  return {
    numCols: columnLower.length,
    numRows: rows.length,
    colCost: columnLower.map((_, column) => (column === end ? 1 : 0)),
    colLower: columnLower,
    colUpper: columnUpper,
    rowLower: rows.map(({ lower }) => lower),
    rowUpper: rows.map(() => Number.POSITIVE_INFINITY),
    matrix: {
      format: "csr",
      numRows: rows.length,
      numCols: columnLower.length,
      starts: offsets,
      indices: rows.flatMap(({ columns }) => columns),
      values: rows.flatMap(({ coefficients }) => coefficients),
    },
    integrality: columnLower.map((_, column) => (column > end ? 1 : 0)),
  };
}
