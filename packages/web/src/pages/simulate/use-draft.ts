// The scenario on the page. It outlives a visit of another page, and a reload; a link brings another one.
import { useEffect, useRef, useState } from "react";
import { EXAMPLES } from "./examples.ts";
import { unpacked } from "./link.ts";
import type { Draft } from "./request.ts";

const KEY = "bace-scenario";

export interface DraftState {
  readonly draft: Draft;
  change(draft: Draft): void;
  /** Set where a link's scenario could not be read. */
  readonly problem: string | undefined;
  /** Says that this is what is here already, in an address of ours. */
  known(packedText: string): void;
}

export function useDraft(query: URLSearchParams): DraftState {
  const [draft, setDraft] = useState<Draft>(kept);
  const [problem, setProblem] = useState<string>();
  const known = useRef<string | undefined>(undefined);
  const packedText = query.get("scenario") ?? undefined;
  const file = query.get("file") ?? "scenario.yaml";
  const change = (next: Draft) => {
    setDraft(next);
    keep(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another link brings another scenario.
  useEffect(() => {
    if (packedText === undefined || packedText === known.current) return;
    let isGone = false;
    void unpacked(packedText).then((text) => {
      if (isGone) return;
      known.current = packedText;
      if (text !== undefined) change({ file, text });
      setProblem(
        text === undefined
          ? "The scenario in this link cannot be read: it was cut off, or changed."
          : undefined,
      );
    });
    return () => {
      isGone = true;
    };
  }, [packedText]);
  return {
    draft,
    change,
    problem,
    known(text) {
      known.current = text;
    },
  };
}

function kept(): Draft {
  try {
    const known: unknown = JSON.parse(window.sessionStorage.getItem(KEY) ?? "null");
    if (isDraft(known)) return known;
  } catch {
    // Somebody else wrote it.
  }
  return EXAMPLES[0]!;
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  return (
    "file" in value && typeof value.file === "string" && "text" in value && typeof value.text === "string"
  );
}

function keep(draft: Draft): void {
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Too large to keep: it is lost with the page, as any text field's.
  }
}
