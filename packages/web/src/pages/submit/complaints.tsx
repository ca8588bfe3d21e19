// What the service finds wrong with a job file: where, what, and what to do.
import { type Diagnostic, excerptOf } from "./complaint.ts";

interface Props {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly show: (from: number, to: number) => void;
}

export function Complaints({ diagnostics, show, text }: Props) {
  return (
    <ol className="complaints">
      {diagnostics.map((each, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list comes whole and in its order.
        <Complaint key={i} diagnostic={each} show={show} text={text} />
      ))}
    </ol>
  );
}

function Complaint({
  diagnostic,
  show,
  text,
}: Omit<Props, "diagnostics"> & { readonly diagnostic: Diagnostic }) {
  const { code, column, field, hint, line, message } = diagnostic;
  const excerpt = excerptOf(text, diagnostic);
  return (
    <li>
      <p>
        <strong className="wrong">{message}</strong> <span className="tag">{code}</span>
      </p>
      <p className="small">
        line {line}, column {column}
        {field !== "" && ` (${field})`}{" "}
        {excerpt && (
          <button type="button" onClick={() => show(excerpt.from, excerpt.to)}>
            Go there
          </button>
        )}
      </p>
      {excerpt && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line is scrolled by keyboard, too.
        <pre tabIndex={0}>
          {`${line} | ${excerpt.line}\n`}
          {`${" ".repeat(String(line).length)} | `}
          <span className="wrong">{excerpt.carets}</span>
        </pre>
      )}
      {hint !== "" && <p>What to do: {hint}</p>}
    </li>
  );
}
