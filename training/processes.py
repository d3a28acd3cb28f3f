"""Training in several processes that share each batch, started by `torchrun`.

Every process cuts its part of the batch and runs it through the network; the features are gathered and the loss is
taken of the whole batch by all, so that negatives come from everywhere and the step is that of a single process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Processes:
    """This process among all.

    Attributes:
        rank: 0 leads: it writes files and validates.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    def part(self, total: int) -> slice:
        """Returns this process's part of `total` pairs, a multiple of `count`."""
        size = total // self.count
        return slice(self.rank * size, (self.rank + 1) * size)

    def gather(self, own: Tensor, dim: int) -> Tensor:
        """Returns the parts of all processes one after the other along `dim`."""
        if self.count == 1:
            return own
        parts = [torch.empty_like(own) for _ in range(self.count)]
        distributed.all_gather(parts, own.contiguous())
        return torch.cat(parts, dim=dim)

    def add(self, tensors: Iterable[Tensor]) -> None:
        """Replaces each tensor by its sum over all processes."""
        if self.count > 1:
            for tensor in tensors:
                distributed.all_reduce(tensor)

    def leaders(self, value: float) -> float:
        """Returns the leader's value: what depends on its clock or files must be the same for all."""
        if self.count == 1:
            return value
        shared = [value]
        distributed.broadcast_object_list(shared, src=0)
        return shared[0]


def join_processes(device: str) -> tuple[Processes, str]:
    """Returns this process among those of `torchrun`, and its device; without torchrun it is alone."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return Processes(), device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return Processes(distributed.get_rank(), count), device
