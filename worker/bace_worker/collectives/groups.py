"""Process groups of torch.distributed that a plan needs, without a global default group.

One per set of ranks that reduce gradients together, and one per directed link that is "collective": each
with a thread of its own, since the two directions of a pair slow each other down in one group (on loopback
0.8 instead of 1.2 GB/s each). Gloo between processors, NCCL between GPUs.
Ranks meet at a TCPStore that one of them hosts. Keys begin with a secret of the launch, so that an older
epoch never meets a newer one; store and gloo listen at the rank's own address alone. That is no protection
from someone who reads the network or reaches those ports: groups are for the inside of a region.
Every rank joins its groups in the same order, or two of them would wait for each other.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch

from ..exit_codes import PeerLost
from ..plan import Plan
from ..transport.connecting import CONNECT_SECONDS, Address

# how long one operation may wait for the others: a step and a checkpoint's stall, with much to spare
OPERATION_TIMEOUT = timedelta(minutes=30)
Group = Any
"""Backend of torch.distributed; its members are numbered in the order of `Members.ranks`."""
Work = Any
"""One operation of a group, under way."""


@dataclass(frozen=True)
class Members:
    name: str
    ranks: tuple[int, ...]
    device: str


def memberships(plan: Plan) -> list[Members]:
    """All groups of a plan, in the order in which ranks join them."""
    device = plan.training.device
    found: list[Members] = []
    for rank in plan.ranks:
        siblings = tuple(sibling.rank for sibling in plan.siblings(rank))
        if len(siblings) > 1 and siblings[0] == rank.rank:
            found.append(Members(f"siblings {rank.rank}", siblings, device))
    for link in plan.links:
        if link.via == "collective":
            pair = (link.from_rank, link.to_rank)
            found.append(Members(_link_name(*pair), pair, device))
            if device != "cpu":
                found.append(Members(_answers_name(*pair), pair, "cpu"))
    return found


class Groups:
    """Of one rank. `host`: its own address. Opens the store when constructed, on the rank that hosts it."""

    def __init__(self, plan: Plan, number: int, host: str) -> None:
        self._plan = plan
        self._number = number
        self._host = host
        self._members = [members for members in memberships(plan) if number in members.ranks]
        self._groups: dict[str, Group] = {}
        self._error: Exception | None = None
        needing = {rank for members in memberships(plan) for rank in members.ranks}
        self._store = self._open_store() if needing and number == min(needing) else None
        self.store_port: int | None = None if self._store is None else self._store.port
        """What the rendezvous is told: the others reach the store at this rank's address."""

    def connect(self, store: Address | None, check: Callable[[], None]) -> None:
        """Joins all groups of this rank; `store` as the rendezvous says. Raises PeerLost."""
        if not self._members:
            return
        assert store is not None, "the rank that hosts the store says so when it checks in"
        joining = threading.Thread(target=self._join_all, args=(store,), daemon=True)
        joining.start()
        deadline = time.monotonic() + CONNECT_SECONDS
        while joining.is_alive() and time.monotonic() < deadline:
            check()
            joining.join(0.02)
        if self._error is not None:
            raise PeerLost(f"process groups, store at {store[0]}:{store[1]}: {self._error}")
        missing = [members for members in self._members if members.name not in self._groups]
        if missing:
            ranks = ", ".join(map(str, missing[0].ranks))
            raise PeerLost(
                f"process groups: ranks {ranks} did not come together within {CONNECT_SECONDS:.0f} s"
            )

    def siblings(self) -> Group | None:
        """Of the ranks with this rank's stages; None where it is the only one."""
        return next((group for name, group in self._groups.items() if name.startswith("siblings")), None)

    def link(self, from_rank: int, to_rank: int) -> tuple[Group, Group]:
        """For the tensors of a collective link, and for what its two ends tell each other beside them."""
        group = self._groups[_link_name(from_rank, to_rank)]
        return group, self._groups.get(_answers_name(from_rank, to_rank), group)

    def _open_store(self) -> Any:
        listener = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        listener.bind((self._host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        timeout = timedelta(seconds=CONNECT_SECONDS)
        return _distributed().TCPStore(
            self._host, port, None, True, timeout, wait_for_workers=False, master_listen_fd=listener.detach()
        )

    def _join_all(self, address: Address) -> None:
        distributed = _distributed()
        try:
            if self._store is None:
                timeout = timedelta(seconds=CONNECT_SECONDS)
                self._store = distributed.TCPStore(*address, None, False, timeout, wait_for_workers=False)
            for members in self._members:
                store = distributed.PrefixStore(f"{_secret(self._plan)}/{members.name}", self._store)
                self._groups[members.name] = self._join(members, store)
        except Exception as error:  # whatever ends this thread must end the wait of the main one
            self._error = error

    def _join(self, members: Members, store: Any) -> Group:
        position = members.ranks.index(self._number)
        if members.device == "cpu":
            return _gloo(store, position, len(members.ranks), self._host)
        group = _nccl(store, position, len(members.ranks))
        _meet(group, members, position)
        return group


def _distributed() -> Any:
    """Imported where a plan needs it: not every build of PyTorch has it."""
    return importlib.import_module("torch.distributed")


def _gloo(store: Any, position: int, size: int, host: str) -> Group:
    backend = _distributed().ProcessGroupGloo
    options = backend._Options()
    options._devices = [backend.create_device(hostname=host)]
    options._timeout = OPERATION_TIMEOUT
    return backend(store, position, size, options)


def _nccl(store: Any, position: int, size: int) -> Group:
    # a lost peer must show as an error of the operation; the default ends the process without exit code
    os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2")
    backend = _distributed().ProcessGroupNCCL
    options = backend.Options()
    options._timeout = OPERATION_TIMEOUT
    return backend(store, position, size, options)


def _meet(group: Group, members: Members, position: int) -> None:
    """NCCL connects in the first operation, which waits for the other side: now, and not in a step."""
    probe = torch.zeros(1, device=members.device)
    if members.name.startswith("siblings"):
        group.allreduce([probe]).wait()
    elif position == 0:
        group.send([probe], 1, 0).wait()
    else:
        group.recv([probe], 0, 0).wait()
    torch.cuda.synchronize()


def _link_name(from_rank: int, to_rank: int) -> str:
    return f"link {from_rank} to {to_rank}"


def _answers_name(from_rank: int, to_rank: int) -> str:
    return f"answers {from_rank} to {to_rank}"


def _secret(plan: Plan) -> str:
    text = f"store\n{plan.job_id}\n{plan.epoch}"
    return hmac.digest(plan.launch_key.encode(), text.encode(), hashlib.sha256).hex()
