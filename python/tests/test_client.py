"""The client against a real service."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import Service, until

from bace_pipe import Client, ServiceRefused, ServiceUnreachable, WaitTimeout
from bace_pipe.job_file import job_file


@pytest.fixture
def client(service: Service) -> Client:
    return Client(state=service.state)


def test_a_job_is_planned_submitted_trained_and_explained(service: Service, client: Client) -> None:
    job = service.job("trained", iterations=3)
    plan = client.plan(job)
    assert [(row["jobId"], row["kind"]) for row in plan] == [("trained", "start")]

    assert client.submit(job, if_revision=plan.revision) == {"jobIds": ["trained"], "existing": []}
    assert client.submit(job) == {"jobIds": [], "existing": ["trained"]}

    (ended,) = client.wait("trained", timeout_seconds=120)
    assert (ended["outcome"], ended["step"]) == ("finished", 3)
    first, last = ended["firstLoss"], ended["lastLoss"]
    assert first is not None and last is not None and last < first
    placement = ended["placement"]
    assert placement == client.job("trained")["placement"] and placement is not None
    assert [part["gpus"] for part in placement["regions"]] == [1]
    why = client.explain("trained")["why"]
    assert why is not None and why["policy"] == "bace-plus"
    assert [row["id"] for row in client.jobs(phase="ended")] == ["trained"]


def test_a_job_that_waits_is_waited_for_in_vain_and_cancelled(service: Service, client: Client) -> None:
    first = service.job("long", iterations=100_000, minGpus=3, maxGpus=3)
    client.submit(first, key="first")
    until(lambda: client.job("long")["phase"] != "queued")
    client.submit([first, {**first, "name": "behind"}])
    with pytest.raises(WaitTimeout, match="behind: not ended after 1 s"):
        client.wait(["behind"], timeout_seconds=1)
    assert client.explain("behind")["kind"] == "wait"
    for name in ("behind", "long"):
        client.cancel(name)
    ended = client.wait(["long", "behind"], timeout_seconds=60)
    assert [(row["id"], row["outcome"]) for row in ended] == [("long", "cancelled"), ("behind", "cancelled")]


def test_a_file_is_submitted_with_the_folder_that_its_paths_start_from(
    service: Service, client: Client
) -> None:
    job = service.job("from-file")
    job["training"]["data"]["paths"] = ["text.md"]
    path = service.folder / "job.json"
    path.write_text(json.dumps(job))
    assert job_file(path)["directory"] == str(service.folder)
    assert job_file(path)["file"] == str(path)
    assert [row["jobId"] for row in client.plan(path) if row["kind"] == "start"] == ["from-file"]


def test_what_is_wrong_in_a_file_is_said_with_its_line_and_what_to_do(
    service: Service, client: Client
) -> None:
    with pytest.raises(ServiceRefused) as refused:
        client.submit(service.job("wrong", microbatches="many"))
    error = refused.value
    assert (error.code, error.status) == ("invalid-job", 422)
    assert error.detail.startswith("<python>:") and "microbatches" in error.detail
    assert error.mend is not None and error.mend.startswith("<python>:")
    assert error.problem["diagnostics"][0]["field"] == "microbatches"


def test_a_revision_that_has_passed_is_refused(service: Service, client: Client) -> None:
    with pytest.raises(ServiceRefused) as refused:
        client.submit(service.job("late"), if_revision=client.plan(service.job("late")).revision + 1)
    assert refused.value.code == "world-moved"


def test_regions_are_rows(client: Client) -> None:
    regions = client.regions()
    assert [(row["name"], row["gpus"]) for row in regions] == [("east", 2), ("west", 1)]
    assert "<th>priceUsdPerKwh</th>" in regions._repr_html_()


def test_names_are_no_paths(client: Client) -> None:
    with pytest.raises(ServiceRefused) as refused:
        client.job("../regions")
    assert refused.value.code == "unknown-job"


def test_without_a_token_the_service_says_that_one_is_needed(service: Service) -> None:
    with pytest.raises(ServiceRefused) as refused:
        Client(service.url).regions()
    assert refused.value.code == "no-token"
    assert refused.value.mend is not None and "BACE_TOKEN" in refused.value.mend


def test_the_service_is_found_as_the_command_line_finds_it(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ServiceUnreachable, match="no service is running in"):
        Client()
    (tmp_path / ".bace").symlink_to(service.state)
    assert len(Client().regions()) == 2
    (tmp_path / ".bace").unlink()
    monkeypatch.setenv("BACE_STATE", str(service.state))
    assert len(Client().regions()) == 2
    monkeypatch.delenv("BACE_STATE")
    monkeypatch.setenv("BACE_SERVER", f"{service.url}/")
    monkeypatch.setenv("BACE_TOKEN", (service.state / "admin.token").read_text())
    assert len(Client().regions()) == 2


def test_the_token_of_a_state_folder_goes_to_no_other_address(service: Service, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(service.state, tmp_path / "copy", ignore=shutil.ignore_patterns("db")))
    assert Client(state=copy)._http.authorization != {}
    assert Client("http://127.0.0.1:1", state=copy)._http.authorization == {}
    found = json.loads((copy / "service.json").read_text())
    # Another process has the number by now.
    (copy / "service.json").write_text(json.dumps({**found, "startTicks": found["startTicks"] - 1}))
    assert Client(state=copy)._http.authorization == {}


def test_an_address_where_nobody_listens_is_said_to_be_one() -> None:
    with pytest.raises(ServiceUnreachable, match=r"http://127\.0\.0\.1:1 does not answer"):
        Client("http://127.0.0.1:1").regions()
