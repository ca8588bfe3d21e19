"""Real Slurm clusters on one machine: controllers, nodes with pretended GPUs, and nothing left behind."""
