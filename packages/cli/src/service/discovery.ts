// Where the service is: --server, then BACE_SERVER, then the address that it wrote into its state folder. And the token for
// it: --token, then BACE_TOKEN, then the one that it left in that folder, which is sent to no other address, and only while
// the service lives that wrote it: after a crash anybody may listen there.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isAlive, type ServiceFile } from "@bace-pipe/server";
import { type Command, Option } from "commander";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";

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
  return resolve(io.folder, state ?? io.env["BACE_STATE"] ?? ".bace");
}

export function serviceUrl(where: Where, io: Io): string {
  const named = where.server ?? (where.state === undefined ? io.env["BACE_SERVER"] : undefined);
  if (named) return named.replace(/\/+$/, "");
  const folder = stateFolder(where, io);
  const found = readServiceFile(folder);
  if (found) return found.url;
  throw unreachable(`no service is running in ${folder}`);
}

/** undefined: none is known, and perhaps none is needed. */
export function serviceToken(where: Where, url: string, io: Io): string | undefined {
  const named = where.token ?? io.env["BACE_TOKEN"];
  if (named) return named.trim();
  const folder = stateFolder(where, io);
  const found = readServiceFile(folder);
  return found?.url === url && isAlive(found) ? readTokenFile(folder, "admin") : undefined;
}

/** What the service of the folder left for its owner; undefined where that is somebody else. */
export function readTokenFile(folder: string, name: "admin" | "dashboard"): string | undefined {
  try {
    return readFileSync(join(folder, `${name}.token`), "utf8").trim();
  } catch {
    return undefined;
  }
}

export function readServiceFile(folder: string): ServiceFile | undefined {
  const path = join(folder, "service.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as ServiceFile) : undefined;
}

export function unreachable(message: string): Failure {
  return new Failure(message, {
    exitCode: EXIT.unreachable,
    code: "service-unreachable",
    hint: "start one with `bace up --fleet SCENARIO.yaml`, or say where it is: --server URL, --state FOLDER",
  });
}
