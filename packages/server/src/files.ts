// Small JSON files that are complete or absent, whatever happens meanwhile; and small files that others name.
import { randomUUID } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { FileReader } from "@bace-pipe/core/spec";

export async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "w");
  try {
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The parsed file; undefined where there is none, or one that holds no JSON (a disk that was full, somebody's hand). */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whoever submits a job may name any file, and the service waits while it is read. */
const MOST_BYTES = 1e6;

/** Reads small files that a job names, relative to a folder. */
export function readerIn(folder: string): FileReader {
  return (name) => {
    const path = resolve(folder, name);
    const unread = (problem: string) => ({ problem, hint: `looked for ${path}` });
    try {
      const status = statSync(path);
      if (!status.isFile()) return unread(`${name} is not a file`);
      if (status.size > MOST_BYTES)
        return unread(`${name} has ${status.size} bytes, of ${MOST_BYTES} at most`);
      return { file: name, text: readFileSync(path, "utf8") };
    } catch (error) {
      if (isMissing(error)) return unread(`there is no file ${name}`);
      return unread(`${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  };
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
