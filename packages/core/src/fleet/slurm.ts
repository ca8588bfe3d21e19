// What an administrator says of a region whose launches are jobs of a Slurm cluster. Every text is of a few harmless
// characters (spec/slurm.ts): it becomes a word of a command line, there or on the cluster's side of an ssh connection.

/** Slurm's REST daemon, in place of its commands. */
export interface SlurmRest {
  /** Where it listens: a Unix socket of the service's machine, or an address. */
  readonly socket?: string | undefined;
  readonly url?: string | undefined;
  /** The account whose jobs they are. */
  readonly user: string;
  /** On the service's machine: holds a JSON Web Token, and is read again for every request. */
  readonly tokenFile?: string | undefined;
}

/** Of sbatch's options those that a job description of the REST daemon (v0.0.38) has as well, and what they are called there. */
export const SLURM_REST_FIELDS: Readonly<Record<string, string>> = {
  ...{
    account: "account",
    chdir: "current_working_directory",
    comment: "comment",
    constraint: "constraints",
  },
  ...{ "cpus-per-task": "cpus_per_task", deadline: "deadline", distribution: "distribution", gres: "gres" },
  ...{ exclusive: "exclusive", "gpus-per-task": "gpus_per_task", "job-name": "name", licenses: "licenses" },
  ...{ mem: "memory_per_node", "mem-per-cpu": "memory_per_cpu", "mem-per-gpu": "memory_per_gpu" },
  ...{
    nice: "nice",
    nodelist: "nodelist",
    nodes: "nodes",
    ntasks: "tasks",
    "ntasks-per-node": "tasks_per_node",
  },
  ...{ "open-mode": "open_mode", output: "standard_output", partition: "partition", qos: "qos" },
  ...{ reservation: "reservation", time: "time_limit", "time-min": "time_minimum", wckey: "wckey" },
};

export interface SlurmSettings {
  /** On the cluster, and the same on its nodes: launches and the worker are kept in it. */
  readonly folder: string;
  /** Destination of ssh, such as `user@login` or an alias; Slurm's commands are run on the service's machine where absent. */
  readonly host?: string;
  /** What Slurm's commands are started with, such as `ip netns exec NAME`. */
  readonly clientPrefix?: readonly string[];
  /** Slurm's configuration file, where it is not the usual one. */
  readonly configurationFile?: string;
  /** How Slurm is asked; by its commands where absent. Files of launches go by the folder either way. */
  readonly rest?: SlurmRest;
  /** On the nodes, with PyTorch. */
  readonly python: string;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly constraint?: string;
  /** What Slurm calls the GPUs, such as `gpu:h100`; `none` where it does not count them. */
  readonly gpuGres: string;
  /** Whether the number of its GPUs is the file's, whatever Slurm says; absent: no more than Slurm says that there are. */
  readonly capacity?: "slurm" | "file";
  readonly cpusPerGpu?: number;
  /** Of one node. A part of a job that needs more is spread over several; all of it is on one node where absent. */
  readonly gpusPerNode?: number;
  /** Further options of sbatch. */
  readonly extraOptions: readonly string[];
}
