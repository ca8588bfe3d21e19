// From a text to jobs in the queue: planned first, then submitted as planned or not at all.
import { useState } from "react";
import { PATHS, type PlanView, type Problem, post, RefusedError, type Submitted } from "../../api.ts";
import { keyOf } from "./key.ts";

export interface JobFile {
  readonly file: string;
  readonly text: string;
  /** Folder that relative paths start from, on the service's machine. */
  readonly directory: string;
}

export interface Planned {
  readonly source: JobFile;
  readonly plan: PlanView;
  /** The same for the same plan: a submission whose answer was lost may be repeated. */
  readonly key: string;
}

export interface Submission {
  /** What is being waited for. */
  readonly busy: "" | "planning" | "submitting";
  readonly planned?: Planned;
  /** What was refused, and what the service says of it. */
  readonly refused?: { readonly source: JobFile; readonly message: string; readonly problem?: Problem };
  /** Something to know about the plan. */
  readonly notice: string;
}

const NOTHING: Submission = { busy: "", notice: "" };

export interface SubmissionActions {
  plan(source: JobFile): Promise<void>;
  submit(planned: Planned): Promise<Submitted | undefined>;
}

export function useSubmission(): readonly [Submission, SubmissionActions] {
  const [submission, setSubmission] = useState(NOTHING);
  const [actions] = useState(() => createSubmission(setSubmission));
  return [submission, actions];
}

/** @param changed is told what there is to be seen now */
export function createSubmission(changed: (submission: Submission) => void): SubmissionActions {
  /** Of requests: an older one's answer is not shown. */
  let newest = 0;

  const plan = async (source: JobFile, notice = "") => {
    const turn = ++newest;
    changed({ busy: "planning", notice });
    const next = await post<PlanView>(PATHS.plan, source).then(
      (found): Submission => ({ busy: "", notice, planned: { source, plan: found, key: keyOf() } }),
      (error): Submission => ({ ...NOTHING, refused: refusedBy(error, source) }),
    );
    if (turn === newest) changed(next);
  };

  const submit = async (planned: Planned) => {
    const turn = ++newest;
    const { key, plan: found, source } = planned;
    changed({ busy: "submitting", notice: "", planned });
    try {
      const body = { ...source, ifRevision: found.revision };
      const submitted = await post<Submitted>(PATHS.jobs, body, { "Idempotency-Key": key });
      if (turn === newest) changed(NOTHING);
      return submitted;
    } catch (error) {
      if (turn !== newest) return undefined;
      if (!(error instanceof RefusedError)) changed({ busy: "", planned, notice: lostText(error) });
      else if (error.problem?.code === "world-moved") await plan(source, MOVED);
      else changed({ ...NOTHING, refused: refusedBy(error, source) });
      return undefined;
    }
  };

  return { plan: (source) => plan(source), submit };
}

const MOVED =
  "Nothing was submitted: the queue or the fleet has changed since the plan was made. This is the plan for how things are now.";

function lostText(error: unknown): string {
  return `No answer came: ${messageOf(error)}. Submit again: if the jobs are there already, nothing is doubled.`;
}

function refusedBy(error: unknown, source: JobFile): NonNullable<Submission["refused"]> {
  const problem = error instanceof RefusedError ? error.problem : undefined;
  return { source, message: messageOf(error), ...(problem ? { problem } : {}) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
