// A folder of its own for one look at a host, by the usual commands of a Unix, here or on a cluster.
import { lastLine, type Ran, type Run, tarOf } from "@bace-pipe/server/slurm";

export interface CheckFolder {
  readonly path: string;
  /** Creates the folder, and puts files into it. Rejects where it cannot. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Undefined where there is none. Rejects where nobody answers. */
  read(name: string): Promise<string | undefined>;
  /** With all that is in it. */
  remove(): Promise<void>;
}

/** @param parent made, and removed when it is empty */
export function checkFolder(run: Run, parent: string, name: string): CheckFolder {
  const path = `${parent}/${name}`;
  const must = async (words: readonly string[], input?: Uint8Array): Promise<string> => {
    const ran = await run({ words, ...(input === undefined ? {} : { input }) });
    if (ran.kind === "ended" && ran.exitCode === 0) return ran.stdout;
    throw new Error(`${words[0]}: ${reasonOf(ran)}`);
  };
  return {
    path,
    async write(files) {
      await must(["mkdir", "-p", "-m", "700", parent, path]);
      await must(["tar", "-x", "-f", "-", "--no-same-owner", "-C", path], tarOf(files));
    },
    async read(file) {
      const ran = await run({ words: ["cat", "--", `${path}/${file}`] });
      if (ran.kind === "no-answer") throw new Error(`cat: ${ran.reason}`);
      return ran.exitCode === 0 ? ran.stdout : undefined;
    },
    async remove() {
      await run({ words: ["rm", "-rf", "--", path] });
      await run({ words: ["rmdir", "--", parent] }); // another check may be using it
    },
  };
}

export function reasonOf(ran: Ran): string {
  return ran.kind === "no-answer" ? ran.reason : lastLine(ran.stderr) || `exit code ${ran.exitCode}`;
}
