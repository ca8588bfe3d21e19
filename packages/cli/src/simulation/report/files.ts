// Files that a command will write, checked before the work starts: hours of simulation must not end in "no such folder".
// Written whole under another name beside the target, then renamed: a reader sees the old file or the new one.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { badInput, EXIT, Failure } from "../../failure.ts";
import type { NamedText } from "../../files.ts";
import type { Io } from "../../io.ts";

export interface Target {
  readonly option: string;
  /** As it was given. */
  readonly name: string;
  /** Absolute, symbolic links followed, so that a link stays one. */
  readonly path: string;
  /** Of the file that is there already. */
  readonly mode: number | undefined;
}

/** Throws where a file could not be written; leaves nothing behind. */
export async function checkedTarget(option: string, name: string, io: Io): Promise<Target> {
  if (name === "-")
    throw badInput("not-a-file", `${option} - is standard output, where the comparison goes`, "name a file");
  const given = resolve(io.folder, name);
  try {
    const known = await stat(given).catch(absent);
    if (known && !known.isFile())
      throw badInput(
        "not-a-file",
        `${option} ${name} is ${known.isDirectory() ? "a folder" : "not an ordinary file"}`,
        known.isDirectory() ? `name a file in it, such as ${join(name, "report")}` : "name a file",
      );
    const path = known ? await realpath(given) : join(await realpath(dirname(given)), basename(given));
    if (known) await access(path, constants.W_OK);
    const probe = besides(path);
    await writeFile(probe, "", { flag: "wx" });
    await rm(probe);
    return { option, name, path, mode: known?.mode };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unwritable(option, name, given, error as NodeJS.ErrnoException);
  }
}

/** Throws where two options name one file, or one names what is being read. */
export async function refuseClashes(
  targets: readonly Target[],
  source: NamedText,
  sourceName: string,
): Promise<void> {
  const taken = new Map<string, string>();
  const read = await realpath(join(source.directory, basename(sourceName))).catch(absent);
  if (read && sourceName !== "-") taken.set(read, "the scenario");
  for (const { option, name, path } of targets) {
    const other = taken.get(path);
    if (other)
      throw badInput(
        "same-file",
        `${option} ${name} would overwrite ${other}`,
        "give each a file of its own",
      );
    taken.set(path, `the file of ${option}`);
  }
}

export async function writeWhole({ mode, name, option, path }: Target, text: string): Promise<void> {
  const beside = besides(path);
  try {
    await writeFile(beside, text, { flag: "wx", flush: true, ...(mode === undefined ? {} : { mode }) });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    const { message } = error as Error;
    throw new Failure(`${option} ${name} could not be written: ${message}`, {
      exitCode: EXIT.failed,
      code: "file-unwritable",
      hint: "the simulation itself was done: mend the place and run it again, the same input gives the same result",
    });
  }
}

function besides(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

function unwritable(option: string, name: string, path: string, { code }: NodeJS.ErrnoException): Failure {
  switch (code) {
    case "ENOENT":
      return badInput(
        "folder-not-found",
        `${option} ${name}: there is no such folder`,
        `make ${dirname(path)}`,
      );
    case "ENOTDIR":
      return badInput(
        "folder-not-found",
        `${option} ${name}: a part of its path is not a folder`,
        `look at ${dirname(path)}`,
      );
    default:
      return badInput(
        "file-unwritable",
        `${option} ${name} cannot be written (${code})`,
        `look at the permissions of ${dirname(path)}`,
      );
  }
}
