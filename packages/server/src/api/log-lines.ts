// Parts of logs as people may see them: whole lines, so that neither a letter nor a secret is cut in two by where somebody
// has read to, and without secrets. The worker writes none; what it runs might.
import type { LogPart } from "../executors/log-parts.ts";

/** A line of this length is shown though its end is not there yet. */
const LONG_LINE_BYTES = 4096;
const TOKEN = /bace_[0-9a-f]{12}_[A-Za-z0-9_-]{43}/g;
const REPLACED = "\uFFFD";
const LEFT_OUT = "[secret left out]";

/**
 * The part without a line that began before it, and without one that is not finished.
 * @param readTo where the reader was
 * @param isOver nothing is added any more
 */
export function wholeLines(part: LogPart, readTo: number, isOver: boolean): LogPart {
  let { fromByte, text, toByte } = part;
  if (fromByte > readTo) {
    const end = text.indexOf("\n") + 1;
    fromByte += Buffer.byteLength(text.slice(0, end));
    text = text.slice(end);
  }
  const rest = text.slice(text.lastIndexOf("\n") + 1);
  const isWaitedFor = !isOver && Buffer.byteLength(rest) < LONG_LINE_BYTES;
  // What is no text has another length in the file than here.
  if (isWaitedFor && !rest.includes(REPLACED)) {
    toByte -= Buffer.byteLength(rest);
    text = text.slice(0, text.length - rest.length);
  }
  return { ...part, text, toByte, fromByte: Math.min(fromByte, toByte) };
}

/** @param keys of launches */
export function withoutSecrets(text: string, keys: readonly string[]): string {
  return keys.reduce((shown, key) => shown.replaceAll(key, LEFT_OUT), text.replace(TOKEN, LEFT_OUT));
}
