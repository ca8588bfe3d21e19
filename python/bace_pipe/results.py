"""Results of simulations and plans, as data and as a notebook shows them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .table import Table
from .types import Explained


class Simulation:
    """One scenario under several policies. The same scenario, seed and version give the same figures.

    Attributes:
        run: what it is a result of: version, scenario, scenarioHash, seed, timeModel.
        policies: a row per policy.
        jobs: a row per policy and job.
    """

    def __init__(self, report: Mapping[str, Any]) -> None:
        by_policy: Mapping[str, Mapping[str, Any]] = report["policies"]
        self.report = report
        self.run = {field: value for field, value in report.items() if field != "policies"}
        self.policies: Table[dict[str, Any]] = Table(
            {"policy": policy, **{field: value for field, value in result.items() if field != "jobs"}}
            for policy, result in by_policy.items()
        )
        self.jobs: Table[dict[str, Any]] = Table(
            {"policy": policy, **job} for policy, result in by_policy.items() for job in result["jobs"]
        )

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row per policy; `jobs.to_pandas()` has the jobs."""
        return self.policies.to_pandas()

    def __repr__(self) -> str:
        return f"Simulation({self.run!r}, policies={[row['policy'] for row in self.policies]!r})"

    def _repr_html_(self) -> str:
        run = escape(", ".join(f"{field} {value}" for field, value in self.run.items()))
        return f"{self.policies._repr_html_()}<p>{run}</p>"


class Plan(Table[Explained]):
    """A dry run: what would happen to each job of the queue, and why. A row per decision.

    Attributes:
        revision: of fleet, queue and placements: `submit(…, if_revision=revision)` carries this out or
        nothing.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        super().__init__(plan["decisions"])
        self.revision: int = plan["revision"]

    def _repr_html_(self) -> str:
        rows: Table[dict[str, Any]] = Table(
            {"job": row["jobId"], "decision": row["kind"], "placement": row["placement"]} for row in self
        )
        return f"{rows._repr_html_()}<p>revision {self.revision}</p>"
