// The same picture again and again, until Ctrl-C.
import { setTimeout as sleep } from "node:timers/promises";
import { Option } from "commander";
import type { Io } from "../io.ts";
import { createScreen } from "../render/screen.ts";
import { sayDetached } from "./back.ts";
import type { Where } from "./discovery.ts";

const WATCH_SECONDS = 2;

export function watchOption(): Option {
  return new Option("-w, --watch", "again every two seconds, until Ctrl-C");
}

export interface Watching extends Where {
  readonly watch?: boolean;
}

/** Writes what `read` gives, once or again and again. @param command how one comes back, such as "queue" */
export async function shown(
  command: string,
  options: Watching,
  io: Io,
  read: () => Promise<string>,
): Promise<void> {
  if (!options.watch) {
    io.out.write(await read());
    return;
  }
  const screen = createScreen(io.out);
  const stop = new AbortController();
  const stopListening = io.onInterrupt(() => stop.abort());
  try {
    while (!stop.signal.aborted) {
      screen.show(await read());
      await sleep(WATCH_SECONDS * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    sayDetached(`${command} --watch`, options, io);
  } finally {
    stopListening();
  }
}
