// The shared folder as the login host has it, and that host's clock.
import { type Finding, ok, problem, warning } from "../finding.ts";
import { type Cluster, outputOf, whyNot } from "./cluster.ts";

/** Logs, plans and one archive per version are small; checkpoints may lie there, too. */
const LEAST_FREE_BYTES = 1e9;
const NOTICED_CLOCK_SECONDS = 2;
/** Beyond which munge refuses what the other clock has signed. */
const MOST_CLOCK_SECONDS = 300;

export async function folderThere({ run, settings, where }: Cluster): Promise<Finding> {
  const { folder } = settings;
  const there = await run({ words: ["test", "-d", folder] });
  if (there.kind === "no-answer") return problem("folder", there.reason, "run the command by hand");
  if (there.exitCode !== 0)
    return problem(
      "folder",
      `there is no folder ${folder} on ${where}`,
      `make it on a file system that the nodes share: mkdir -m 700 ${folder}`,
    );
  const name = `${folder}/checked.${process.pid}.${Date.now()}`;
  const made = await run({ words: ["mkdir", "-m", "700", name] });
  if (outputOf(made) === undefined)
    return problem("folder", whyNot(made), `let the account write there: chown it, or name another folder`);
  const [free] = await Promise.all([
    run({ words: ["env", "LC_ALL=C", "df", "-P", "-k", folder] }),
    run({ words: ["rmdir", name] }),
  ]);
  const bytes = freeBytes(outputOf(free) ?? "");
  const said = `${folder} is writable on ${where}`;
  if (bytes === undefined) return ok("folder", said);
  const room = `${said}, ${(bytes / 1e9).toFixed(1)} GB free`;
  if (bytes >= LEAST_FREE_BYTES) return ok("folder", room);
  return warning("folder", room, "make room: launches write logs there, and stop where they cannot");
}

/** The fourth column of df's last line, in KiB. */
function freeBytes(text: string): number | undefined {
  const column = text.trim().split("\n").at(-1)!.split(/\s+/)[3];
  return column !== undefined && /^\d+$/.test(column) ? Number(column) * 1024 : undefined;
}

/** To half of what the answer took. */
export async function clock({ run, where }: Cluster): Promise<Finding> {
  const before = Date.now() / 1000;
  const ran = await run({ words: ["date", "+%s.%N"] });
  const after = Date.now() / 1000;
  const seconds = Number(outputOf(ran)?.trim());
  if (!Number.isFinite(seconds)) return warning("clock", `date: ${whyNot(ran)}`, "run date there by hand");
  return clockFinding(seconds - (before + after) / 2, (after - before) / 2, where);
}

/** @param aheadSeconds of another clock, give or take `errorSeconds` */
export function clockFinding(aheadSeconds: number, errorSeconds: number, where: string): Finding {
  const off = Math.max(0, Math.abs(aheadSeconds) - errorSeconds);
  const direction = aheadSeconds > 0 ? "ahead of" : "behind";
  if (off < NOTICED_CLOCK_SECONDS)
    return ok(
      "clock",
      `${where} is within ${Math.max(0.1, off + errorSeconds).toFixed(1)} s of this machine`,
    );
  const said = `the clock of ${where} is ${off.toFixed(1)} s ${direction} this machine's`;
  const mend = "have chrony or ntpd set both clocks";
  return off > MOST_CLOCK_SECONDS ? problem("clock", said, mend) : warning("clock", said, mend);
}
