// Loss and step time over the steps, live.
import { duration, figure, loss } from "@bace-pipe/core/format";
import { useMemo } from "react";
import type { JobView } from "../../api.ts";
import { LineChart } from "../../parts/line-chart.tsx";
import { lineText } from "./steps.ts";
import { useSteps } from "./use-steps.ts";

export function Series({ job }: { readonly job: JobView }) {
  const { isKnown, problem, steps } = useSteps(job);
  const { predictedStepSeconds } = job;
  const at = useMemo(() => steps.map(({ step }) => step), [steps]);
  const losses = useMemo(() => [steps.map((step) => step.loss)], [steps]);
  const times = useMemo(
    () => [steps.map(({ stepSeconds }) => stepSeconds), steps.map(() => predictedStepSeconds)],
    [steps, predictedStepSeconds],
  );
  if (steps.length === 0)
    return (
      <p className="small">
        {isKnown
          ? "No step has been reported yet."
          : problem === ""
            ? "Asking for its steps …"
            : `No steps: ${problem}`}
      </p>
    );
  return (
    <div className="beside even">
      <section className="card" aria-labelledby="loss">
        <h2 id="loss">Loss</h2>
        <LineChart
          text={lineText(
            "Loss",
            steps,
            (step) => step.loss,
            (value) => loss(value),
          )}
          x={at}
          lines={losses}
          names={["loss"]}
          tick={(value) => figure(value)}
          value={(value) => loss(value)}
        />
      </section>
      <section className="card" aria-labelledby="step-time">
        <h2 id="step-time">Step time</h2>
        <LineChart
          text={lineText(
            "Step time",
            steps,
            ({ stepSeconds }) => stepSeconds,
            (value) => duration(value),
          )}
          x={at}
          lines={times}
          names={["measured", "predicted (this epoch)"]}
          tick={(value) => duration(value)}
          value={(value) => duration(value)}
        />
      </section>
    </div>
  );
}
