"""Running the network: choice of the device, batches that fit its memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import DeviceError
from .network import LTFormer

_BATCH = {"cpu": 256, "mps": 512, "cuda": 4096}  # patches
_CPU_CHUNK_PX = 2**16  # pixels of the patches a thread runs at once: they stay in its cache
_LEAST_BATCH = 16


def choose_device(requested: str) -> tuple[torch.device, str]:
    """Returns the device for `requested` ("auto", "cpu", "mps", "cuda", "cuda:1", ...) and why, in words.

    Raises:
        DeviceError: a device was asked for by name and is not there.
    """
    kind = requested.partition(":")[0]
    if kind == "cpu":
        return torch.device("cpu"), f"CPU, {_threads()}: asked for"
    lacking = {"cuda": _why_no_cuda(), "mps": _why_no_mps()}
    if kind == "auto":
        for candidate in ("cuda", "mps"):
            if not lacking[candidate]:
                return torch.device(candidate), f"{_device_name(torch.device(candidate))}: found"
        return torch.device("cpu"), f"CPU, {_threads()}: {lacking['cuda']}"
    device = torch.device(requested)
    reason = lacking[kind]
    if not reason and kind == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        reason = f"only {torch.cuda.device_count()} CUDA devices were found"
    if reason:
        why = f"The reason: {reason}."
        raise DeviceError(f"The device '{requested}' cannot be used.", why, "Choose 'auto' or 'cpu'.")
    return device, f"{_device_name(device)}: asked for"


def _threads() -> str:
    count = torch.get_num_threads()
    return f"{count} thread" if count == 1 else f"{count} threads"


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "Apple GPU"


def _why_no_cuda() -> str:
    """Returns why CUDA cannot be used, or an empty text."""
    if torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built without CUDA"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides every CUDA device"
    return "" if torch.cuda.is_available() else "no CUDA device found"


def _why_no_mps() -> str:
    return "" if torch.backends.mps.is_available() else "no Apple GPU found"


class TorchBackend:
    """The network in PyTorch on one device, in float32.

    On a CPU each of PyTorch's threads runs chunks of its own: operators split over the threads would wait for the
    slowest in each of hundreds of steps, which on a busy machine costs a factor of ten or more.

    Args:
        tensors: its weights.
        descriptor_dim: width of the descriptor.
        device: where to run.
    """

    name = "torch"

    def __init__(self, tensors: dict[str, torch.Tensor], descriptor_dim: int, device: torch.device) -> None:
        self._device = device
        network = LTFormer(descriptor_dim)
        network.load_state_dict(tensors, strict=False)  # names and shapes are checked by load_weights
        self._network = network.eval().requires_grad_(False).to(device)
        self.descriptor_dim = descriptor_dim
        self.batch = _BATCH.get(device.type, 512)
        self._threads = _one_core_threads(torch.get_num_threads()) if device.type == "cpu" else None

    def describe(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns (N, D) descriptors of (N, P, P) patches; N is at most `batch`, which shrinks for good when
        the device's memory does not suffice."""
        described: list[NDArray[np.float32]] = [np.zeros((0, self.descriptor_dim), np.float32)]
        start = 0
        while start < len(patches):
            part = patches[start : start + self.batch]
            done = self._run_or_shrink(part)
            if done is not None:
                described.append(done)
                start += len(part)
        return np.concatenate(described)

    def _run_or_shrink(self, patches: NDArray[np.float32]) -> NDArray[np.float32] | None:
        try:
            return self._run(patches)
        except torch.OutOfMemoryError as error:
            if self.batch <= _LEAST_BATCH:
                raise DeviceError(
                    f"The memory of {self._device} does not suffice for {self.batch} patches.",
                    "",
                    "Close other programs that use it, or choose the device 'cpu'.",
                ) from error
        torch.cuda.empty_cache()
        self.batch //= 2
        return None

    def _run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = torch.from_numpy(np.ascontiguousarray(patches))
        if self._threads is None:
            return self._infer(tensor)
        chunk = max(1, _CPU_CHUNK_PX // (tensor.shape[1] * tensor.shape[2]))
        return np.concatenate(list(self._threads.map(self._infer, torch.split(tensor, chunk))))

    def _infer(self, patches: torch.Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            values: NDArray[np.float32] = self._network(patches.to(self._device)).cpu().numpy()
        return values


def _one_core_threads(count: int) -> ThreadPoolExecutor:
    """Returns `count` threads whose PyTorch operators use one core each."""
    return ThreadPoolExecutor(count, "ltformer", initializer=torch.set_num_threads, initargs=(1,))
