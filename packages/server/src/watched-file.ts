// Files that are read again when they change: looked at every few seconds. A file system's own notices differ by system and
// miss files that are replaced by renaming, which is how they should be written.
import { readFileSync, statSync } from "node:fs";
import type { Diagnostic } from "@bace-pipe/core/spec";
import type { Logger } from "pino";
import { isMissing } from "./files.ts";

const EVERY_MILLISECONDS = 2000;
const MOST_BYTES = 4e6;

export interface Watched {
  readonly text: string;
  readonly writtenSeconds: number;
}

/** Undefined where there is nothing to read; a file that is being replaced is there the next time. */
export function readWatched(file: string, logger: Logger): Watched | undefined {
  try {
    const { mtimeMs, size } = statSync(file);
    if (size > MOST_BYTES) {
      logger.error({ file, size }, `${file} changes nothing: it has more than ${MOST_BYTES} bytes`);
      return undefined;
    }
    return { text: readFileSync(file, "utf8"), writtenSeconds: mtimeMs / 1000 };
  } catch (error) {
    if (!isMissing(error)) logger.error(error, `${file} cannot be read`);
    return undefined;
  }
}

/** Says what is wrong with a file: what it said before stays. */
export function changesNothing(file: string, diagnostics: readonly Diagnostic[], logger: Logger): void {
  for (const { code, column, field, hint, line, message } of diagnostics)
    logger.error({ file, line, column, field, code, hint }, `${file} changes nothing: ${message}`);
}

/** Looks every few seconds, one look at a time, until it is stopped. */
export function repeatedly(look: () => Promise<void>, logger: Logger) {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(async () => {
      await look().catch((error: unknown) => logger.error(error, "watched files could not be read"));
      if (timer) start();
    }, EVERY_MILLISECONDS);
    timer.unref();
  };
  return {
    start,
    stop(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
