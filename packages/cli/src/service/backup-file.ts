// A backup that a person names, checked before anything is done with it.
import { resolve } from "node:path";
import type { Backup } from "@bace-pipe/server";
import { badInput } from "../failure.ts";
import type { Io } from "../io.ts";

export async function readBackupFile(name: string, io: Io): Promise<Backup> {
  const { BackupError, readBackup } = await import("@bace-pipe/server");
  try {
    return await readBackup(resolve(io.folder, name));
  } catch (error) {
    if (error instanceof BackupError)
      throw badInput(
        error.code,
        `${name}: ${error.message}`,
        "take another backup: nothing was done with this one",
      );
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw badInput("file-not-found", `there is no file ${name}`, "name one of `bace backup`");
    if (code === "EISDIR")
      throw badInput("not-a-file", `${name} is a folder`, "name a file of `bace backup`");
    if (code === "EACCES")
      throw badInput("file-unreadable", `${name} cannot be read`, "it is readable by its owner alone");
    throw error;
  }
}
