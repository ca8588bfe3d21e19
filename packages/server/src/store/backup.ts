// Backups: the log as JSON lines, in a file that can be checked without anything else.
//
//   {"format":"bace-pipe-log","formatVersion":1,"version":"0.1.0","createdAtSeconds":1800000000,"seq":2}
//   {"base":{…}}                                           only of a log that retention has thinned out: a snapshot
//   {"seq":1,"atSeconds":…,"kind":"fleet-loaded",…}        every event, in order
//   {"seq":2,…}
//   {"events":2,"sha256":"…"}                              of all lines before it
//
// Secrets of launches are kept, those of epochs that are over too: a backup must lead to the very state it was made from,
// and its hash be comparable with that of the service. The key of an epoch that is over opens nothing (gate.ts), those
// of live ones are needed by their ranks. So the file is its owner's alone (0600).
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Event, Snapshot } from "@bace-pipe/core";

export const BACKUP_FORMAT = "bace-pipe-log";
const FORMAT_VERSION = 1;
const PAGE = 1000;

export interface LogPage {
  /** Of the newest event there was when it was read. */
  readonly seq: number;
  /** Of the first page of a thinned log. */
  readonly base: Snapshot | null;
  readonly events: readonly Event[];
}

export interface BackupHeader {
  readonly format: typeof BACKUP_FORMAT;
  readonly formatVersion: number;
  /** Of the program that wrote it. */
  readonly version: string;
  readonly createdAtSeconds: number;
  /** Of the last event. */
  readonly seq: number;
}

export interface Backup {
  readonly header: BackupHeader;
  readonly base: Snapshot | undefined;
  readonly eventCount: number;
  /** Of the whole log, as in the last line. */
  readonly sha256: string;
  /** Read afresh each time. */
  pages(): AsyncIterable<readonly Event[]>;
}

export class BackupError extends Error {
  readonly code: "not-a-backup" | "newer-backup" | "torn-backup" | "log-changed";

  /** @param message what is wrong, and where. */
  constructor(code: BackupError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Writes what there is when it begins; events that come meanwhile are left out. The file is complete, or not there.
 * @param read events with a greater seq, some at a time
 */
export async function writeBackup(
  path: string,
  about: Pick<BackupHeader, "version" | "createdAtSeconds">,
  read: (afterSeq: number) => Promise<LogPage>,
): Promise<{ readonly seq: number; readonly eventCount: number; readonly sha256: string }> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const hash = createHash("sha256");
  const file = await open(temporary, "wx", 0o600);
  try {
    const write = async (values: readonly unknown[]) => {
      if (values.length === 0) return;
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
      hash.update(text);
      await file.appendFile(text);
    };
    let page = await read(0);
    const { base, seq } = page;
    const order = orderOf(seq, base);
    await write([
      { format: BACKUP_FORMAT, formatVersion: FORMAT_VERSION, ...about, seq } satisfies BackupHeader,
    ]);
    if (base) await write([{ base }]);
    let eventCount = 0;
    for (;;) {
      const events = page.events.filter((event) => event.seq <= seq);
      for (const event of events) order.take(event, (problem) => new BackupError("log-changed", problem));
      await write(events);
      eventCount += events.length;
      const last = events.at(-1);
      if (!last || last.seq === seq) break;
      page = await read(last.seq);
    }
    order.end((problem) => new BackupError("log-changed", problem));
    const sha256 = hash.digest("hex");
    await file.appendFile(`${JSON.stringify({ events: eventCount, sha256 })}\n`);
    await file.sync();
    await file.close();
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return { seq, eventCount, sha256 };
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Reads a backup to its end and checks it: order, count and hash. Throws a BackupError that says what is wrong, and where. */
export async function readBackup(path: string): Promise<Backup> {
  const hash = createHash("sha256");
  let header: BackupHeader | undefined;
  let base: Snapshot | undefined;
  let order = orderOf(0, null);
  let eventCount = 0;
  let end: { readonly events: number; readonly sha256: string } | undefined;
  for await (const { number, text, isWhole } of linesOf(path)) {
    const torn = (problem: string) => new BackupError("torn-backup", `line ${number}: ${problem}`);
    if (end) throw torn("there is more after the line that ends a backup");
    const value = parsed(text);
    if (number === 1) {
      header = checkedHeader(value);
      order = orderOf(header.seq, null);
    } else if (!value || !isWhole) {
      throw torn("it is cut off, or no JSON: the file is torn here");
    } else if ("sha256" in value) {
      end = value as unknown as typeof end;
      continue;
    } else if ("base" in value && number === 2) {
      base = value["base"] as Snapshot;
      order = orderOf(header!.seq, base);
    } else {
      order.take(value as unknown as Event, torn);
      eventCount++;
    }
    hash.update(`${text}\n`);
  }
  if (!header) throw new BackupError("not-a-backup", "the file is empty");
  if (!end)
    throw new BackupError("torn-backup", `the file ends after ${eventCount} events, without its last line`);
  order.end((problem) => new BackupError("torn-backup", problem));
  if (end.events !== eventCount)
    throw new BackupError(
      "torn-backup",
      `${eventCount} events, of ${end.events} that its last line speaks of`,
    );
  const sha256 = hash.digest("hex");
  if (end.sha256 !== sha256)
    throw new BackupError("torn-backup", "its SHA-256 is not that of its last line: somebody has changed it");
  return { header, base, eventCount, sha256, pages: () => pagesOf(path) };
}

/** What is not there up to the base was deleted; from there on every event is. */
function orderOf(seq: number, base: Snapshot | null) {
  const from = base?.seq ?? 0;
  let last = 0;
  return {
    take(event: Event, complain: (problem: string) => BackupError) {
      const follows = event.seq > last && (event.seq === Math.max(last, from) + 1 || event.seq <= from);
      if (!follows) throw complain(`event ${event.seq} does not follow ${Math.max(last, from)}`);
      last = event.seq;
    },
    end(complain: (problem: string) => BackupError) {
      const reached = Math.max(last, from);
      if (reached !== seq) throw complain(`the last event is ${reached}, of ${seq}`);
    },
  };
}

function checkedHeader(value: Record<string, unknown> | undefined): BackupHeader {
  if (value?.["format"] !== BACKUP_FORMAT)
    throw new BackupError("not-a-backup", "line 1: it is not the beginning of a backup of this program");
  const header = value as unknown as BackupHeader;
  if (header.formatVersion > FORMAT_VERSION)
    throw new BackupError("newer-backup", `version ${header.version} wrote it: use that, or a newer one`);
  return header;
}

async function* pagesOf(path: string): AsyncIterable<readonly Event[]> {
  let page: Event[] = [];
  for await (const { number, text } of linesOf(path)) {
    const value = parsed(text)!;
    if (number === 1 || "sha256" in value || (number === 2 && "base" in value)) continue;
    page.push(value as unknown as Event);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Whether the file goes on to the line's end. */
  readonly isWhole: boolean;
}

/** Only "\n" ends a line: text in events may hold what Unicode takes for one. */
async function* linesOf(path: string): AsyncIterable<Line> {
  let rest = "";
  let number = 0;
  for await (const chunk of createReadStream(path, "utf8")) {
    const lines = (rest + (chunk as string)).split("\n");
    rest = lines.pop()!;
    for (const text of lines) yield { number: ++number, text, isWhole: true };
  }
  if (rest !== "") yield { number: ++number, text: rest, isWhole: false };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** So that the new name is there after a power failure too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().catch(() => {}); // not every file system can
  await handle.close();
}
