// The scenario on the page. It outlives a visit of another page, and a reload; a link brings another one.
import { useEffect, useRef, useState } from "react";
import { replaceQuery } from "../../location.ts";
import { keepDraft, keptDraft } from "./kept.ts";
import { unpacked } from "./link.ts";
import type { Draft } from "./request.ts";

export interface DraftState {
  readonly draft: Draft;
  change(draft: Draft): void;
  /** Set where a link's scenario could not be read. */
  readonly problem: string | undefined;
  /** Says that this is what is here already, in an address of ours. */
  known(packedText: string): void;
}

/** @param arrived called when a link has brought another scenario */
export function useDraft(query: URLSearchParams, arrived: () => void): DraftState {
  const [draft, setDraft] = useState<Draft>(keptDraft);
  const [problem, setProblem] = useState<string>();
  const known = useRef<string | undefined>(undefined);
  const packedText = query.get("scenario") ?? undefined;
  const file = query.get("file") ?? "scenario.yaml";
  const set = (next: Draft) => {
    setDraft(next);
    keepDraft(next);
  };
  const change = (next: Draft) => {
    set(next);
    setProblem(undefined);
    // The address is no longer of what is here: a reload must not bring the old text back.
    if (packedText !== undefined) replaceQuery({});
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another link brings another scenario.
  useEffect(() => {
    if (packedText === undefined || packedText === known.current) return;
    let isGone = false;
    void unpacked(packedText).then((text) => {
      if (isGone) return;
      known.current = packedText;
      if (text !== undefined) {
        set({ file, text });
        arrived();
      }
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
