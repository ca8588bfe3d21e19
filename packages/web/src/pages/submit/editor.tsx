// The text of a job file: written, uploaded, or begun with an example.
import type { ChangeEvent, KeyboardEvent, RefObject } from "react";
import { EXAMPLE } from "./draft.ts";
import type { JobFile } from "./use-submission.ts";

interface Props {
  readonly area: RefObject<HTMLTextAreaElement | null>;
  readonly source: JobFile;
  readonly isBusy: boolean;
  readonly change: (source: JobFile) => void;
  readonly plan: () => void;
}

export function Editor({ area, change, isBusy, plan, source }: Props) {
  const upload = async ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
    const file = currentTarget.files?.[0];
    if (!file) return;
    const text = await file.text();
    currentTarget.value = ""; // the same file may be chosen again
    change({ ...source, file: file.name, text });
  };
  const canPlan = !isBusy && source.text.trim() !== "";
  const keyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (canPlan) plan();
  };
  const lines = source.text.split("\n").length;
  return (
    <div className="editor">
      <div className="buttons">
        <label className="button">
          Upload a file
          <input
            className="unseen"
            type="file"
            accept=".yaml,.yml,.json,application/json,text/yaml"
            onChange={upload}
          />
        </label>
        {source.text === "" && (
          <button type="button" onClick={() => change({ ...source, file: "job.yaml", text: EXAMPLE })}>
            Begin with an example
          </button>
        )}
      </div>
      <label className="beside-text" htmlFor="job-text">
        Job file, <span className="small">YAML or JSON: {source.file}</span>
      </label>
      <div className="numbered">
        <pre aria-hidden="true">{Array.from({ length: lines }, (_, i) => i + 1).join("\n")}</pre>
        <textarea
          id="job-text"
          ref={area}
          value={source.text}
          rows={Math.min(30, Math.max(16, lines + 1))}
          spellCheck={false}
          wrap="off"
          onChange={({ currentTarget }) => change({ ...source, text: currentTarget.value })}
          onKeyDown={keyDown}
          onScroll={({ currentTarget }) => {
            const numbers = currentTarget.previousElementSibling;
            if (numbers) numbers.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      <label>
        Folder that relative data paths start from, on the service's machine
        <input
          value={source.directory}
          spellCheck={false}
          onChange={({ currentTarget }) => change({ ...source, directory: currentTarget.value })}
        />
      </label>
      <p className="buttons">
        <button type="button" className="main" disabled={!canPlan} onClick={plan}>
          {isBusy ? "Planning …" : "Plan"}
        </button>
        <span className="small">Ctrl+Enter. Nothing is submitted yet.</span>
      </p>
    </div>
  );
}
