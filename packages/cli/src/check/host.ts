// A host that ranks of a region would run on, as the worker's reach.py (worker/bace_worker/probe) tells of it: it listens, says
// what it has, is told whom to reach, and says whom it reached. Started directly, or by whatever starts it (slurm/node.ts).
import { setTimeout as sleep } from "node:timers/promises";
import type { Ran, Run } from "@bace-pipe/server/slurm";
import { type CheckFolder, reasonOf } from "./files.ts";

export interface Imported {
  readonly version?: string;
  readonly problem?: string;
}

export type Reached =
  /** `clockSeconds`: how much the other clock is ahead. */
  { readonly seconds: number; readonly clockSeconds: number } | { readonly problem: string };

export interface HostFacts {
  readonly hostname: string;
  readonly python: readonly [number, number, number];
  readonly torch: Imported;
  readonly numpy: Imported;
  readonly cudaDevices: number | null;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of the service's address; null where there is none. */
  readonly control: { readonly seconds: number } | { readonly problem: string } | null;
  readonly address: string;
  readonly port: number;
  readonly key: string;
}

export type Begun =
  | { readonly kind: "there"; readonly facts: HostFacts }
  /** @param ran where it ended by itself; undefined where its time was over. */
  | { readonly kind: "none"; readonly reason: string; readonly ran?: Ran };

export interface Host {
  begin(): Promise<Begun>;
  /** By region. Undefined where it does not answer any more. */
  reach(peers: Readonly<Record<string, HostFacts>>): Promise<Readonly<Record<string, Reached>> | undefined>;
  /** Lets it end, and takes its files away. */
  end(): Promise<void>;
}

export const SCRIPT = "reach.py";
const POLL_MILLISECONDS = 300;
/** Connections are given up after 10 s; a network file system may show files late. */
const REACH_SECONDS = 75;
/** A host whose checker has gone ends after this. */
export const STAY_SECONDS = 300;

/** Command line of the script, in its folder. */
export function scriptWords(python: string, folder: string, controlUrl: string | undefined): string[] {
  const control = controlUrl === undefined ? [] : ["--control", controlUrl];
  const stay = ["--seconds", String(STAY_SECONDS)];
  return [python, `${folder}/${SCRIPT}`, "--directory", folder, ...stay, ...control];
}

export interface DirectOptions {
  readonly folder: CheckFolder;
  /** Starts the script where the folder is. */
  readonly run: Run;
  readonly python: string;
  readonly script: string;
  readonly controlUrl: string | undefined;
  readonly startSeconds: number;
  readonly isInterrupted: () => boolean;
}

/** A host on which a program is started at once. */
export function directHost(options: DirectOptions): Host {
  const { controlUrl, folder, isInterrupted, python, run, script, startSeconds } = options;
  let ended: Promise<Ran> | undefined;
  return {
    async begin() {
      await folder.write({ [SCRIPT]: script });
      let ran: Ran | undefined;
      ended = run({
        words: scriptWords(python, folder.path, controlUrl),
        timeoutSeconds: STAY_SECONDS + 10,
      });
      void ended.then((each) => (ran = each));
      const facts = await awaited<HostFacts>(
        folder,
        "host.json",
        startSeconds,
        async () => ran !== undefined || isInterrupted(),
      );
      if (facts) return { kind: "there", facts };
      if (ran) return { kind: "none", reason: reasonOf(ran), ran };
      return { kind: "none", reason: `no answer after ${startSeconds} s` };
    },
    reach: (peers) => reach(folder, peers, isInterrupted),
    async end() {
      await folder.write({ done: "{}" }).catch(() => {}); // where nothing could be written nothing waits for it
      await Promise.race([ended, sleep(2000, undefined, { ref: false })]);
      await folder.remove();
    },
  };
}

export async function reach(
  folder: CheckFolder,
  peers: Readonly<Record<string, HostFacts>>,
  isInterrupted: () => boolean,
): Promise<Readonly<Record<string, Reached>> | undefined> {
  const told = Object.entries(peers).map(([region, { address, key, port }]) => [
    region,
    [address, port, key],
  ]);
  // whole or absent: the reader takes a part of a file for no file, and looks again
  await folder.write({ "peers.json": JSON.stringify(Object.fromEntries(told)) });
  return awaited(folder, "reached.json", REACH_SECONDS, async () => isInterrupted());
}

/** @param isOver whether it may be looked for for the last time */
export async function awaited<T>(
  folder: CheckFolder,
  name: string,
  seconds: number,
  isOver: () => Promise<boolean> = async () => false,
): Promise<T | undefined> {
  const untilSeconds = performance.now() / 1000 + seconds;
  for (;;) {
    const isLast = (await isOver()) || performance.now() / 1000 > untilSeconds;
    const text = await folder.read(name);
    if (text !== undefined) return JSON.parse(text) as T;
    if (isLast) return undefined;
    await sleep(POLL_MILLISECONDS);
  }
}
