"""The receiving end of a collective link: a thread that posts receives ahead and answers every message.

Gloo and NCCL meet before they send, so a receive that is posted when its message is needed costs a round
trip. What comes next follows from the sender's actions, the same in every step.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from ..model.model import DTYPES
from ..plan import Link, Plan
from .groups import OPERATION_TIMEOUT, Group, Work
from .sender import ANSWER, MESSAGE

RECEIVES_AHEAD = 2  # one that is under way and the next; more were no faster
Message = tuple[str, int, int]
"""Kind, stage of the receiver and micro-batch: what a link carries in every step."""


def messages_of(plan: Plan, from_rank: int, to_rank: int) -> list[Message]:
    """What a link carries in one step, in its order."""
    sender = plan.ranks[from_rank]
    found: list[Message] = []
    for action in sender.actions:
        if action.kind.startswith("SEND"):
            stage = action.stage + (1 if action.kind == "SEND_F" else -1)
            if plan.rank_of(stage, action.microbatch, sender.replica).rank == to_rank:
                found.append((action.kind[-1], stage, action.microbatch))
    return found


@dataclass(frozen=True)
class _Receiving:
    message: Message
    step: int
    tensor: Tensor
    work: Work


class CollectiveReceiver:
    """The receiving end of a link. `groups`: as for the sender, who is number 0.

    From a thread, `deliver` is called with every message, and `on_lost` as by the sender.
    """

    def __init__(
        self,
        plan: Plan,
        link: Link,
        groups: tuple[Group, Group],
        deliver: Callable[[str, int, int, int, Tensor], None],
        on_lost: Callable[[int, str], None],
    ) -> None:
        self._training = plan.training
        self._shape = (plan.training.microbatch_size, plan.model.sequence_length, plan.model.hidden_size)
        self._messages = messages_of(plan, link.from_rank, link.to_rank)
        self._peer = link.from_rank
        self._tensors, self._answers = groups
        self._deliver = deliver
        self._on_lost = on_lost
        self._posted: deque[_Receiving] = deque()

    def start(self, first_step: int) -> None:
        """Receives from that step on, to the last of the training."""
        threading.Thread(target=self._run, args=(first_step,), daemon=True).start()

    def _run(self, first_step: int) -> None:
        on_gpu = self._training.device == "cuda"
        # of its own: on the main thread's stream, blocks would wait for messages that they do not need
        stream: Any = torch.cuda.Stream() if on_gpu else None  # type: ignore[no-untyped-call]
        steps = range(first_step, self._training.steps + 1)
        try:
            with torch.cuda.stream(stream) if on_gpu else nullcontext():
                self._receive((message, step) for step in steps for message in self._messages)
        except Exception as error:  # whatever ends this thread must end the wait of the main one
            self._on_lost(self._peer, f"receiving from rank {self._peer}: {error}")

    def _receive(self, coming: Iterator[tuple[Message, int]]) -> None:
        answers: deque[Work] = deque()
        for message, step in islice(coming, RECEIVES_AHEAD):
            self._post(message, step)
        while self._posted:
            received = self._posted.popleft()
            received.work.wait(OPERATION_TIMEOUT)
            if received.tensor.is_cuda:
                received.tensor.record_stream(torch.cuda.default_stream())  # where the main thread reads it
            for message, step in islice(coming, 1):
                self._post(message, step)
            self._deliver(*received.message, received.step, received.tensor)
            answers.append(self._answers.send([torch.zeros(1, dtype=torch.uint8)], 0, ANSWER))
            if len(answers) > RECEIVES_AHEAD:
                answers.popleft().wait(OPERATION_TIMEOUT)
            del received  # or its tensor would live until the next one
        for answer in answers:
            answer.wait(OPERATION_TIMEOUT)

    def _post(self, message: Message, step: int) -> None:
        training = self._training
        tensor = torch.empty(self._shape, dtype=DTYPES[training.dtype], device=training.device)
        self._posted.append(_Receiving(message, step, tensor, self._tensors.recv([tensor], 0, MESSAGE)))
