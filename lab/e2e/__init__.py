"""The worker from end to end: same training in every layout, and after every fault. `python -m lab.e2e`."""

import sys
from pathlib import Path

# the worker is run from its folder, and plans and gangs are those of its tests
_WORKER = Path(__file__).resolve().parents[2] / "worker"
sys.path[:0] = [str(_WORKER), str(_WORKER / "tests")]
