// Schema of a region's `slurm` block. What is allowed is listed character by character: none of it means anything to a
// shell, except in `constraint`, whose operators are quoted on their way.
import { z } from "zod";
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
    ...["nodes", "ntasks", "open-mode", "output", "parsable", "requeue", "signal", "test-only", "uid", "gid"],
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
).refine((option) => !OWN_OPTIONS.has(option.split("=")[0]!), {
  error: (issue) => `${String(issue.input)} is for the service to say — leave it out`,
});

export const slurmSchema = z.strictObject({
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
  cpusPerGpu: count(1, 1024).optional(),
  extraOptions: z.array(extraOption).default([]),
});
