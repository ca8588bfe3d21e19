// How far long work has come: a bar that is drawn again on a terminal, a line now and then elsewhere.
import { duration, share } from "@bace-pipe/core/format";
import type { Stream } from "../io.ts";
import { createScreen } from "./screen.ts";

/** Between two signs of life where they do not overwrite each other. */
const PLAIN_SECONDS = 15;
/** Between two pictures on a terminal. */
const DRAWN_SECONDS = 0.1;

export interface Progress {
  /** Of `of` that there are; a greater `of` than before is taken as it is. */
  done(count: number, of: number): void;
  /** Takes the bar away. */
  end(): void;
}

export interface ProgressOptions {
  /** Of what, such as "scenarios". */
  readonly noun: string;
  /** Work that takes less says nothing. Default: 0. */
  readonly quietSeconds?: number;
  /** Of any origin; never runs backwards. */
  readonly nowSeconds?: () => number;
}

export function createProgress(
  stream: Stream,
  { noun, nowSeconds = () => performance.now() / 1000, quietSeconds = 0 }: ProgressOptions,
): Progress {
  const screen = createScreen(stream);
  const sinceSeconds = nowSeconds();
  const everySeconds = screen.isTerminal ? DRAWN_SECONDS : PLAIN_SECONDS;
  let first: number | undefined;
  let nextSeconds = quietSeconds;
  let isShown = false;
  return {
    done(count, of) {
      first ??= count;
      const seconds = nowSeconds() - sinceSeconds;
      const isLast = count === of && quietSeconds === 0;
      if (seconds < nextSeconds && !isLast) return;
      nextSeconds = seconds + everySeconds;
      const left = count > first ? ((of - count) * seconds) / (count - first) : undefined;
      const about = left === undefined ? "" : `, about ${duration(left)} left`;
      const text = `${count} of ${of} ${noun}, ${share(count / of)}${about}`;
      if (screen.isTerminal) screen.show(`${bar(count / of)} ${text}\n`);
      else screen.say(text);
      isShown = true;
    },
    end() {
      if (isShown && screen.isTerminal) screen.show("");
    },
  };
}

function bar(part: number): string {
  const full = Math.round(30 * part);
  return `${"█".repeat(full)}${"░".repeat(30 - full)}`;
}
