// Files that a person names on the command line; `-` is standard input.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { FileReader } from "@bace-pipe/core/spec";
import { badInput } from "./failure.ts";
import type { Io } from "./io.ts";

export interface NamedText {
  /** As complaints name it. */
  readonly file: string;
  readonly text: string;
  /** What relative paths inside it start from. */
  readonly directory: string;
}

export async function readNamed(name: string, io: Io): Promise<NamedText> {
  if (name === "-") return { file: "<stdin>", text: await io.readInput(), directory: io.folder };
  const path = resolve(io.folder, name);
  try {
    return { file: name, text: await readFile(path, "utf8"), directory: dirname(path) };
  } catch (error) {
    const { code, message, hint } = whyUnreadable(name, path, (error as NodeJS.ErrnoException).code);
    throw badInput(code, message, hint);
  }
}

/** Reads what a file names, relative to its folder. */
export function readerBeside({ directory, file }: NamedText): FileReader {
  return (name) => {
    const path = resolve(directory, name);
    try {
      return { file: isAbsolute(name) ? name : join(dirname(file), name), text: readFileSync(path, "utf8") };
    } catch (error) {
      const { message, hint } = whyUnreadable(name, path, (error as NodeJS.ErrnoException).code);
      return { problem: message, hint };
    }
  };
}

interface Unreadable {
  readonly code: "file-not-found" | "not-a-file" | "file-unreadable";
  readonly message: string;
  readonly hint: string;
}

function whyUnreadable(name: string, path: string, code: string | undefined): Unreadable {
  switch (code) {
    case "ENOENT":
      return { code: "file-not-found", message: `there is no file ${name}`, hint: `looked for ${path}` };
    case "EISDIR":
      return {
        code: "not-a-file",
        message: `${name} is a folder`,
        hint: `name a file in it, such as ${basename(name)}/job.yaml`,
      };
    default:
      return {
        code: "file-unreadable",
        message: `${name} cannot be read (${code})`,
        hint: "look at its permissions",
      };
  }
}
