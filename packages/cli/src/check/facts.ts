// What the facts of a host mean for ranks of a region.
import type { Region } from "@bace-pipe/core";
import { type Finding, ok, problem, unseen, warning } from "./finding.ts";
import type { Begun, HostFacts, Imported } from "./host.ts";

/** Whether ranks run on that very kind of host: what a login host lacks, nodes may have. */
export interface Place {
  readonly where: string;
  readonly isWhereRanksRun: boolean;
  readonly python: string;
}

const OLDEST = [3, 10] as const;
const LOOK_ON_A_NODE = "look on a node: bace check --jobs";

export function pythonFindings({ numpy, python, torch }: HostFacts, place: Place): readonly Finding[] {
  const version = python.join(".");
  const isOld = python[0] * 100 + python[1] < OLDEST[0] * 100 + OLDEST[1];
  const first = isOld
    ? lacking(
        place,
        `Python ${version} is too old`,
        `name one from ${OLDEST.join(".")} on in the fleet's file`,
      )
    : ok("python", `${place.python} is ${version} on ${place.where}`);
  return [first, library("torch", torch, place), library("numpy", numpy, place)];
}

function library(name: string, { problem: why, version }: Imported, place: Place): Finding {
  if (version !== undefined) return ok(name, `${version} on ${place.where}`);
  const { finding, level, mend } = lacking(
    place,
    `${place.python} has no ${name}: ${why}`,
    `install it there (pip install torch numpy), or name a Python that has it`,
  );
  return { check: name, finding, level, mend };
}

function lacking({ isWhereRanksRun, where }: Place, finding: string, mend: string): Finding {
  if (isWhereRanksRun) return problem("python", `on ${where}: ${finding}`, mend);
  return warning("python", `on ${where}: ${finding}`, `${LOOK_ON_A_NODE}; if it lacks there, too: ${mend}`);
}

/** A host that has said nothing of itself. */
export function noHost({ ran, reason }: Extract<Begun, { kind: "none" }>, place: Place): Finding {
  const exitCode = ran?.kind === "ended" ? ran.exitCode : undefined;
  if (exitCode === 127 || /cannot start|No such file or directory|not found/.test(reason))
    return lacking(
      place,
      `there is no ${place.python} (${reason})`,
      "name it in the fleet's file by its path",
    );
  if (/SyntaxError|future feature annotations/.test(reason))
    return lacking(place, `${place.python} is older than 3.8`, `name one from ${OLDEST.join(".")} on`);
  if (/still waits/.test(reason))
    return warning("node", reason, "look again when GPUs are free, or have a reservation for them");
  if (/has written nothing/.test(reason))
    return problem(
      "node",
      reason,
      "mount the folder on the nodes under the same path, writable by the account",
    );
  return lacking(place, reason, "run it there by hand");
}

export function gpuFinding({ cudaDevices }: HostFacts, { gpuType }: Region, asked: number): Finding {
  if (gpuType.emulated) return unseen("cuda", `${gpuType.name} is emulated: ranks compute on cores`);
  if (cudaDevices === null) return unseen("cuda", "nobody can ask without PyTorch");
  const said = `PyTorch sees ${cudaDevices} GPUs of ${asked} that there should be`;
  if (cudaDevices >= asked) return ok("cuda", said);
  return problem("cuda", said, "run nvidia-smi there, and look whether this PyTorch is one for CUDA");
}

/** Of this machine, whose regions have it together. @param gpus of all of them */
export function roomFinding({ cores, memoryBytes }: HostFacts, { gpuType }: Region, gpus: number): Finding {
  const bytes = gpus * gpuType.memoryBytes;
  const gigabytes = (memoryBytes / 1e9).toFixed(1);
  const said = `${cores} cores and ${gigabytes} GB for ${gpus} ranks of the regions here`;
  if (gpuType.emulated && bytes > memoryBytes)
    return warning(
      "room",
      `${said}, which may take ${(bytes / 1e9).toFixed(1)} GB`,
      "write less memoryBytes or gpus",
    );
  if (cores < gpus)
    return warning(
      "room",
      said,
      "have a core for each rank, or expect times that are not the predicted ones",
    );
  return ok("room", said);
}

export function controlFinding({ control }: HostFacts, url: string, place: Place): Finding {
  if (control && "seconds" in control)
    return ok("service", `${place.where} reaches ${url}, ${control.seconds.toFixed(3)} s for an answer`);
  const why = `${place.where} does not reach ${url}: ${control?.problem ?? "nobody asked"}`;
  const { hostname } = new URL(url);
  const isLoopback = /^(?:127\.|localhost$|\[::1\]$)/.test(hostname);
  const mend = isLoopback
    ? "start the service where others reach it: bace up --host ADDRESS --advertise http://ADDRESS:PORT"
    : "let TCP through from the nodes to it, or advertise another address: bace up --advertise URL";
  return place.isWhereRanksRun
    ? problem("service", why, mend)
    : warning("service", why, `${LOOK_ON_A_NODE}; if they do not, too: ${mend}`);
}
