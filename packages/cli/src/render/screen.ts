// A picture that is drawn again and again: in place on a terminal, otherwise below the last one and only if it changed.
import type { Stream } from "../io.ts";
import { harmless } from "./plain-text.ts";

export interface Screen {
  readonly isTerminal: boolean;
  show(text: string): void;
  /** A line that stays; the next picture is drawn below it. */
  say(text: string): void;
}

const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

export function createScreen(stream: Stream): Screen {
  let shown = "";
  const erase = () => {
    const linesUp = shown.split("\n").length - 1;
    return linesUp > 0 ? `\x1b[${linesUp}A\r` : "\r";
  };
  return {
    isTerminal: stream.isTerminal,
    show(text) {
      if (text === shown) return;
      if (!stream.isTerminal) {
        stream.write(shown === "" ? text : `\n${text}`);
        shown = text;
        return;
      }
      // The cursor cannot go up past the top of the screen: what is taller is cut off, as is what is wider.
      const fitting = text.split("\n").slice(0, stream.rows() - 1);
      const picture = fitting.length < text.split("\n").length ? `${fitting.join("\n")}\n` : text;
      const lines = harmless(picture).replaceAll("\n", `${CLEAR_LINE}\n`);
      stream.draw(`${erase()}${NO_WRAP}${lines}${CLEAR_BELOW}${WRAP}`);
      shown = picture;
    },
    say(text) {
      if (stream.isTerminal) stream.draw(`${erase()}${CLEAR_BELOW}`);
      stream.write(`${text}\n`);
      shown = "";
    },
  };
}
