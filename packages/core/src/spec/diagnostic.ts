// What is wrong with an input, where, and what to do about it: a value, never an exception. One catalogue of codes.

export const CODES = {
  "yaml-syntax": "The file is not valid YAML.",
  "invalid-field": "A field is missing, unknown, of the wrong type or out of range.",
  "unknown-region": "A link names a region that the fleet does not have.",
  "unknown-gpu-type":
    "A region or a profile names a GPU type that neither the file nor the built-in table has.",
  "unknown-tenant": "A job is of a tenant that the fleet does not list.",
  "unknown-class": "A job names a priority class that the fleet does not have.",
  "unknown-model": "A job names a model that is not a preset.",
  "profile-mismatch": "A job's profile was measured with another model, or trained in another way.",
  "job-without-training": "A job that is to be run says nothing to train.",
  "unknown-link": "A disruption changes a link that the fleet does not have.",
  "file-not-read": "A file that a scenario or a job names is not there, or cannot be read.",
  "duplicate-name": "Two regions, links or jobs have the same name.",
  "job-does-not-fit-memory": "No number of stages makes the model fit in the fleet's GPUs.",
  "job-larger-than-any-path":
    "No path of regions has the GPUs that the job needs behind links that are fast enough.",
  "csv-syntax": "The file is not valid CSV, or a row does not fit the header.",
  "csv-column": "A CSV file lacks a column, or a column's name does not say its unit.",
  "csv-value": "A CSV field is not what its column holds.",
  "series-gap": "An hourly series has no value for some hours.",
  "series-duplicate": "An hourly series has an hour twice.",
  "series-window": "An hourly series does not cover the time that is asked for.",
  "unmeasured-link": "Nobody measured the network between two regions.",
  "odd-measurement": "Two measurements of the same thing contradict each other.",
  "rows-left-out": "Rows of a file were not used.",
} as const;

export type DiagnosticCode = keyof typeof CODES;

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Path of the field, such as `links[2].from`; empty for the whole file. */
  readonly field: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Nobody reads more at once. */
const MOST_COMPLAINTS = 20;

/** The first complaints; the last of them says how many more there are. */
export function firstComplaints(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const more = diagnostics.length - MOST_COMPLAINTS;
  return diagnostics
    .slice(0, MOST_COMPLAINTS)
    .map((one, i) =>
      more > 0 && i === MOST_COMPLAINTS - 1 ? { ...one, message: `${one.message} (and ${more} more)` } : one,
    );
}

/** The nearest known name, if one is near enough to be a typing error. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** A hint that names the nearest known name, or all of them. */
export function nameHint(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known);
  return near === undefined ? `known: ${known.join(", ")}` : `did you mean "${near}"?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitution));
    }
    row = next;
  }
  return row[b.length]!;
}
