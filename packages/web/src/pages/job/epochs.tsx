// Each time that the job was placed, and how far its predicted step time was off.
import { duration, share } from "@bace-pipe/core/format";
import { type JobView, PATHS } from "../../api.ts";
import { usePolling } from "../../polling.ts";

const EVERY_MS = 5000;

const HEADINGS = [
  "Steps",
  "Measured step",
  "Predicted",
  "Off by",
  "Predicted with what was measured",
  "Then off by",
];

export function Epochs({ job }: { readonly job: JobView }) {
  const { value } = usePolling<JobView>(
    PATHS.job(job.id),
    job.phase === "ended" ? null : EVERY_MS,
    `${job.phase} ${job.epoch}`,
  );
  const epochs = value?.epochs ?? [];
  if (epochs.length === 0) return null;
  return (
    <section className="card" aria-labelledby="epochs">
      <h2 id="epochs">Epochs: predicted and measured</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page is scrolled by keyboard, too. */}
      <section className="wide" tabIndex={0} aria-label="Table of epochs">
        <table>
          <thead>
            <tr>
              <th scope="col">Epoch</th>
              <th scope="col">Path</th>
              {HEADINGS.map((heading) => (
                <th key={heading} scope="col" data-layout="number">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {epochs.map((each) => (
              <tr key={each.epoch}>
                <th scope="row">{each.epoch}</th>
                <td>{each.regions.join(" → ")}</td>
                <td data-layout="number">{each.steps}</td>
                <td data-layout="number">{duration(each.measuredStepSeconds)}</td>
                <td data-layout="number">{duration(each.predictedStepSeconds)}</td>
                <td data-layout="number">{share(each.predictedError)}</td>
                <td data-layout="number">{duration(each.calibratedStepSeconds)}</td>
                <td data-layout="number">{share(each.calibratedError)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className="small">
        Off by: predicted over measured, less 1; below zero where steps took longer than predicted. What was
        measured are blocks and links.
      </p>
    </section>
  );
}
