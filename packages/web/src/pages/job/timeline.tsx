// One optimizer step of the job's pipeline as it was predicted, and below it, over the same axis, as it was measured.
import { duration, share } from "@bace-pipe/core/format";
import { useMemo } from "react";
import { type JobTimeline, type JobView, PATHS } from "../../api.ts";
import { useWidth } from "../../parts/use-width.ts";
import { usePolling } from "../../polling.ts";
import { BLOCK_PIXELS, busySeconds, type StepTimeline, shapeOf, ticksOf } from "./timeline-shape.ts";

const EVERY_MS = 10_000;
/** Names of stages stand left of their rows. */
const NAMES_PIXELS = 120;
/** In that width. */
const MOST_CHARACTERS = 17;
const AXIS_PIXELS = 20;
/** For half of the last time of the axis. */
const END_PIXELS = 24;
const LEAST_PIXELS = 160;
/** At least, from one time of the axis to the next. */
const TICK_PIXELS = 90;

const KINDS = [
  ["F", "forward"],
  ["B", "backward"],
  ["I", "gradient of the input"],
  ["W", "gradient of the weights"],
] as const;

export function Timeline({ job }: { readonly job: JobView }) {
  const { failure, value } = usePolling<JobTimeline>(
    PATHS.ofJob(job.id, "timeline"),
    job.phase === "ended" ? null : EVERY_MS,
    `${job.phase} ${job.epoch}`,
  );
  if (job.epoch === 0) return null;
  return (
    <section className="card" aria-labelledby="timeline">
      <h2 id="timeline">One step of the pipeline</h2>
      {value ? (
        <Timelines timeline={value} />
      ) : (
        <p>{failure ? `No timeline: ${failure.message}` : "Asking for the timeline …"}</p>
      )}
    </section>
  );
}

function Timelines({ timeline }: { readonly timeline: JobTimeline }) {
  const { measured, predicted, schedule, stages, tooManyBlocks } = timeline;
  if (tooManyBlocks)
    return (
      <p>
        A step has {tooManyBlocks.blocks} blocks, and no more than {tooManyBlocks.most} are drawn.
      </p>
    );
  if (!predicted) return <p>Nothing is known of its pipeline.</p>;
  const seconds = Math.max(predicted.makespanSeconds, measured?.makespanSeconds ?? 0);
  const kinds = KINDS.filter(([kind]) => predicted.blocks.some((block) => block.kind === kind));
  return (
    <>
      <p className="small kinds">
        {schedule !== null && <span>Schedule {schedule}</span>}
        {kinds.map(([kind, name]) => (
          <span key={kind}>
            <svg className="kind" aria-hidden="true" viewBox="0 0 12 12">
              <path className={kind} d="M1 1H11V11H1Z" />
            </svg>
            {name}
          </span>
        ))}
        <span>lines: messages between regions</span>
      </p>
      <Row name="Predicted" step={predicted} seconds={seconds} stages={stages} />
      {measured ? (
        <Row
          name="With blocks and links as they were measured"
          step={measured}
          seconds={seconds}
          stages={stages}
        />
      ) : (
        <p className="small">Nothing has been measured of it yet.</p>
      )}
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">Region</th>
              <th scope="col" data-layout="number">
                Computes, predicted
              </th>
              <th scope="col" data-layout="number">
                Measured
              </th>
              <th scope="col" data-layout="number">
                Idle, predicted
              </th>
              <th scope="col" data-layout="number">
                Measured
              </th>
            </tr>
          </thead>
          <tbody>
            {stages.map(({ region, stage }) => (
              <tr key={stage}>
                <th scope="row">{stage}</th>
                <td>{region}</td>
                <td data-layout="number">{duration(busyOf(predicted, stages.length, stage))}</td>
                <td data-layout="number">{duration(busyOf(measured, stages.length, stage))}</td>
                <td data-layout="number">{share(idleOf(predicted, stages.length, stage))}</td>
                <td data-layout="number">{share(idleOf(measured, stages.length, stage))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

interface RowProps {
  readonly name: string;
  readonly step: StepTimeline;
  /** Of the axis. */
  readonly seconds: number;
  readonly stages: JobTimeline["stages"];
}

function Row({ name, seconds, stages, step }: RowProps) {
  const [box, boxWidth = 800] = useWidth<HTMLElement>();
  const width = Math.max(LEAST_PIXELS, boxWidth - NAMES_PIXELS - END_PIXELS);
  const shape = useMemo(() => shapeOf(step, stages, seconds, width), [step, stages, seconds, width]);
  const { makespanSeconds } = step;
  return (
    <figure className="step-timeline" ref={box}>
      <figcaption>
        {name}: a step takes <strong>{duration(makespanSeconds)}</strong>
      </figcaption>
      <svg
        role="img"
        aria-label={`${name}: a step takes ${duration(makespanSeconds)} over ${stages.length} stages; figures by stage are in the table below`}
        viewBox={`${-NAMES_PIXELS} 0 ${width + NAMES_PIXELS + END_PIXELS} ${shape.heightPixels + AXIS_PIXELS}`}
      >
        {ticksOf(seconds, Math.max(2, Math.floor(width / TICK_PIXELS))).map((atSeconds) => (
          <g key={atSeconds} className="tick" transform={`translate(${(width * atSeconds) / seconds} 0)`}>
            <path d={`M0 0V${shape.heightPixels}`} />
            <text y={shape.heightPixels + 14}>{duration(atSeconds)}</text>
          </g>
        ))}
        {stages.map(({ region, stage }) => (
          <text key={stage} className="stage" x={-8} y={shape.tops[stage]! + BLOCK_PIXELS / 2}>
            {stageText(stage, region)}
            <title>{`Stage ${stage}, ${region}`}</title>
          </text>
        ))}
        {shape.blocks.map(({ kind, path }) => (
          <path key={kind} className={kind} d={path} />
        ))}
        <path className="message" d={shape.messages} />
        {shape.names.map(({ key, kind, text, x, y }) => (
          <text key={key} className={`name on-${kind}`} x={x} y={y}>
            {text}
          </text>
        ))}
      </svg>
    </figure>
  );
}

/** What has room beside its row: the stage before all. */
function stageText(stage: number, region: string): string {
  const text = `${stage} ${region}`;
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}

function busyOf(step: StepTimeline | null, stages: number, stage: number): number | null {
  return step && busySeconds(step, stages)[stage]!;
}

function idleOf(step: StepTimeline | null, stages: number, stage: number): number | null {
  return step && 1 - busySeconds(step, stages)[stage]! / step.makespanSeconds;
}
