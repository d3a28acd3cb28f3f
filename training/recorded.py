"""A computation recorded once as a CUDA graph and replayed: one launch instead of hundreds."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_WARM_UP = 3  # runs before the recording, as CUDA graphs ask for


class Recorded:
    """A function of tensors on a CUDA device, as a graph.

    Args:
        function: takes and gives tensors of constant shapes, without waiting for the device.
        inputs: an example; later ones must have the same shapes.
    """

    def __init__(self, function: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
        self._inputs = tuple(each.clone() for each in inputs)
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                function(*self._inputs)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._result = function(*self._inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Returns the function's result, in memory that the next call overwrites."""
        for held, new in zip(self._inputs, inputs):
            held.copy_(new)
        self._graph.replay()
        return self._result
