// `bace restore`: a backup into an empty store, which a service then goes on from.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { readBackupFile } from "../service/backup-file.ts";
import { databaseOption, databaseUrl } from "../service/database.ts";
import { stateFolder, stateOption } from "../service/discovery.ts";
import { inStore } from "../service/store.ts";

interface Options {
  readonly state?: string;
  readonly database?: string;
}

export function restoreCommand(program: Command, io: Io): void {
  program
    .command("restore")
    .description("fill an empty store from a backup, after checking all of it")
    .argument("<file>", "file that `bace backup` wrote")
    .addOption(stateOption())
    .addOption(databaseOption())
    .addHelpText(
      "before",
      `Examples:
  bace restore bace-log.jsonl --state /var/lib/bace-restored
  bace restore bace-log.jsonl --state new --database postgres://bace@db.example/bace_restored
`,
    )
    .addHelpText(
      "after",
      `
The state folder must be a new one: launches that an older service left in it would be taken for this one's.`,
    )
    .action(async (name: string, options: Options) => {
      const backup = await readBackupFile(name, io);
      await inStore(options, io, { fresh: true }, ({ archive }) =>
        archive.fill(backup.base, backup.pages(), [{ kind: "restored" }]),
      );
      const state = stateFolder(options, io);
      const database = databaseUrl(options, io) === undefined ? "" : " --database URL";
      io.err.write(
        `${backup.eventCount} events, up to ${backup.header.seq}; ` +
          `go on with \`bace up --state ${state}${database} --fleet SCENARIO.yaml\`\n`,
      );
    });
}
