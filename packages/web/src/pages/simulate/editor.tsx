// The scenario's text, with line numbers, and the lines marked that something is wrong with.
import { type Ref, useImperativeHandle, useRef, useState } from "react";

export interface EditorHandle {
  /** Selects what is there, in the middle of what is seen. Line and column from 1. */
  jump(line: number, column: number, length: number): void;
}

interface Props {
  readonly text: string;
  change(text: string): void;
  readonly wrongLines: ReadonlySet<number>;
  readonly ref: Ref<EditorHandle>;
}

/** As in the style sheet. */
const LINE_PIXELS = 20;

export function Editor({ change, ref, text, wrongLines }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [scrolledPixels, setScrolledPixels] = useState(0);
  useImperativeHandle(ref, () => ({
    jump(line, column, length) {
      const element = area.current!;
      const start = offsetOf(element.value, line) + column - 1;
      element.focus();
      element.setSelectionRange(start, start + length);
      element.scrollTop = Math.max(0, (line - 0.5) * LINE_PIXELS - element.clientHeight / 2);
      element.scrollLeft = 0;
    },
  }));
  const lines = text.split("\n").length;
  return (
    <div className="editor">
      <div className="gutter" aria-hidden="true">
        <ol style={{ transform: `translateY(${-scrolledPixels}px)` }}>
          {Array.from({ length: lines }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line's number is what it is.
            <li key={i} data-wrong={wrongLines.has(i + 1) || undefined}>
              {wrongLines.has(i + 1) ? "✗ " : ""}
              {i + 1}
            </li>
          ))}
        </ol>
      </div>
      <textarea
        ref={area}
        aria-label="Scenario (YAML)"
        value={text}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        onChange={({ target }) => change(target.value)}
        onScroll={({ currentTarget }) => setScrolledPixels(currentTarget.scrollTop)}
      />
    </div>
  );
}

/** Where a line begins; the end of a text with fewer. */
function offsetOf(text: string, line: number): number {
  let offset = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf("\n", offset);
    if (end < 0) return text.length;
    offset = end + 1;
  }
  return offset;
}
