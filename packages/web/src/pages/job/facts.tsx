// What a job has used so far, and what of it is saved.
import { duration, energy, figure, loss, money, UNKNOWN } from "@bace-pipe/core/format";
import type { ReactNode } from "react";
import type { JobView } from "../../api.ts";
import { Waited } from "../../parts/waited.tsx";

export function Facts({ job }: { readonly job: JobView }) {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Submitted", <When key="submitted" seconds={job.submittedSeconds} />],
    ["Waited", <Waited key="waited" job={job} />],
    ["Started", <When key="started" seconds={job.startedSeconds} />],
    ["Ended", <When key="ended" seconds={job.endedSeconds} />],
    ["JCT", duration(job.jctSeconds)],
    ["Loss", `${loss(job.firstLoss)} → ${loss(job.lastLoss)}`],
    [
      "Checkpoint",
      job.committedStep === null ? "none yet" : `step ${job.committedStep} of ${job.iterations}`,
    ],
    ["Electricity", money(job.electricityUsd)],
    ["Energy", energy(job.energyKwh)],
    ["GPU time", `${figure(job.gpuSeconds / 3600)} GPU h`],
  ];
  return (
    <section className="card" aria-labelledby="facts">
      <h2 id="facts">So far</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function When({ seconds }: { readonly seconds: number | null }) {
  if (seconds === null) return UNKNOWN;
  const date = new Date(1000 * seconds);
  return <time dateTime={date.toISOString()}>{date.toLocaleString()}</time>;
}
