// Where the service is: an address, or a state folder into which it wrote its address. Whoever of flag, environment,
// folder's file and own file says one of the two first is meant; .bace where none does. And the token for it: --token,
// BACE_TOKEN, the file that settings name, then the one that the service left in its folder, which is sent to no other
// address, and only while the service lives that wrote it: after a crash anybody may listen there.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ServiceFile } from "@bace-pipe/server";
import { isAlive } from "@bace-pipe/server/process";
import { type Command, Option } from "commander";
import { badInput, EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { lookUp, type Origin, saidBy } from "../settings/lookup.ts";

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface Where {
  readonly server?: string;
  readonly state?: string;
  readonly token?: string;
}

export function addWhere(command: Command): Command {
  return command
    .option("--server <url>", "address of the service (BACE_SERVER)")
    .option(
      "--token <token>",
      "token for it (BACE_TOKEN; on its own machine it is found in the state folder)",
    )
    .addOption(stateOption());
}

export function stateOption(): Option {
  return new Option("--state <folder>", "state folder of the service (BACE_STATE, default .bace)");
}

export function stateFolder({ state }: Where, io: Io): string {
  return resolve(io.folder, state ?? lookUp("state", io)?.value ?? ".bace");
}

/** The address that somebody names, unless a state folder is named nearer by. */
export function namedServer(
  { server, state }: Where,
  io: Io,
): { readonly url: string; readonly origin: "flag" | Origin } | undefined {
  if (server !== undefined) return { url: trimmed(server), origin: "flag" };
  if (state !== undefined) return undefined;
  for (const origin of ["environment", "project", "user"] as const) {
    const found = saidBy(origin, "server", io);
    if (found) return { url: trimmed(found.value), origin };
    if (saidBy(origin, "state", io)) return undefined;
  }
  return undefined;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, "");
}

export function serviceUrl(where: Where, io: Io): string {
  const named = namedServer(where, io);
  const folder = stateFolder(where, io);
  const url = named?.url ?? readServiceFile(folder)?.url;
  if (url === undefined) throw unreachable(`no service is running in ${folder}`);
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  const message = `"${url}" is no address of a service`;
  throw badInput("invalid-option", message, "give one such as http://127.0.0.1:7420");
}

/** undefined: none is known, and perhaps none is needed. */
export function serviceToken(where: Where, url: string, io: Io): string | undefined {
  const own = where.token ?? (io.env["BACE_TOKEN"] || tokenOfFile(io));
  if (own) {
    if (where.token === undefined && isFoundInFolder(where, url, io))
      throw badInput(
        "server-not-trusted",
        `a file of this folder names ${url}, and your token is not its to send there`,
        "name the service yourself: --server URL, --state FOLDER, BACE_SERVER, or server: in ~/.config/bace/config.yaml",
      );
    return own.trim();
  }
  const folder = stateFolder(where, io);
  const found = readServiceFile(folder);
  return found?.url === url && isAlive(found) ? readTokenFile(folder, "admin") : undefined;
}

/**
 * Whether nobody but files of the working folder says that this is the service: whoever made the folder may have laid them
 * out, a state folder with its service.json among them. A state folder may still lead to this machine, and no further.
 */
function isFoundInFolder(where: Where, url: string, io: Io): boolean {
  const named = namedServer(where, io);
  if (named) return named.origin === "project";
  if (where.state !== undefined || isLoopback(url)) return false;
  const origin = lookUp("state", io)?.origin;
  return origin === undefined || origin === "project";
}

export function isLoopback(url: string): boolean {
  return URL.canParse(url) && LOOPBACK_NAMES.has(new URL(url).hostname);
}

function tokenOfFile(io: Io): string | undefined {
  const named = lookUp("tokenFile", io);
  if (!named) return undefined;
  try {
    return readFileSync(resolve(io.folder, named.value), "utf8");
  } catch (error) {
    const message = `the token in ${named.value} cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw badInput("file-unreadable", message, `${named.place} names it`);
  }
}

/** What the service of the folder left for its owner; undefined where that is somebody else. */
export function readTokenFile(folder: string, name: "admin" | "dashboard"): string | undefined {
  try {
    return readFileSync(join(folder, `${name}.token`), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** undefined where there is none, or none that can be read. */
export function readServiceFile(folder: string): ServiceFile | undefined {
  try {
    const found: Partial<ServiceFile> | null = JSON.parse(readFileSync(join(folder, "service.json"), "utf8"));
    return typeof found?.url === "string" ? (found as ServiceFile) : undefined;
  } catch {
    return undefined;
  }
}

export function unreachable(message: string): Failure {
  return new Failure(message, {
    exitCode: EXIT.unreachable,
    code: "service-unreachable",
    hint: "start one with `bace up --fleet SCENARIO.yaml`, or say where it is: --server URL, --state FOLDER",
  });
}
