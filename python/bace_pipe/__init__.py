"""Client of BACE-Pipe: submit, plan and follow training jobs of a service; simulate scheduling policies."""

from .client import Client
from .errors import BaceError, ProgramFailed, ServiceRefused, ServiceUnreachable, WaitTimeout
from .events import Event
from .program import plan, simulate
from .results import Plan, Simulation
from .table import Table
from .types import Explained, Job, Region, Submitted

__all__ = [
    "BaceError",
    "Client",
    "Event",
    "Explained",
    "Job",
    "Plan",
    "ProgramFailed",
    "Region",
    "ServiceRefused",
    "ServiceUnreachable",
    "Simulation",
    "Submitted",
    "Table",
    "WaitTimeout",
    "plan",
    "simulate",
]
