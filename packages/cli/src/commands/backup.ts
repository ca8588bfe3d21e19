// `bace backup`: the log of a service into a file, whether the service runs or not.
import { resolve } from "node:path";
import type { Command } from "commander";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { withService } from "../service/connect.ts";
import { databaseOption } from "../service/database.ts";
import { addWhere, namedServer, readServiceFile, stateFolder, type Where } from "../service/discovery.ts";
import { inStore } from "../service/store.ts";
import { VERSION } from "../version.ts";

interface Options extends Where {
  readonly database?: string;
}

export function backupCommand(program: Command, io: Io): void {
  addWhere(program.command("backup"))
    .description("write the log into a file: from the service if one runs, else from its database")
    .argument("<file>", "file to write; it is complete or not there, and readable by its owner alone")
    .addOption(databaseOption())
    .addHelpText(
      "before",
      `Examples:
  bace backup bace-log.jsonl
  bace backup /backups/$(date +%F).jsonl --server http://bace.example:7420
  bace backup bace-log.jsonl --database postgres://bace@db.example/bace
`,
    )
    .addHelpText(
      "after",
      `
The file holds everything that has happened to jobs, the secrets of running launches included. It does not hold tokens,
the audit log, checkpoints, the output of launches, or the scenario.`,
    )
    .action(async (name: string, options: Options) => {
      const { writeBackup } = await import("@bace-pipe/server");
      const path = resolve(io.folder, name);
      const about = { version: VERSION, createdAtSeconds: Date.now() / 1000 };
      const write = (read: Parameters<typeof writeBackup>[2]) =>
        writeBackup(path, about, read).catch(unwritten);
      const written = (await isRunning(options, io))
        ? await withService(options, io, (client) => write(client.log))
        : await inStore(options, io, { fresh: false }, ({ archive }) => write(archive.page));
      io.err.write(`${written.eventCount} events, up to ${written.seq}\n`);
      io.out.write(`${written.sha256}\n`);
    });
}

/** Whether there is a service to ask: one that is named, or the one of the state folder, unless it has died. */
async function isRunning(options: Options, io: Io): Promise<boolean> {
  if (namedServer(options, io)) return true;
  if (options.database !== undefined) return false;
  const found = readServiceFile(stateFolder(options, io));
  if (!found) return false;
  const reply = await fetch(`${found.url}/healthz`).catch(() => undefined);
  return reply !== undefined;
}

function unwritten(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z]+$/.test(code) || !("path" in (error as object))) throw error;
  throw new Failure(`the backup cannot be written: ${message}`, {
    exitCode: EXIT.failed,
    code: "file-unwritable",
  });
}
