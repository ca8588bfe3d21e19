// `bace dashboard`: opens the page of the service. Its token goes by the address's fragment, which browsers send nobody, from
// a file that its owner alone can read: what a program is started with everybody on the machine can see.
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isAlive } from "@bace-pipe/server/process";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import {
  addWhere,
  isLoopback,
  readServiceFile,
  readTokenFile,
  serviceUrl,
  stateFolder,
  type Where,
} from "../service/discovery.ts";

interface Options extends Where {
  readonly open: boolean;
  readonly output: Format;
}

export function dashboardCommand(program: Command, io: Io): void {
  addWhere(program.command("dashboard"))
    .description(
      "open the page of the service, which may look and change nothing; elsewhere say how to reach it",
    )
    .option("--no-open", "only say where it is")
    .addOption(outputOption())
    .addHelpText("before", "Examples:\n  bace dashboard\n  bace dashboard --no-open\n")
    .action((options: Options) => dashboard(options, io));
}

async function dashboard(options: Options, io: Io): Promise<void> {
  const url = serviceUrl(options, io);
  const folder = stateFolder(options, io);
  const service = readServiceFile(folder);
  // Where a service has died without a word, anybody may listen, and the page is theirs.
  const isOwn = service?.url === url && isAlive(service);
  const token = isOwn ? readTokenFile(folder, "dashboard") : undefined;
  const tunnel = tunnelTo(url);
  const browser = options.open ? browserOf(io) : undefined;
  const isOpened = browser !== undefined && (await opened(browser, pageFor(url, token, folder)));
  const value = { url, tokenFile: token ? join(folder, "dashboard.token") : null, tunnel, isOpened };
  io.out.write(rendered(options.output, value, () => `${url}\n`));
  // On a terminal alone: elsewhere this is kept in a file that others may read.
  if (token && !isOpened && io.err.isTerminal) io.err.write(`with its token: ${url}/#token=${token}\n`);
  else if (token && !isOpened) io.err.write(`it asks for the token in ${join(folder, "dashboard.token")}\n`);
  if (tunnel && !isOpened) io.err.write(`from another machine, through ssh: ${tunnel}\n`);
}

/** For a service that only its own machine reaches. */
function tunnelTo(url: string): string | null {
  const { hostname: host, port } = new URL(url);
  return isLoopback(url) ? `ssh -N -L ${port}:${host}:${port} ${hostname()}` : null;
}

/** What opens an address; undefined where there is no display to open it on. */
function browserOf({ env }: Io): string | undefined {
  if (process.platform === "darwin") return env["SSH_CONNECTION"] ? undefined : "open";
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? "xdg-open" : undefined;
}

/** The address itself, or where there is a token a file that leads to it. */
function pageFor(url: string, token: string | undefined, folder: string): string {
  if (!token) return new URL(url).href;
  const path = join(folder, "dashboard.html");
  const target = new URL(`/#token=${encodeURIComponent(token)}`, url).href; // without what ends an attribute
  const text = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${target}"><a href="${target}">dashboard</a>\n`;
  rmSync(path, { force: true }); // it may be a link, or readable by others
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  return path;
}

/** Whether it could be started; what it says is nobody's business. */
function opened(program: string, page: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [page], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false)).once("spawn", () => resolve(true));
    child.unref();
  });
}
