// What an administrator says of a region whose launches are jobs of a Slurm cluster. Every text is of a few harmless
// characters (spec/slurm.ts): it becomes a word of a command line, there or on the cluster's side of an ssh connection.
export interface SlurmSettings {
  /** On the cluster, and the same on its nodes: launches and the worker are kept in it. */
  readonly folder: string;
  /** Destination of ssh, such as `user@login` or an alias; Slurm's commands are run on the service's machine where absent. */
  readonly host?: string;
  /** What Slurm's commands are started with, such as `ip netns exec NAME`. */
  readonly clientPrefix?: readonly string[];
  /** Slurm's configuration file, where it is not the usual one. */
  readonly configurationFile?: string;
  /** On the nodes, with PyTorch. */
  readonly python: string;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly constraint?: string;
  /** What Slurm calls the GPUs, such as `gpu:h100`; `none` where it does not count them. */
  readonly gpuGres: string;
  readonly cpusPerGpu?: number;
  /** Further options of sbatch. */
  readonly extraOptions: readonly string[];
}
