// Submit: write a job, see what the scheduler would do with it and why, then submit exactly that.
import "./submit.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { whyNot } from "../../live/caller.ts";
import { useCaller, useKnown } from "../../live/index.ts";
import { addressOf, placeOf } from "../../location.ts";
import { Complaints } from "./complaints.tsx";
import { keepDraft, readDraft } from "./draft.ts";
import { Editor } from "./editor.tsx";
import { PlanResult } from "./plan-result.tsx";
import { type JobFile, type Planned, useSubmission } from "./use-submission.ts";

export function SubmitPage() {
  const [source, setSource] = useState<JobFile>(readDraft);
  const [{ busy, notice, planned, refused }, { plan, submit }] = useSubmission();
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => keepDraft(source), [source]);
  const isStale = planned !== undefined && !isSame(planned.source, source);
  const show = (from: number, to: number) => {
    area.current?.focus();
    area.current?.setSelectionRange(from, to);
  };
  const send = async () => {
    const submitted = planned && (await submit(planned));
    // Who has gone elsewhere meanwhile stays there.
    if (!submitted || placeOf(window.location.hash).path[0] !== "submit") return;
    const [only, ...more] = [...submitted.jobIds, ...submitted.existing];
    window.location.hash = addressOf(only !== undefined && more.length === 0 ? ["jobs", only] : ["queue"]);
  };
  return (
    <>
      <h1>Submit</h1>
      <div className="submit">
        <Editor
          area={area}
          source={source}
          isBusy={busy !== ""}
          change={setSource}
          plan={() => void plan(source)}
        />
        <section aria-labelledby="plan" aria-busy={busy !== ""}>
          <h2 id="plan">{refused ? "What is wrong" : "Plan"}</h2>
          <div role="status">
            {notice !== "" && <p className="notice">{notice}</p>}
            {busy === "planning" && <p>Asking the scheduler …</p>}
            {refused && (
              <p className="wrong">
                {refused.problem?.diagnostics
                  ? `${refused.problem.title} ${refused.problem.diagnostics.length} to mend:`
                  : refused.message}
              </p>
            )}
            {busy === "" && !planned && !refused && (
              <p className="small">
                What the scheduler would do with the job now, and why, stands here before anything is
                submitted.
              </p>
            )}
          </div>
          {refused?.problem?.diagnostics && (
            <Complaints diagnostics={refused.problem.diagnostics} show={show} text={refused.source.text} />
          )}
          {planned && (
            <Ready planned={planned} isStale={isStale} isBusy={busy === "submitting"} send={send} />
          )}
        </section>
      </div>
    </>
  );
}

interface ReadyProps {
  readonly planned: Planned;
  readonly isStale: boolean;
  readonly isBusy: boolean;
  readonly send: () => Promise<void>;
}

function Ready({ isBusy, isStale, planned, send }: ReadyProps) {
  const { jobs } = useKnown();
  const refused = whyNot(useCaller(), "submit");
  const { plan } = planned;
  // As it was when the plan came: what is submitted now is soon known, and still the text's own.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  const known = useMemo(() => new Set(jobs.keys()), [plan]);
  return (
    <>
      <PlanResult decisions={plan.decisions} isKnown={(jobId) => known.has(jobId)} />
      <p className="buttons">
        <button
          type="button"
          className="main"
          disabled={isStale || isBusy || refused !== ""}
          onClick={() => void send()}
        >
          {isBusy ? "Submitting …" : "Submit"}
        </button>
        <span className="small">
          {refused !== "" && (
            <>
              {refused} Open the dashboard with one that has the scope submit:{" "}
              <code>bace token create NAME --scope read --scope submit</code>.
            </>
          )}
          {refused === "" &&
            (isStale
              ? "The text has changed since: plan again."
              : `As planned at revision ${plan.revision}, or not at all.`)}
        </span>
      </p>
    </>
  );
}

function isSame(a: JobFile, b: JobFile): boolean {
  return a.text === b.text && a.directory === b.directory && a.file === b.file;
}
