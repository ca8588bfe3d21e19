"""Collective links: messages between neighbouring stages over torch.distributed's point-to-point operations.

For ranks of one region, where NCCL moves tensors from GPU to GPU without passing through the processors. A
link is a group of its two ranks, and beside NCCL's a second one, of processors, for answers.
Waiting is done in threads, since gloo completes these operations only for a thread that waits for them, and
with a time limit, since without one NCCL's waiting orders streams and returns.
Left out: emulated rates and latencies, compression.
"""

from __future__ import annotations

from ..plan import Plan
from ..transport.transport import Transport
from .groups import Groups
from .receiver import CollectiveReceiver
from .sender import CollectiveSender


def open_links(plan: Plan, number: int, groups: Groups, transport: Transport, first_step: int) -> None:
    """Lets the tensors of this rank's collective links go over its groups, from `first_step` on."""
    for link in plan.links:
        if link.via == "collective" and number in (link.from_rank, link.to_rank):
            pair = groups.link(link.from_rank, link.to_rank)
            if link.from_rank == number:
                transport.use(link.to_rank, CollectiveSender(link.to_rank, pair, transport.lost))
            else:
                receiver = CollectiveReceiver(plan, link, pair, transport.deliver, transport.lost)
                receiver.start(first_step)
