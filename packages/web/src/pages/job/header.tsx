// Name, phase, what holds besides, and what can be done.
import { type JobView, PATHS, post } from "../../api.ts";
import { part } from "../../format.ts";
import { whyNot } from "../../live/caller.ts";
import { useCaller } from "../../live/index.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { type JobVerb, jobWords } from "../../parts/consequences.ts";
import { Phase, phaseWord } from "../../parts/phase.tsx";

export function Header({ job }: { readonly job: JobView }) {
  const { epoch, id, iterations, priorityClass, step, tenant } = job;
  return (
    <header className="job-header">
      <p className="small">
        <a href={addressOf(["queue"])}>Queue</a> › job
      </p>
      <div className="first">
        <h1>{id}</h1>
        <Phase job={job} />
        <span className="tag">
          tenant <a href={addressOf(["queue"], { tenant })}>{tenant}</a>
        </span>
        {priorityClass !== undefined && <span className="tag">class {priorityClass}</span>}
        {epoch > 1 && <span className="tag">epoch {epoch}</span>}
        <Actions job={job} />
      </div>
      <p className="progress">
        step {step} of {iterations}
        <Bar fraction={part(step, iterations)} />
      </p>
      <Conditions job={job} />
    </header>
  );
}

/** What holds of it besides its phase. */
function Conditions({ job }: { readonly job: JobView }) {
  const { conditions = [], reason } = job;
  const isSaid =
    reason === null ||
    reason === phaseWord(job) ||
    conditions.some(({ message, type }) => type === reason || message.includes(reason));
  if (conditions.length === 0) return isSaid ? null : <p>{reason}</p>;
  return (
    <ul className="conditions">
      {conditions.map(({ message, sinceSeconds, type }) => (
        <li key={type}>
          <strong className={type === "failed" || type === "infeasible" ? "wrong" : undefined}>
            {type.replace("-", " ")}
          </strong>
          : {message}
          {sinceSeconds !== null && (
            <span className="small"> since {new Date(1000 * sinceSeconds).toLocaleString()}</span>
          )}
        </li>
      ))}
      {!isSaid && <li>{reason}</li>}
    </ul>
  );
}

const LABELS = { cancel: "Cancel", hold: "Hold", release: "Release" } as const;

function Actions({ job }: { readonly job: JobView }) {
  const caller = useCaller();
  const { held, id, phase } = job;
  if (phase === "ended") return null;
  const verbs: readonly JobVerb[] = [held ? "release" : "hold", "cancel"];
  const refusals = verbs.map((verb) => whyNot(caller, verb === "cancel" ? "submit" : "operate"));
  return (
    <div className="actions">
      <p className="buttons">
        {verbs.map((verb, i) => (
          <Confirm
            key={verb}
            label={LABELS[verb]}
            what={id}
            refused={refusals[i]!}
            act={() => post(PATHS.ofJob(id, verb))}
          >
            <p>{jobWords(verb, job)}</p>
          </Confirm>
        ))}
      </p>
      {[...new Set(refusals)].filter(Boolean).map((text) => (
        <p key={text} className="small">
          {text}
        </p>
      ))}
    </div>
  );
}
