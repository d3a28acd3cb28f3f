"""A large batch through the network in chunks on several threads, forward and backward.

Each patch counts on its own up to the head, so chunks need not know of each other. Threads that each run whole
chunks keep busy cores that operators split over threads would leave waiting for the slowest, which matters on a
shared machine. Gradients are added in the order of the chunks: the sum doesn't depend on who finished first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from ltcore.ltformer.network import LTFormer

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """Threads that each run torch on one core.

    Args:
        threads: how many; on a GPU one suffices.
    """

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(1)
        self._pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Returns the function's results in the order of the items."""
        return list(self._pool.map(function, items))


class ChunkedFeatures:
    """The features of one batch, and the way back from their gradient to the network's.

    Args:
        network: whose features.
        patches: (B, P, P).
        chunk: patches of a chunk.
        bfloat16: whether the network runs in bfloat16.
        workers: threads that run the chunks.

    Attributes:
        values: (B, D) float32 leaf that wants a gradient.
    """

    def __init__(self, network: LTFormer, patches: Tensor, chunk: int, bfloat16: bool, workers: Workers) -> None:
        self._network, self._bfloat16, self._workers = network, bfloat16, workers
        self._parts = workers.map(self._forward, torch.split(patches, chunk))
        self.values = torch.cat([part.detach() for part in self._parts]).requires_grad_()

    def _forward(self, patches: Tensor) -> Tensor:
        with torch.autocast(patches.device.type, torch.bfloat16, enabled=self._bfloat16):
            return self._network.features(patches).float()

    def backward(self) -> None:
        """Gives every parameter of the network its gradient, from that of `values`."""
        if self.values.grad is None:
            raise ValueError("the features have no gradient: call backward() of the loss first")
        parameters = list(self._network.parameters())
        pieces = zip(self._parts, torch.split(self.values.grad, [len(part) for part in self._parts]))
        gradients = self._workers.map(
            lambda piece: torch.autograd.grad(piece[0], parameters, grad_outputs=piece[1]), pieces
        )
        for parameter, parts in zip(parameters, zip(*gradients)):
            parameter.grad = torch.stack(parts).sum(dim=0)
