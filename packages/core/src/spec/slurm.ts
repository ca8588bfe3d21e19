// Schema of a region's `slurm` block. What is allowed is listed character by character: none of it means anything to a
// shell, except in `constraint`, whose operators are quoted on their way.
import { z } from "zod";
import { SLURM_REST_FIELDS } from "../fleet/slurm.ts";
import { count } from "./quantity.ts";

const text = (pattern: RegExp, what: string, example: string) =>
  z.string({ error: (issue) => (issue.input === undefined ? undefined : "expected a text") }).regex(pattern, {
    error: (issue) => `${JSON.stringify(issue.input).slice(0, 80)} is not ${what} — for example ${example}`,
  });

const path = (what: string, example: string) =>
  text(/^(?!.*\/\.\.(?:\/|$))\/[A-Za-z0-9._/-]{1,1000}$/, `${what} by its absolute path`, example);
const name = (what: string, example: string) =>
  text(/^[A-Za-z0-9_][A-Za-z0-9_.,-]{0,99}$/, `the name of ${what}`, example);

/** Options that say which job it is, where it runs or what becomes of it: the service's own. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(
  [
    ...[
      "array",
      "begin",
      "bcast",
      "chdir",
      "comment",
      "clusters",
      "dependency",
      "error",
      "export",
      "export-file",
    ],
    ...["gres", "gpus", "gpus-per-node", "gpus-per-task", "help", "hold", "input", "job-name", "no-requeue"],
    ...[
      "nodes",
      "ntasks",
      "ntasks-per-node",
      "ntasks-per-gpu",
      "distribution",
      "no-kill",
      "open-mode",
      "output",
      "parsable",
      "requeue",
      "signal",
      "test-only",
      "uid",
      "gid",
    ],
    ...[
      "usage",
      "version",
      "wait",
      "wrap",
      "quiet",
      "get-user-env",
      "partition",
      "account",
      "qos",
      "constraint",
    ],
  ].map((option) => `--${option}`),
);

const extraOption = text(
  /^--[a-z][a-z-]{1,40}(?:=[A-Za-z0-9_.,:+@%/-]{1,200})?$/,
  "a long option of sbatch with its value after =",
  "--time=2-00:00:00",
).refine((option) => !isOwnOption(option), {
  error: (issue) => `${String(issue.input)} is for the service to say — leave it out`,
});

/** sbatch takes the beginning of an option for all of it: `--chd` is `--chdir`. */
function isOwnOption(option: string): boolean {
  const given = option.split("=")[0]!;
  return [...OWN_OPTIONS].some((own) => own.startsWith(given));
}

const restSchema = z
  .strictObject({
    socket: path("a Unix socket", "/run/slurmrestd/slurmrestd.socket").optional(),
    url: text(
      /^https?:\/\/(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?$/,
      "an address without a path",
      "https://slurm.example.org:6820",
    )
      .refine((url) => z.url().safeParse(url).success, {
        error: (issue) => `${String(issue.input)} is no address — look at its host and port (at most 65535)`,
      })
      .optional(),
    /** The account whose jobs they are. */
    user: name("an account", "bace"),
    /** Holds a JSON Web Token; the service reads it for every request. */
    tokenFile: path("a file", "/etc/bace/slurm.jwt").optional(),
  })
  .refine(({ socket, url }) => (socket === undefined) !== (url === undefined), {
    error: "it is reached by a `socket` or by a `url` — write one of them",
  })
  .refine(({ tokenFile, url }) => url === undefined || tokenFile !== undefined, {
    path: ["tokenFile"],
    error: "a `url` is asked with a token — name the file that holds it",
  });

export const slurmSchema = z
  .strictObject({
    /** On the cluster, and the same on its nodes: launches and the worker are kept in it. */
    folder: path("a folder", "/shared/bace"),
    /** Where Slurm's commands are run, over the system's ssh; on the service's machine where absent. */
    host: text(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,252})?$/,
      "a host for ssh",
      "me@login.example.org",
    ).optional(),
    /** What Slurm's commands are started with, such as [ip, netns, exec, NAME]. */
    clientPrefix: z
      .array(text(/^[A-Za-z0-9_./:=@%+,-]{1,200}$/, "a plain word", "env"))
      .min(1)
      .optional(),
    /** Slurm's configuration file, where it is not the usual one. */
    configurationFile: path("a file", "/etc/slurm/slurm.conf").optional(),
    /** Slurm's REST daemon, in place of its commands. */
    rest: restSchema.optional(),
    /** On the nodes, with PyTorch. */
    python: text(/^[A-Za-z0-9_./+-]{1,1000}$/, "a program", "/shared/venv/bin/python").default("python3"),
    partition: name("a partition", "train").optional(),
    account: name("an account", "research").optional(),
    qos: name("a quality of service", "normal").optional(),
    constraint: text(/^[A-Za-z0-9_([][A-Za-z0-9_.,:*&|()[\]-]{0,199}$/, "a constraint", "h100&ib").optional(),
    /** What Slurm calls the GPUs; `none` where it does not count them. */
    gpuGres: text(/^[a-z][a-z0-9_]{0,30}(?::[A-Za-z0-9_.-]{1,60})?$/, "a kind of GPU", "gpu:h100").default(
      "gpu",
    ),
    /** `file`: the number of GPUs is the file's, whatever Slurm counts. */
    capacity: z.enum(["slurm", "file"]).optional(),
    cpusPerGpu: count(1, 1024).optional(),
    /** Of one node. A part of a job that needs more is spread over several; all of it is on one node where absent. */
    gpusPerNode: count(1, 1024).optional(),
    extraOptions: z.array(extraOption).default([]),
  })
  .refine(({ gpuGres, gpusPerNode }) => gpusPerNode === undefined || /^(?:gpu(?::|$)|none$)/.test(gpuGres), {
    path: ["gpusPerNode"],
    error:
      "Slurm gives each task its own share of `gpu` alone, so other kinds have to fit one node — leave it out",
  })
  .refine(({ extraOptions, rest }) => !rest || extraOptions.every(isRestOption), {
    path: ["extraOptions"],
    error: `the REST daemon knows of these options alone: ${Object.keys(SLURM_REST_FIELDS)
      .filter((option) => !OWN_OPTIONS.has(`--${option}`))
      .join(", ")}`,
  });

function isRestOption(option: string): boolean {
  return Object.hasOwn(SLURM_REST_FIELDS, option.slice(2).split("=")[0]!);
}
