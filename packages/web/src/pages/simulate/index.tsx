// Simulate: a scenario under several policies, in the browser, as `bace simulate` does it; nothing is sent anywhere.
import "./simulate.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { version } from "../../../package.json";
import { CopyButton } from "../../parts/copy-button.tsx";
import type { PageProps } from "../index.ts";
import { Choices } from "./choices.tsx";
import { Complaints } from "./complaints.tsx";
import { Editor, type EditorHandle } from "./editor.tsx";
import { besideOf, EXAMPLES } from "./examples.ts";
import { keepQuery, keptQuery } from "./kept.ts";
import { opened } from "./opened.ts";
import type { Beside, Request, Settings } from "./request.ts";
import { Results } from "./results.tsx";
import { commandOf, queryOf, settingsOf } from "./settings.ts";
import { Share } from "./share.tsx";
import { State } from "./state.tsx";
import { useDraft } from "./use-draft.ts";
import { useSimulation } from "./use-simulation.ts";

export function SimulatePage({ place: { query } }: PageProps) {
  const [settings, setSettings] = useState<Settings>(() => settingsOf(query.size > 0 ? query : keptQuery()));
  const {
    change: changeDraft,
    draft,
    known,
    problem,
  } = useDraft(query, () => setSettings(settingsOf(query)));
  const [beside, setBeside] = useState<Beside>({});
  useEffect(() => keepQuery(queryOf(settings)), [settings]);
  const { run, running, stop } = useSimulation();
  const editor = useRef<EditorHandle>(null);
  /** Of the simulation that was begun last. */
  const [begun, setBegun] = useState("");
  const asked = JSON.stringify([draft, settings, Object.keys(beside)]);
  const isCurrent = begun === asked;
  const refused = running.kind === "refused" && draft.file in running.texts ? running : undefined;
  const wrongLines = useMemo(
    () => new Set(refused?.diagnostics.flatMap(({ file, line }) => (file === draft.file ? [line] : []))),
    [refused, draft.file],
  );
  const jump: EditorHandle["jump"] = (...place) => editor.current?.jump(...place);
  const start = () => {
    setBegun(asked);
    run(async (): Promise<Request> => {
      return { ...draft, ...settings, version, beside: await besideOf(draft.text, beside) };
    });
  };
  const open = async (files: FileList | null) => {
    const { beside: others, draft: found } = await opened(files ?? []);
    if (found) changeDraft(found);
    setBeside((before) => ({ ...before, ...others }));
  };
  const isRunning = running.kind === "running";
  return (
    <div className="simulate">
      <h1>Simulate</h1>
      <p className="small">
        A scenario under several scheduling policies on a virtual clock. It is computed in this browser;
        nothing of it is sent to the service.
      </p>
      {problem !== undefined && (
        <p role="alert" className="problem">
          <strong>{problem}</strong>
        </p>
      )}
      <div className="asked">
        <section className="card" aria-labelledby="scenario">
          <div className="bar-of-buttons">
            <h2 id="scenario">{draft.file}</h2>
            <label>
              <span className="unseen">Example</span>
              <select
                value=""
                onChange={({ target }) => {
                  const example = EXAMPLES.find(({ file }) => file === target.value);
                  if (example) changeDraft(example);
                }}
              >
                <option value="">Examples</option>
                {EXAMPLES.map(({ file }) => (
                  <option key={file}>{file}</option>
                ))}
              </select>
            </label>
            <label className="button">
              Open files
              <input
                type="file"
                className="unseen"
                multiple
                accept=".yaml,.yml,.json,.csv"
                onChange={({ target }) => {
                  void open(target.files).then(() => {
                    target.value = "";
                  });
                }}
              />
            </label>
            <Share
              key={asked}
              draft={draft}
              settings={settings}
              hasOpened={Object.keys(beside).length > 0}
              known={known}
            />
          </div>
          <Editor
            key={draft.file}
            ref={editor}
            text={draft.text}
            change={(text) => changeDraft({ ...draft, text })}
            wrongLines={wrongLines}
          />
          {Object.keys(beside).length > 0 && (
            <p className="small">Beside it: {Object.keys(beside).join(", ")}</p>
          )}
        </section>
        <section className="card" aria-label="Comparison">
          <Choices settings={settings} change={setSettings} />
          <div className="buttons">
            <button
              type="button"
              className="main"
              disabled={isRunning || settings.policies.length === 0}
              onClick={start}
            >
              Run
            </button>
            <button type="button" disabled={!isRunning} onClick={stop}>
              Stop
            </button>
            <CopyButton label="Copy as command" text={commandOf(draft.file, settings)} />
          </div>
          {settings.policies.length === 0 && <p className="small">Choose a policy or more.</p>}
          <State running={running} />
        </section>
      </div>
      {refused && refused.diagnostics.length > 0 && (
        <section className="card" role="alert">
          <h2>
            {refused.diagnostics.length === 1 ? "1 error" : `${refused.diagnostics.length} errors`} in{" "}
            {draft.file}
          </h2>
          <Complaints
            kind="error"
            diagnostics={refused.diagnostics}
            texts={refused.texts}
            file={draft.file}
            jump={jump}
          />
        </section>
      )}
      {running.kind === "done" && (
        <Results done={running} file={draft.file} isCurrent={isCurrent} jump={jump} />
      )}
    </div>
  );
}
