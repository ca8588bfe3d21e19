// What the launches of a job write: followed, by region, searched. Shown as text and nothing else.
import { useEffect, useMemo, useRef, useState } from "react";
import type { JobView } from "../../api.ts";
import { linesOf } from "./log-lines.ts";
import { useLogs } from "./use-logs.ts";

/** Earlier ones are found by searching. */
const MOST_LINES = 1000;
/** From the end, which is where somebody reads who is this near. */
const NEAR_PIXELS = 20;

export function Logs({ job }: { readonly job: JobView }) {
  const [chosen, setChosen] = useState<number>();
  const [region, setRegion] = useState("");
  const [search, setSearch] = useState("");
  const [isFollowed, setFollowed] = useState(true);
  const epoch = chosen ?? job.epoch;
  const { files, isKnown, isOver, problems } = useLogs(job.id, epoch, isFollowed);
  const regions = [...new Set(files.map((file) => file.region))];
  // Megabytes, and the page is drawn again twice a second.
  const lines = useMemo(() => linesOf(files, region, search), [files, region, search]);
  const shown = lines.slice(-MOST_LINES);
  const pane = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  const last = shown.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there is something new below.
  useEffect(() => {
    // Who has scrolled up to read is left there.
    if (isFollowed && isAtEnd.current && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [isFollowed, lines.length, last?.text]);
  if (epoch === 0) return null;
  return (
    <section className="card logs" aria-labelledby="logs">
      <h2 id="logs">Logs</h2>
      <div className="buttons">
        {job.epoch > 1 && (
          <label>
            Epoch{" "}
            <select value={epoch} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
              {Array.from({ length: job.epoch }, (_, i) => i + 1).map((number) => (
                <option key={number}>{number}</option>
              ))}
            </select>
          </label>
        )}
        <label>
          Region{" "}
          <select value={region} onChange={(event) => setRegion(event.currentTarget.value)}>
            <option value="">all</option>
            {regions.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Search{" "}
          <input type="search" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <label>
          <input
            type="checkbox"
            checked={isFollowed}
            onChange={({ currentTarget }) => {
              isAtEnd.current = true;
              setFollowed(currentTarget.checked);
            }}
          />{" "}
          follow
        </label>
        <span className="small">
          {lines.length} {lines.length === 1 ? "line" : "lines"}
          {lines.length > shown.length && `, the last ${shown.length} are shown`}
          {files.some(({ isCut }) => isCut) && "; what came before is not here"}
          {isOver && "; all of them have ended"}
        </span>
      </div>
      {[...problems].map(([name, problem]) => (
        <p key={name} className="wrong">
          {name === "" ? "No logs" : `No logs of ${name}`}: {problem}
        </p>
      ))}
      {!isKnown && problems.size === 0 && <p>Asking for logs …</p>}
      {shown.length > 0 && (
        <pre
          ref={pane}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard.
          tabIndex={0}
          role="log"
          aria-live="off"
          aria-labelledby="logs"
          onScroll={({ currentTarget: { clientHeight, scrollHeight, scrollTop } }) => {
            isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PIXELS;
          }}
        >
          {shown.map(({ source, text }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name, and come in their order.
            <span key={i}>
              <span className="source">{source}</span> {text}
              {"\n"}
            </span>
          ))}
        </pre>
      )}
      {isKnown && shown.length === 0 && <p>{search === "" ? "Nothing yet." : "No line has this text."}</p>}
    </section>
  );
}
