// A PostgreSQL of one's own: Debian's binaries, a temporary folder, a Unix socket. Takes a second. Tests that need one
// skip themselves, saying why, where it is not installed.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

const VERSIONS = "/usr/lib/postgresql";
const IS_ROOT = process.getuid?.() === 0;

export interface TestPostgres {
  readonly url: string;
  /** Of a session of its own, which is then closed. */
  query<Row extends object>(sql: string): Promise<readonly Row[]>;
  /** As a crash of the machine would, but for what the kernel has in memory. */
  killHard(): Promise<void>;
  /** Again, after a crash. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export interface PostgresSketch {
  /** Where the data is; a folder of its own where absent. */
  readonly folder?: string;
  /** Settings, such as fsync=on. */
  readonly settings?: readonly string[];
}

/** Why there can be none here; undefined where there can. */
export const whyNoPostgres: string | undefined = binaries()
  ? account().problem
  : `no PostgreSQL in ${VERSIONS}`;

export async function startPostgres({ folder, settings = [] }: PostgresSketch = {}): Promise<TestPostgres> {
  const own = folder ?? mkdtempSync(join(tmpdir(), "bace-postgres-"));
  const { ids } = account();
  if (ids) chownSync(own, ids.uid, ids.gid);
  chmodSync(own, 0o700);
  const data = join(own, "data");
  const binary = (name: string) => join(binaries()!, name);
  const run = { ...ids, stdio: "ignore", cwd: own } as const;
  execFileSync(binary("initdb"), ["-D", data, "-A", "trust", "-U", "bace", "--no-sync", "-E", "UTF8"], run);
  const url = `postgres://bace@localhost/postgres?host=${encodeURIComponent(own)}`;
  let server: ChildProcess | undefined;

  const query = async <Row extends object>(sql: string): Promise<readonly Row[]> => {
    const client = new Client({ connectionString: url });
    client.on("error", () => {}); // a server that is killed meanwhile
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const start = async (): Promise<void> => {
    const wanted = [
      `unix_socket_directories=${own}`,
      "listen_addresses=",
      "fsync=off",
      "shared_buffers=16MB",
    ];
    const options = [...wanted, ...settings].flatMap((setting) => ["-c", setting]);
    for (;;) {
      server ??= spawn(binary("postgres"), ["-D", data, ...options], run);
      const isThere = await query("select 1").then(
        () => true,
        () => false,
      );
      if (isThere) return;
      // The children of one that was killed hold its memory for a moment, and no other may start.
      if (server.exitCode !== null) server = undefined;
      await sleep(50);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
    server = undefined;
  };
  await start();
  return {
    url,
    query,
    start,
    killHard: () => end("SIGKILL"),
    async remove() {
      await end("SIGINT");
      rmSync(folder === undefined ? own : data, { recursive: true, force: true });
    },
  };
}

function binaries(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(VERSIONS, newest, "bin");
}

/** PostgreSQL refuses to run as root. */
function account(): { readonly ids?: { uid: number; gid: number }; readonly problem?: string } {
  if (!IS_ROOT) return {};
  const id = (flag: string) =>
    Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { ids: { uid: id("-u"), gid: id("-g") } };
  } catch {
    return { problem: "root may not run PostgreSQL, and there is no account postgres" };
  }
}
