"""Encrypted links: the launch's own certificate on both sides, and nobody else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from gang import connect_all, in_parallel, no_check, run_gang
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.exit_codes import BadPlan, PeerLost
from bace_worker.plan import Tls
from bace_worker.transport.tls import Encryption
from bace_worker.transport.transport import Transport
from bace_worker.transport.wire import greet

if shutil.which("openssl") is None:
    pytest.skip("TLS was not tested: no `openssl` to make certificates with", allow_module_level=True)

EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=bace-pipe")


def certificate(folder: Path, name: str, *options: str) -> dict[str, str]:
    """A self-signed certificate and its key, as they stand in a plan."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    openssl(folder, "req", "-x509", *EC_KEY, "-days", "1", "-keyout", key, "-out", cert, *options)
    return {"certificate": cert.read_text(), "privateKey": key.read_text()}


def expired_certificate(folder: Path) -> dict[str, str]:
    """Of one day in 2020, which `openssl ca` alone makes in all versions."""
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n[p]\ncommonName=supplied\n"
    )
    (folder / "index").touch()
    (folder / "serial").write_text("01")
    openssl(folder, "req", "-new", *EC_KEY, "-keyout", "key", "-out", "request")
    openssl(
        *(folder, "ca", "-batch", "-selfsign", "-notext", "-config", "ca.cnf"),
        *("-policy", "p", "-md", "sha256", "-keyfile", "key", "-in", "request", "-out", "certificate"),
        *("-startdate", "20200101000000Z", "-enddate", "20200102000000Z"),
    )
    return {
        "certificate": (folder / "certificate").read_text(),
        "privateKey": (folder / "key").read_text(),
    }


def openssl(folder: Path, *arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return certificate(tmp_path_factory.mktemp("tls"), "own")


def encrypted(text: Path, tls: dict[str, str], **link: Any) -> plans.Plan:
    return plans.read(make_plan(text, 2, tls=tls, link=link))


def refused(text: Path, near: dict[str, str], far: dict[str, str]) -> None:
    """Two ranks of the same launch that show different certificates do not come together."""
    transports = [Transport(encrypted(text, tls), rank, "127.0.0.1") for rank, tls in enumerate((near, far))]
    with pytest.raises(PeerLost, match=r"certificate|alert|closed|reset|EOF"):
        transports[0].connect({1: transports[1].address}, no_check)
    assert not transports[1]._outgoing_made.is_set()


def test_tensors_and_notes_arrive(text: Path, own: dict[str, str]) -> None:
    first, second = connect_all(encrypted(text, own, streams=3, chunkBytes=1 << 10))
    tensor = torch.randn(2, 32, 32)
    first.send("F", 1, 0, 1, tensor)
    second.send("B", 0, 0, 1, -tensor)
    first.note(1, "n", 1, b"norm")
    assert torch.equal(second.take("F", 1, 0, 1, no_check), tensor)
    assert torch.equal(first.take("B", 0, 0, 1, no_check), -tensor)
    assert second.take_note(0, "n", 1, no_check) == b"norm"
    in_parallel([lambda t=t: t.close(no_check) for t in (first, second)])


def test_training_is_the_same(text: Path, own: dict[str, str]) -> None:
    plain = run_gang(make_plan(text, 2)).losses()
    assert run_gang(make_plan(text, 2, tls=own, link={"streams": 2})).losses() == plain


def test_it_is_encrypted(text: Path, own: dict[str, str]) -> None:
    """Version 1.3; and a peer without TLS, though it knows the launch key, is not even heard."""
    plan = encrypted(text, own)
    rank = Transport(plan, 1, "127.0.0.1")
    with socket.create_connection(rank.address) as sock:
        assert Encryption(Tls(own["certificate"], own["privateKey"])).connect(sock).version() == "TLSv1.3"
    with socket.create_connection(rank.address) as sock, pytest.raises(OSError, match=r"refused|reset"):
        greet(sock, plan, 0, 1, 0)


def test_another_certificate_is_refused(text: Path, own: dict[str, str], tmp_path: Path) -> None:
    refused(text, certificate(tmp_path, "foreign"), own)


def test_what_the_certificate_signed_is_refused(text: Path, own: dict[str, str], tmp_path: Path) -> None:
    """A self-signed certificate is an authority too: what it has signed is still not the launch's."""
    for name, content in (("own.pem", own["certificate"]), ("own.key", own["privateKey"])):
        (tmp_path / name).write_text(content)
    authority = ("-CA", str(tmp_path / "own.pem"), "-CAkey", str(tmp_path / "own.key"))
    refused(text, certificate(tmp_path, "child", *authority), own)


def test_an_expired_certificate_is_refused(text: Path, tmp_path: Path) -> None:
    expired = expired_certificate(tmp_path)
    refused(text, expired, expired)


def test_the_key_lies_in_no_file_afterwards(
    own: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And while it does, only its owner may read it."""
    modes: list[int] = []
    unlink = os.unlink

    def seen(path: str) -> None:
        modes.append(os.stat(path).st_mode & 0o777)
        unlink(path)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "unlink", seen)
    Encryption(Tls(own["certificate"], own["privateKey"]))
    assert set(modes) == {0o600}
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_is_none_is_a_bad_plan(own: dict[str, str], tmp_path: Path) -> None:
    other = certificate(tmp_path, "other")
    for pair in (
        ("no certificate", own["privateKey"]),
        (own["certificate"], "no key"),
        (own["certificate"], other["privateKey"]),
    ):
        with pytest.raises(BadPlan, match="tls: "):
            Encryption(Tls(*pair))
