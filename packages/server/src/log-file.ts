// The service's own log, a line of JSON per entry. Written at once, so that a crash has its last words; a line that cannot
// be written, because the disk is full, is lost: that is no reason to stop, nor to wait until there is room.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type Logger, pino } from "pino";
import { requestMixin } from "./access/request.ts";

export interface LogFile {
  readonly logger: Logger;
  close(): void;
}

export function openLogFile(path: string, level: string): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  let file: number | undefined = openSync(path, "a");
  const destination = {
    write(line: string) {
      if (file === undefined) return;
      try {
        writeSync(file, line);
      } catch {
        // There is nowhere to say so.
      }
    },
  };
  return {
    logger: pino({ level, base: null, mixin: requestMixin }, destination),
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
