"""Three regions with a real Slurm cluster each, behind a WAN, and the whole program over them."""
