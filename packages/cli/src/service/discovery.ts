// Where the service is: --server, then BACE_SERVER, then the address that it wrote into its state folder.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ServiceFile } from "@bace-pipe/server";
import { type Command, Option } from "commander";
import { EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";

export interface Where {
  readonly server?: string;
  readonly state?: string;
}

export function addWhere(command: Command): Command {
  return command.option("--server <url>", "address of the service (BACE_SERVER)").addOption(stateOption());
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
