// All checks of all regions, side by side: what is asked of a region's cluster, then a host of each region, which says what it
// has; and when all of these are there, whom each of them reaches.
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fleet, Region } from "@bace-pipe/core";
import type { Run } from "@bace-pipe/server/slurm";
import { controlFinding, gpuFinding, noHost, type Place, pythonFindings, roomFinding } from "./facts.ts";
import { checkFolder, reasonOf } from "./files.ts";
import { type Finding, ok, problem, type RegionFinding, unseen } from "./finding.ts";
import { directHost, type Host, type HostFacts } from "./host.ts";
import { localRun } from "./local.ts";
import { type Answered, networkFindings } from "./network.ts";
import { type Cluster, clusterOf } from "./slurm/cluster.ts";
import { clock, folderThere } from "./slurm/folder.ts";
import { nodeHost } from "./slurm/node.ts";
import { nodes } from "./slurm/nodes.ts";
import { commands, controller, reached } from "./slurm/reach.ts";
import { daemon } from "./slurm/rest.ts";
import { words } from "./slurm/words.ts";

export interface CheckOptions {
  /** Of the file, or of the service. */
  readonly fleet: Fleet;
  /** Regions to look at. */
  readonly regions: readonly Region[];
  /** Whether jobs may be submitted. */
  readonly jobs: boolean;
  /** What ranks are told; nobody is asked for it where absent. */
  readonly controlUrl: string | undefined;
  /** Whether anything answers there at all. */
  readonly isServiceThere: boolean;
  /** Of launches on this machine. */
  readonly python: string;
  /** Text of reach.py. */
  readonly script: string;
  /** For commands at a cluster; each call may have connections of its own. */
  readonly runnerOf: (region: Region) => Run;
  /** Within which a host is to say what it has. */
  readonly startSeconds: number;
  /** Whether whoever asked has had enough: what was started is ended, and no more is. */
  readonly isInterrupted: () => boolean;
  /** Told what begins. */
  readonly begins: (region: string, what: string) => void;
}

/** A region as it is being looked at. */
interface Looked {
  readonly region: Region;
  readonly findings: Finding[];
  readonly host?: Host;
  readonly place: Place;
  facts?: HostFacts;
}

/** In the order of the regions. Nothing that it has started is left behind. */
export async function checkFleet(options: CheckOptions): Promise<readonly RegionFinding[]> {
  const looked = await Promise.all(options.regions.map((region) => look(region, options)));
  const answered = looked.filter(({ facts }) => facts !== undefined);
  try {
    if (answered.length > 1 && !options.isInterrupted()) {
      const peers = (self: Looked) =>
        Object.fromEntries(
          answered.filter((each) => each !== self).map(({ facts, region }) => [region.name, facts!]),
        );
      const all = await Promise.all(
        answered.map(async (each): Promise<Answered> => {
          options.begins(each.region.name, "network");
          const whom = await each.host!.reach(peers(each)).catch(() => undefined); // it has said why it is gone
          return { region: each.region.name, facts: each.facts!, place: each.place, reached: whom };
        }),
      );
      for (const [i, each] of answered.entries())
        each.findings.push(...networkFindings(all[i]!, all, options.fleet));
    }
  } finally {
    await Promise.all(looked.map(({ host }) => host?.end().catch(() => {}))); // it ends by itself when its time is over
  }
  return looked.flatMap(({ findings, region }) =>
    findings.map((finding) => ({ region: region.name, ...finding })),
  );
}

function look(region: Region, options: CheckOptions): Promise<Looked> {
  return region.slurm ? lookAtCluster(region, region.slurm, options) : lookHere(region, options);
}

async function lookAtCluster(
  region: Region,
  settings: NonNullable<Region["slurm"]>,
  options: CheckOptions,
): Promise<Looked> {
  const { begins, controlUrl, isInterrupted, runnerOf, script, startSeconds } = options;
  const { rest } = settings;
  const jobs = options.jobs && !rest;
  const cluster = clusterOf(settings, runnerOf(region));
  const host = settings.host ?? "this machine";
  const place: Place = {
    where: jobs ? `a node of ${region.name}` : host,
    isWhereRanksRun: jobs,
    python: settings.python,
  };
  begins(region.name, "ssh");
  const first = await reached(cluster);
  if (first.level === "problem") {
    const others = unseen("all else", "nobody there can be asked", "mend this first");
    return { region, findings: [first, others], place };
  }
  begins(region.name, "Slurm, folder and clock");
  const [asked, there, time] = await Promise.all([
    rest ? daemon(cluster, rest, region) : byCommands(cluster, region),
    folderThere(cluster),
    clock(cluster),
  ]);
  const canAsk = asked.every(
    ({ check, level }) => level !== "problem" || !/^(?:commands|controller)$/.test(check),
  );
  const findings = [first, ...asked, there, time];
  const looked = { region, findings, place };
  if (there.level === "problem" || (jobs && !canAsk)) {
    findings.push(unseen("python", `there is no folder to look from`, "mend the problems before this first"));
    return looked;
  }
  const folder = checkFolder(cluster.run, `${settings.folder}/checks`, nameOf(region));
  const common = { folder, script, controlUrl, startSeconds, isInterrupted };
  begins(region.name, jobs ? "a job" : "Python");
  return begun(
    {
      ...looked,
      host: jobs
        ? nodeHost({ ...common, cluster, region })
        : directHost({ ...common, run: runnerOf(region), python: settings.python }),
    },
    (facts) =>
      jobs
        ? nodeFindings(cluster, facts, region)
        : [unseen("node", "no job was submitted", rest ? null : "bace check --jobs looks from a node, too")],
    options,
  );
}

async function byCommands(cluster: Cluster, region: Region): Promise<readonly Finding[]> {
  const first = await Promise.all([commands(cluster), controller(cluster)]);
  if (first.some(({ level }) => level === "problem")) return first;
  return [...first, ...(await Promise.all([nodes(cluster, region), words(cluster, region)])).flat()];
}

function nodeFindings({ settings }: Cluster, facts: HostFacts, region: Region): readonly Finding[] {
  const said = ok("node", `a job on ${facts.hostname} wrote into ${settings.folder}`);
  const asked = settings.gpuGres === "none" ? region.gpus : 1;
  return [said, gpuFinding(facts, region, asked)];
}

async function lookHere(region: Region, options: CheckOptions): Promise<Looked> {
  const { begins, controlUrl, fleet, isInterrupted, python, script, startSeconds } = options;
  const { commandPrefix } = region;
  const place: Place = { where: "this machine", isWhereRanksRun: true, python };
  const run = localRun(commandPrefix);
  begins(region.name, "start");
  const started = await run({ words: ["true"] });
  const prefix = commandPrefix?.join(" ");
  if (started.kind !== "ended" || started.exitCode !== 0) {
    const mend =
      prefix === undefined ? "look at this machine's processes" : `correct commandPrefix: ${prefix}`;
    return {
      region,
      findings: [problem("start", `nothing can be started: ${reasonOf(started)}`, mend)],
      place,
    };
  }
  const findings: Finding[] = [
    ok("start", prefix === undefined ? "processes of this machine" : `processes are started with ${prefix}`),
  ];
  begins(region.name, "Python");
  // A name that nobody knows before: whoever has the parent may put another program in the place of ours.
  const parent = mkdtempSync(join(tmpdir(), "bace-check-"));
  const folder = checkFolder(localRun(), parent, nameOf(region));
  const here = fleet.regions.filter(({ slurm }) => !slurm).reduce((sum, { gpus }) => sum + gpus, 0);
  return begun(
    {
      ...{ region, findings, place },
      host: directHost({ folder, run, python, script, controlUrl, startSeconds, isInterrupted }),
    },
    (facts) => [gpuFinding(facts, region, region.gpus), roomFinding(facts, region, here)],
    options,
  );
}

/** With what its host says of itself, or why it says nothing. */
async function begun(
  looked: Looked & { readonly host: Host },
  further: (facts: HostFacts) => readonly Finding[],
  { controlUrl, isServiceThere }: CheckOptions,
): Promise<Looked> {
  const { findings, host, place } = looked;
  try {
    const begin = await host.begin();
    if (begin.kind === "none") {
      findings.push(noHost(begin, place));
      return looked;
    }
    const { facts } = begin;
    findings.push(...pythonFindings(facts, place), ...further(facts));
    if (controlUrl !== undefined && isServiceThere) findings.push(controlFinding(facts, controlUrl, place));
    else findings.push(unseen("service", "no service answers here", "start it, or name it with --advertise"));
    return { ...looked, facts };
  } catch (error) {
    findings.push(problem("python", (error as Error).message, "look again when this host answers"));
    return looked;
  }
}

/** Nobody else's. */
function nameOf({ name }: Region): string {
  return `${name}-${randomBytes(6).toString("hex")}`;
}
