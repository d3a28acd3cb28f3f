"""A large batch through the network in chunks on several threads, forward and backward.

Each patch counts on its own up to the head, so chunks need not know of each other. On a CPU, threads that each run
whole chunks keep busy cores that operators split over threads would leave waiting for the slowest, which matters on a
shared machine. Gradients are added in the order of the chunks: the sum doesn't depend on who finished first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """Threads that each run torch on one core.

    Args:
        threads: how many.
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
        network: gives the (C, D) features of (C, P, P) patches.
        patches: (B, P, P).
        chunk: patches of a chunk.
        workers: threads that run the chunks; None runs them here.

    Attributes:
        values: (B, D) float32, cut off from the network.
    """

    def __init__(
        self, network: Callable[[Tensor], Tensor], patches: Tensor, chunk: int, workers: Workers | None
    ) -> None:
        self._workers = workers
        chunks = torch.split(patches, chunk)
        self._parts = workers.map(network, chunks) if workers else [network(each) for each in chunks]
        self.values = torch.cat([part.detach() for part in self._parts])

    def backward(self, gradient: Tensor, parameters: list[torch.nn.Parameter]) -> None:
        """Gives every parameter its gradient, from the (B, D) gradient of `values`."""
        pieces = list(zip(self._parts, torch.split(gradient, [len(part) for part in self._parts])))

        def back(piece: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
            return torch.autograd.grad(piece[0], parameters, grad_outputs=piece[1])

        gradients = self._workers.map(back, pieces) if self._workers else [back(piece) for piece in pieces]
        for parameter, parts in zip(parameters, zip(*gradients)):
            total = parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)
            parameter.grad = torch.empty_like(parameter).copy_(total)  # fused optimisers want the parameter's strides
