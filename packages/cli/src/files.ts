// Files that a person names on the command line; `-` is standard input.
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
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
    throw unreadable(name, path, (error as NodeJS.ErrnoException).code);
  }
}

function unreadable(name: string, path: string, code: string | undefined): Error {
  switch (code) {
    case "ENOENT":
      return badInput("file-not-found", `there is no file ${name}`, `looked for ${path}`);
    case "EISDIR":
      return badInput(
        "not-a-file",
        `${name} is a folder`,
        `name a file in it, such as ${basename(name)}/job.yaml`,
      );
    default:
      return badInput("file-unreadable", `${name} cannot be read (${code})`, "look at its permissions");
  }
}
