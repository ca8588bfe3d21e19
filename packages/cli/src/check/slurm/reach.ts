// Whether a cluster's commands can be run at all: ssh without a question, Slurm's programs, a controller that answers.
import { type Finding, ok, problem, warning } from "../finding.ts";
import { type Cluster, outputOf, whyNot } from "./cluster.ts";

/** What ssh says last, and what to do about it. Of `{host}`, what ssh is given. */
const SSH_MENDS: readonly (readonly [words: RegExp, means: string, mend: string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    "nobody here has confirmed its host key, or it is another one than before",
    "run `ssh {host}` once by hand as the service's account, and compare the key; after a change: ssh-keygen -R",
  ],
  [
    /Permission denied/,
    "it lets none of our keys in, and nobody can be asked for a password",
    "put the service account's public key there (ssh-copy-id {host}), or name the key in ~/.ssh/config",
  ],
  [
    /timed out|no answer after/i,
    "nothing comes back",
    "look at firewalls and VPN between here and {host}, and at its port in ~/.ssh/config",
  ],
  [/Connection refused/, "nothing listens there", "look whether sshd runs there, and on which port"],
  [
    /Could not resolve hostname|Name or service not known/,
    "nobody knows the name",
    "correct `host` in the fleet's file, or give {host} a HostName in ~/.ssh/config",
  ],
  [
    /No route to host|Network is unreachable/,
    "there is no way there",
    "look at routes and VPN of this machine",
  ],
  [/cannot start ssh/, "there is no ssh here", "install OpenSSH's client on the service's machine"],
  [
    /Bad owner or permissions|Bad configuration option|terminating, \d+ bad/,
    "ssh refuses its own settings",
    "correct ~/.ssh/config of the service's account: `ssh -G {host}` says what is wrong",
  ],
];

/** Undefined mend: what it says is all that is known. */
export function sshFinding(host: string, reason: string): Finding {
  const known = SSH_MENDS.find(([words]) => words.test(reason));
  const [, means, mend] = known ?? [
    undefined,
    undefined,
    "run `ssh -v -o BatchMode=yes {host} true` by hand",
  ];
  const said = reason.replace(`ssh to ${host}: `, "");
  return problem("ssh", means ? `${means} (${said})` : said, mend.replaceAll("{host}", host));
}

/** Whether there is anybody to ask the rest of. */
export async function reached({ run, settings }: Cluster): Promise<Finding> {
  const { clientPrefix, host } = settings;
  const beganSeconds = performance.now() / 1000;
  const ran = await run({ words: ["true"] });
  const seconds = performance.now() / 1000 - beganSeconds;
  if (outputOf(ran) !== undefined)
    return ok(
      "ssh",
      host === undefined
        ? "commands are run on this machine"
        : `${host} runs commands, ${seconds.toFixed(1)} s for the first`,
    );
  if (host !== undefined && ran.kind === "no-answer") return sshFinding(host, ran.reason);
  const prefix = clientPrefix?.join(" ");
  return problem(
    "ssh",
    `a command cannot be run: ${whyNot(ran)}`,
    prefix === undefined ? "look at the account's shell there" : `look at clientPrefix: ${prefix}`,
  );
}

const OLDEST = [20, 11] as const;

/** Slurm's own commands, and their version. */
export async function commands(cluster: Cluster): Promise<Finding> {
  const programs = ["sbatch", "squeue", "scancel", "sinfo", "scontrol"];
  const rans = await Promise.all(programs.map((program) => cluster.slurm(program, "--version")));
  const missing = programs.filter((_, i) => isMissing(rans[i]!));
  if (missing.length > 0)
    return problem(
      "commands",
      `there is no ${missing.join(", ")} on the PATH of ${cluster.where}`,
      "commands get the PATH of a shell that nobody logs in to: set it there, or clientPrefix: [env, PATH=…]",
    );
  const failed = rans.find((ran) => outputOf(ran) === undefined);
  if (failed)
    return problem("commands", whyNot(failed), "name the cluster's slurm.conf in configurationFile");
  const version = /(\d+)\.(\d+)[.\w-]*/.exec(outputOf(rans[0]!)!);
  if (!version)
    return warning("commands", "nobody knows which version of Slurm this is", "run sbatch --version");
  const isOld = Number(version[1]) * 100 + Number(version[2]) < OLDEST[0] * 100 + OLDEST[1];
  if (isOld)
    return warning(
      "commands",
      `Slurm ${version[0]}`,
      `it was tried from ${OLDEST.join(".")} on: update Slurm`,
    );
  return ok("commands", `Slurm ${version[0]}`);
}

function isMissing(ran: Awaited<ReturnType<Cluster["slurm"]>>): boolean {
  return ran.kind === "ended" && ran.exitCode === 127;
}

export async function controller(cluster: Cluster): Promise<Finding> {
  const [ping, queue] = await Promise.all([
    cluster.slurm("scontrol", "ping"),
    cluster.slurm("squeue", "--me", "--noheader", "--format=%A"),
  ]);
  const jobs = outputOf(queue);
  if (jobs !== undefined) {
    const count = jobs.split("\n").filter((line) => line !== "").length;
    const down = /^Slurmctld\((?!primary)(\w+)\).* DOWN/m.exec(outputOf(ping) ?? "")?.[1];
    const answers = `slurmctld answers; this account has ${count} jobs`;
    if (down) return warning("controller", `${answers}; its ${down} is down`, "tell who runs the cluster");
    return ok("controller", answers);
  }
  const why = whyNot(queue);
  if (/[Mm]unge|authentication|credential/.test(why))
    return problem("controller", why, "look at munged on both hosts, their keys and clocks");
  return problem("controller", why, "look whether slurmctld runs (scontrol ping), and at configurationFile");
}
