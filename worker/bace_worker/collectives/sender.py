"""The sending end of a collective link: hands tensors to the group, and waits for their answers in a thread.

Each message is answered, as over TCP: that times it, and lets a rank leave only when its peer has everything.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..transport.outgoing import Transfer
from .groups import OPERATION_TIMEOUT, Group, Work

MESSAGE, ANSWER = 0, 1  # tags


@dataclass(frozen=True)
class _Sending:
    started_seconds: float
    stage: int
    tensor: Tensor
    work: Work
    answer: Work


class CollectiveSender:
    """The sending end of a link. `groups`: for tensors and for answers, both with the receiver as number 1.

    `on_lost` is called with the peer and the reason, from a thread.
    """

    def __init__(self, peer: int, groups: tuple[Group, Group], on_lost: Callable[[int, str], None]) -> None:
        self._peer = peer
        self._tensors, self._answers = groups
        self._on_lost = on_lost
        self._queue: queue.SimpleQueue[_Sending | RuntimeError] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._unanswered = 0
        self._ended = False
        self._transfers: list[Transfer] = []
        threading.Thread(target=self._await_answers, daemon=True).start()

    def push(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
        """Starts to send and returns. `tensor` must not change until it is answered."""
        whole = tensor.detach().contiguous()
        with self._changed:
            self._unanswered += 1
        now = time.monotonic()
        try:
            sending = self._tensors.send([whole], 1, MESSAGE)
            answer = self._answers.recv([torch.empty(1, dtype=torch.uint8)], 1, ANSWER)
        except RuntimeError as error:
            self._queue.put(error)
            return
        self._queue.put(_Sending(now, stage, whole, sending, answer))

    def take_transfers(self) -> list[Transfer]:
        """The transfers completed since the last call."""
        with self._changed:
            transfers, self._transfers = self._transfers, []
        return transfers

    def drain(self, check: Callable[[], None]) -> None:
        """Waits until the peer has everything, or has left. `check` may raise."""
        with self._changed:
            while self._unanswered:
                check()
                if self._ended:
                    return
                self._changed.wait(0.1)

    def _await_answers(self) -> None:
        previous = 0.0
        try:
            while True:
                sending = self._queue.get()
                if isinstance(sending, RuntimeError):
                    raise sending
                previous = self._await_answer(sending, previous)
                del sending  # or its tensor would live until the next one
        except Exception as error:  # whatever ends this thread must end the wait of the main one
            self._on_lost(self._peer, f"sending to rank {self._peer}: {error}")
            with self._changed:
                self._ended = True

    def _await_answer(self, sending: _Sending, previous_seconds: float) -> float:
        sending.answer.wait(OPERATION_TIMEOUT)
        sending.work.wait(OPERATION_TIMEOUT)
        now = time.monotonic()
        busy = max(now - max(sending.started_seconds, previous_seconds), 1e-6)
        size = sending.tensor.nbytes
        with self._changed:
            self._transfers.append(Transfer(self._peer, sending.stage, size, size, busy))
            self._unanswered -= 1
            self._changed.notify_all()
        return now
