// An ssh server of a test's own: its keys, its port, its settings, and a client's settings to go with them.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { freePort } from "./free-port.ts";

const SSHD = "/usr/sbin/sshd";
/** Where it goes when it has no rights any more; it does not start without. */
const EMPTY_FOLDER = "/run/sshd";

export const whyNoSshd: string | undefined =
  process.getuid?.() !== 0
    ? "an ssh server needs root"
    : existsSync(SSHD) && spawnSync("ssh", ["-V"]).status === 0
      ? undefined
      : `no ${SSHD} or no ssh`;

export interface TestSshd {
  /** Program and options of a client that knows the server by `host`. */
  readonly ssh: readonly string[];
  readonly host: string;
  remove(): Promise<void>;
}

export async function startSshd(): Promise<TestSshd> {
  const folder = mkdtempSync(join(tmpdir(), "bace-sshd-"));
  const at = (name: string) => join(folder, name);
  for (const name of ["host", "user"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
  const port = await freePort();
  const read = (name: string) => readFileSync(at(name), "utf8");
  writeFileSync(at("authorized"), read("user.pub"), { mode: 0o600 });
  writeFileSync(at("known"), `[127.0.0.1]:${port} ${read("host.pub")}`);
  writeFileSync(
    at("sshd.conf"),
    [
      ...[`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${at("host")}`, `PidFile ${at("pid")}`],
      ...[
        `AuthorizedKeysFile ${at("authorized")}`,
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
      ],
      ...["PermitRootLogin prohibit-password", ""],
    ].join("\n"),
  );
  writeFileSync(
    at("ssh.conf"),
    [
      ...["Host cluster", "HostName 127.0.0.1", `Port ${port}`, `User ${userInfo().username}`],
      ...[`IdentityFile ${at("user")}`, "IdentitiesOnly yes", `UserKnownHostsFile ${at("known")}`],
      ...["GlobalKnownHostsFile none", "StrictHostKeyChecking yes", ""],
    ].join("\n"),
  );
  mkdirSync(EMPTY_FOLDER, { recursive: true, mode: 0o755 });
  const server = spawn(SSHD, ["-D", "-e", "-f", at("sshd.conf")], { stdio: "ignore" });
  const ssh = ["ssh", "-F", at("ssh.conf")];
  await vi.waitFor(
    () =>
      execFileSync(ssh[0]!, [...ssh.slice(1), "-o", "BatchMode=yes", "cluster", "true"], { stdio: "ignore" }),
    { timeout: 20_000, interval: 200 },
  );
  return {
    ...{ ssh, host: "cluster" },
    async remove() {
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** With its connections, which a client would keep. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const connections = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "utf8").trim();
  for (const pid of connections.split(" ").filter(Boolean)) {
    try {
      process.kill(Number(pid));
    } catch {} // it has just ended
  }
  server.kill();
  await once(server, "exit");
}
