"""Simulations and plans by the program itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BACE, FLEET, ROOT, Service

from bace_pipe import ProgramFailed, Simulation, plan, simulate

SCENARIO = ROOT / "scenarios" / "demo-three-regions.yaml"


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(SCENARIO, policies=["bace", "lcf"], seed=7, program=BACE)


def test_a_simulation_is_what_the_program_says(simulation: Simulation) -> None:
    asked = ["simulate", str(SCENARIO), "--policy", "bace,lcf", "--seed", "7", "-o", "json"]
    said = subprocess.run([*BACE, *asked], capture_output=True, check=True).stdout
    assert simulation.report == json.loads(said)
    assert simulation.run["seed"] == 7
    assert [row["policy"] for row in simulation.policies] == ["bace", "lcf"]
    assert len(simulation.jobs) == 2 * 6
    assert {row["policy"] for row in simulation.jobs[:6]} == {"bace"}


def test_a_notebook_shows_a_row_per_policy(simulation: Simulation) -> None:
    page = simulation._repr_html_()
    assert page.count("<tr>") == 3 and "<td>bace</td>" in page
    assert f"{simulation.policies[0]['averageJctSeconds']:.4g}" in page
    assert "netherlands 2" in simulation.jobs._repr_html_()


def test_a_scenario_may_be_given_by_its_fields() -> None:
    link = {"bandwidthBitsPerSecond": "1 Gbit/s", "latencySeconds": "5 ms"}
    slot = {"peakFlopsPerSecond": 2e9, "memoryBytes": "1 GB", "busyWatts": 300, "idleWatts": 30}
    shape = {"model": "tiny-byte", "sequenceLength": 64, "microbatchSize": 2, "microbatches": 8}
    scenario = {
        "version": 1,
        "name": "<b>bold</b>",
        "gpuTypes": {"slot": slot},
        "regions": [
            {"name": name, "gpuType": "slot", "gpus": 2, "priceUsdPerKwh": 0.1} for name in ("a", "b")
        ],
        "links": [{"from": "a", "to": "b", "both": True, **link}],
        "jobs": [{"name": "one", **shape, "iterations": 5, "minGpus": 1, "maxGpus": 2}],
    }
    found = simulate(scenario, policies=["bace-plus"], program=BACE)
    assert found.policies[0]["finishedJobs"] == 1
    assert "&lt;b&gt;bold" in found._repr_html_()


def test_a_plan_is_made_by_the_program_too(service: Service) -> None:
    rows = plan(service.job("planned"), state=service.state, program=BACE)
    assert {row["jobId"]: row["kind"] for row in rows}["planned"] == "start"
    assert "<td>planned</td>" in rows._repr_html_()
    with pytest.raises(ProgramFailed) as failed:
        plan(service.job("too-large", minGpus=6, maxGpus=6), state=service.state, program=BACE)
    assert failed.value.code == "job-larger-than-any-path" and "needs 6 GPUs" in failed.value.detail


def test_what_is_wrong_is_said_with_its_place_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET.replace("to: west", "to: wets"))
    with pytest.raises(ProgramFailed) as failed:
        simulate(path, program=BACE)
    assert failed.value.code == "unknown-region"
    assert f"{path}:9:" in failed.value.detail
    assert failed.value.mend == 'did you mean "west"?'


def test_a_program_that_is_not_there_is_told_apart_from_one_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProgramFailed) as missing:
        simulate(SCENARIO)
    assert missing.value.code == "no-program" and missing.value.mend is not None
    with pytest.raises(ProgramFailed, match="cannot run /nowhere/bace"):
        simulate(SCENARIO, program=["/nowhere/bace"])


def test_pandas_takes_the_rows(simulation: Simulation) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = simulation.to_pandas()
    assert list(frame["policy"]) == ["bace", "lcf"]
    assert len(simulation.jobs.to_pandas()) == 12


def test_without_pandas_it_is_said_what_to_install(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install"):
        simulation.to_pandas()
