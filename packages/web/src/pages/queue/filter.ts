// Which jobs are shown, and in which order: kept in the address, so that a look at the queue can be sent to somebody.
import type { JobView } from "../../api.ts";
import { phaseWord } from "../../parts/phase.tsx";

export interface Filter {
  /** In its name or reason; "" for all, as in the other fields. */
  readonly text: string;
  readonly tenant: string;
  /** A phase, or how it ended. */
  readonly phase: string;
}

export interface Sort {
  /** Id of a column. */
  readonly by: string;
  readonly isDescending: boolean;
}

export function filterOf(query: URLSearchParams): Filter {
  return {
    text: query.get("text") ?? "",
    tenant: query.get("tenant") ?? "",
    phase: query.get("phase") ?? "",
  };
}

/** "-cost" → by cost, the most first. @param name of the part of the page. */
export function sortOf(query: URLSearchParams, name: string): Sort | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  return { by: text.replace(/^-/, ""), isDescending: text.startsWith("-") };
}

/** Up, down, and as it was: what a press on the head of a column brings. */
export function nextSort(sort: Sort | undefined, by: string): Sort | undefined {
  if (sort?.by !== by) return { by, isDescending: false };
  return sort.isDescending ? undefined : { by, isDescending: true };
}

/** A query with another value; without it where that is empty. */
export function withField(query: URLSearchParams, name: string, value: string): Record<string, string> {
  const fields = Object.fromEntries(query);
  delete fields[name];
  return value === "" ? fields : { ...fields, [name]: value };
}

export function sortText(sort: Sort | undefined): string {
  return sort ? `${sort.isDescending ? "-" : ""}${sort.by}` : "";
}

export function isShown(job: JobView, { phase, tenant, text }: Filter): boolean {
  const wanted = text.trim().toLowerCase();
  return (
    (tenant === "" || job.tenant === tenant) &&
    (phase === "" || phaseWord(job) === phase) &&
    (wanted === "" ||
      job.id.toLowerCase().includes(wanted) ||
      (job.reason?.toLowerCase().includes(wanted) ?? false))
  );
}

/** A figure or a word; null for what is not known, which is last either way. */
export type SortKey = number | string | null;

/** The rows themselves where nothing is asked for. Equal ones stay in the order in which they were. */
export function sorted<Row>(
  rows: readonly Row[],
  keyOf: ((row: Row) => SortKey) | undefined,
  isDescending: boolean,
): readonly Row[] {
  if (!keyOf) return rows;
  const keyed = rows.map((row) => ({ row, key: keyOf(row) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    const order =
      typeof a.key === "number" && typeof b.key === "number"
        ? a.key - b.key
        : COLLATOR.compare(String(a.key), String(b.key));
    return isDescending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

/** job-2 before job-10. */
const COLLATOR = new Intl.Collator("en", { numeric: true });
