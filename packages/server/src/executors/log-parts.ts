// Which bytes of a launch's logs are read: of each file the last ones, or those after a place that the reader knows.
// Shared by executors, which differ in how they read.

/** What somebody wants to read of a launch's logs. */
export interface LogRequest {
  /** Of all its files together, at most. */
  readonly bytes: number;
  /** By name, up to where a file was read before. */
  readonly after?: ReadonlyMap<string, number>;
}

/** What a launch has written into one of its files. Another program wrote the text: nothing about it is certain. */
export interface LogPart {
  /** `rank-3`, `supervisor`. */
  readonly name: string;
  /** Of the text in the file; what the reader asked for began earlier where there was more than fits. */
  readonly fromByte: number;
  readonly toByte: number;
  /** What is not UTF-8 is replaced. */
  readonly text: string;
}

export type LogRange = Omit<LogPart, "text">;

/** Of the names of a folder, those of the worker's logs; the name without the suffix. A launch may have put others there. */
export const LOG_NAME = /^(rank-\d{1,9}|supervisor)\.log$/;

/**
 * The bytes to be read of each file, in the order of their names. Files with news share what may be read in equal parts.
 * @param sizes in bytes, by name
 */
export function logRanges(sizes: ReadonlyMap<string, number>, { after, bytes }: LogRequest): LogRange[] {
  const known = (name: string) => after?.get(name) ?? 0;
  const names = [...sizes.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const fresh = names.filter((name) => sizes.get(name)! > known(name)).length;
  const each = Math.floor(bytes / Math.max(1, fresh));
  return names.map((name) => {
    const toByte = sizes.get(name)!;
    return { name, fromByte: Math.max(Math.min(known(name), toByte), toByte - each), toByte };
  });
}

/** As one text, each file under its name. */
export function logText(parts: readonly LogPart[]): string {
  return parts.map(({ name, text }) => `==> ${name} <==\n${text}`).join("\n");
}
