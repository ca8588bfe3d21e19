// What the parts of a scenario have in common while it is read: where complaints and warnings go, and the files that it
// names. Core does no I/O: the shell gives a reader.
import type { Diagnostic } from "./diagnostic.ts";
import type { NamedText } from "./import/imported.ts";
import type { FieldPath, Source } from "./source.ts";

/** The text of a file by its path as the scenario writes it, or why there is none and what to do. */
export type FileReader = (path: string) => NamedText | { readonly problem: string; readonly hint: string };

export interface ScenarioOptions {
  /** Without it a scenario that names files is refused. */
  readonly readFile?: FileReader | undefined;
  /** Of arrivals that are drawn; 1 where absent. */
  readonly seed?: number | undefined;
  /** A service's clock runs in seconds since 1970, and it can do less; `simulation` where absent. */
  readonly purpose?: "simulation" | "service" | undefined;
}

/** A file that the scenario names: what it says is the text of both. */
export interface ReferencedFile {
  /** As the scenario writes it. */
  readonly path: string;
  readonly text: string;
}

export interface Reading {
  readonly source: Source;
  readonly seed: number;
  readonly purpose: "simulation" | "service";
  readonly diagnostics: Diagnostic[];
  readonly warnings: Diagnostic[];
  /** Fields that were found and only mean something in a simulation. */
  readonly simulationOnly: string[];
  /** Files that were read so far. */
  files(): ReferencedFile[];
  /** The file, or why there is none. */
  readonly read: FileReader;
  /** The same, for the field that names it; complains where it cannot be read. */
  open(path: string, field: FieldPath): NamedText | undefined;
}

export function startReading(source: Source, { purpose, readFile, seed }: ScenarioOptions): Reading {
  const diagnostics: Diagnostic[] = [];
  const opened = new Map<string, ReturnType<FileReader>>();
  const read: FileReader = (path) => {
    const known = opened.get(path);
    if (known) return known;
    const hint = "read the scenario from a file, or write its values out";
    const file = readFile?.(path) ?? { problem: `${path} cannot be read here`, hint };
    opened.set(path, file);
    return file;
  };
  return {
    source,
    seed: seed ?? 1,
    purpose: purpose ?? "simulation",
    diagnostics,
    warnings: [],
    simulationOnly: [],
    read,
    files: () => [...opened].flatMap(([path, file]) => ("text" in file ? [{ path, text: file.text }] : [])),
    open(path, field) {
      const file = read(path);
      if ("text" in file) return file;
      diagnostics.push(source.diagnostic(field, "file-not-read", file.problem, file.hint));
      return undefined;
    },
  };
}
