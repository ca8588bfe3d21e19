// What a person has made of this page, kept by this tab: it outlives a visit of another page, and a reload.
import { EXAMPLES } from "./examples.ts";
import type { Draft } from "./request.ts";

const DRAFT = "bace-scenario";
const QUERY = "bace-simulate";

/** The first example where nothing is kept. */
export function keptDraft(): Draft {
  try {
    const known: unknown = JSON.parse(window.sessionStorage.getItem(DRAFT) ?? "null");
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

export function keepDraft(draft: Draft): void {
  keep(DRAFT, JSON.stringify(draft));
}

/** Policies, seed and time model, as an address says them. */
export function keptQuery(): URLSearchParams {
  return new URLSearchParams(window.sessionStorage.getItem(QUERY) ?? "");
}

export function keepQuery(query: Readonly<Record<string, string>>): void {
  keep(QUERY, new URLSearchParams(query).toString());
}

function keep(key: string, text: string): void {
  try {
    window.sessionStorage.setItem(key, text);
  } catch {
    // Too large to keep: it is lost with the page, as any text field's. What was kept before is of another text.
    window.sessionStorage.removeItem(key);
  }
}
