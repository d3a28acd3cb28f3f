"""Running the network: choice of the device and of the software, batches that fit the device's memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import FeatureConfig
from ..errors import DeviceError, DeviceLostError
from .cpu_backend import OpenVinoBackend, has_bfloat16, why_no_openvino
from .network import LTFormer
from .onnx_backend import OnnxBackend, why_no_onnx
from .weights import WeightsSpec, load_onnx

_BATCH = {"cpu": 256, "mps": 512, "cuda": 4096}  # patches
_CPU_CHUNK_PX = 2**16  # pixels of the patches a thread runs at once: they stay in its cache
_LEAST_BATCH = 16
_LEAST_COSINE = 0.999  # of a faster backend's descriptors with those of PyTorch in float32
_SOFTWARE = {"auto": "OpenVINO", "openvino": "OpenVINO", "onnx": "ONNX Runtime"}  # to use on CPUs
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "ALLOC_FAILED")


class Backend(Protocol):
    """The network, ready to run.

    Attributes:
        name: of the software.
        label: the same for readers, with the precision.
        batch: how many patches to give it at a time.
    """

    name: Literal["torch", "openvino", "onnx"]
    label: str
    batch: int

    def describe(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors of (N, P, P) patches."""


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


def choose_backend(
    config: FeatureConfig, device: torch.device, spec: WeightsSpec, tensors: dict[str, torch.Tensor]
) -> tuple[Backend, str]:
    """Returns the software for `config.backend` ("auto", "torch", "openvino", "onnx"), and in words which and why.

    On a CPU OpenVINO is about three times as fast as PyTorch. It is taken where it can be loaded and where its
    descriptors of a few patches are those of PyTorch; so is ONNX Runtime, where it is asked for.

    Raises:
        DeviceError: OpenVINO or ONNX Runtime was asked for and cannot be used.
        WeightsError: ONNX Runtime was asked for, and the weights have no .onnx file, or a damaged one.
    """
    reference = TorchBackend(tensors, spec.descriptor_dim, device)
    if config.backend == "torch":
        return reference, f"{reference.label}: asked for"
    software = _SOFTWARE[config.backend]
    lacking = _why_not(config.backend, device)
    for make in _candidates(config, spec, tensors) if not lacking else ():
        fast, failure = _tried(make, reference, spec.sampling.patch_px)
        if fast is not None:
            return fast, f"{fast.label}: {'the fastest on a CPU' if config.backend == 'auto' else 'asked for'}"
        lacking = f"{software}{failure}"
    if config.backend == "auto":
        return reference, f"{reference.label}: {lacking}"
    reason = f"The reason: {lacking}."
    raise DeviceError(f"The backend '{config.backend}' cannot be used.", reason, "Choose 'auto' or 'torch'.")


def _why_not(requested: str, device: torch.device) -> str:
    """Returns why the faster backend cannot be used, or an empty text."""
    if device.type != "cpu":
        return f"{_SOFTWARE[requested]} is used on CPUs only"
    return why_no_onnx() if requested == "onnx" else why_no_openvino()


def _candidates(
    config: FeatureConfig, spec: WeightsSpec, tensors: dict[str, torch.Tensor]
) -> list[Callable[[], Backend]]:
    """Returns what makes the backends that may run the network on a CPU instead of PyTorch, the fastest first."""
    patch_px, threads = spec.sampling.patch_px, torch.get_num_threads()
    if config.backend == "onnx":
        return [partial(OnnxBackend, load_onnx(config.weights, spec), patch_px, threads)]
    precisions = (True, False) if has_bfloat16() else (False,)
    return [partial(OpenVinoBackend, tensors, patch_px, threads, mixed) for mixed in precisions]


def _tried(make: Callable[[], Backend], reference: TorchBackend, patch_px: int) -> tuple[Backend | None, str]:
    """Returns the backend if it gives the descriptors of `reference`, else None and how it does not."""
    try:
        fast = make()
        cosine = _least_cosine(fast, reference, patch_px)
    except RuntimeError as error:  # the only one that these backends raise
        return None, f" failed ({str(error).strip().splitlines()[-1][:200]})"
    if cosine >= _LEAST_COSINE:
        return fast, ""
    return None, f"'s descriptors are others here (cosine {cosine:.4f}, limit {_LEAST_COSINE})"


def _least_cosine(candidate: Backend, reference: Backend, patch_px: int) -> float:
    """Returns how far both agree on patches of 8 x 8 squares in random greys."""
    greys = np.random.default_rng(0).uniform(0, 255, (8, 8, 8)).astype(np.float32)
    patches = np.kron(greys, np.ones((1, patch_px // 8, patch_px // 8), np.float32))
    cosines = (candidate.describe(patches) * reference.describe(patches)).sum(axis=1)
    return float(np.nan_to_num(cosines, nan=-1.0).min())


class TorchBackend:
    """The network in PyTorch on one device, in float32.

    On a CPU each of PyTorch's threads runs chunks of its own: operators split over the threads would wait for the
    slowest in each of hundreds of steps, which on a busy machine costs a factor of ten or more.

    Args:
        tensors: its weights.
        descriptor_dim: width of the descriptor.
        device: where to run.
    """

    name: Literal["torch", "openvino", "onnx"] = "torch"
    label = "PyTorch, float32"

    def __init__(self, tensors: dict[str, torch.Tensor], descriptor_dim: int, device: torch.device) -> None:
        self._device = device
        network = LTFormer(descriptor_dim, initialise=False)
        network.load_state_dict(tensors, strict=False)  # names and shapes are checked by load_weights
        try:
            self._network = network.eval().requires_grad_(False).to(device)
        except RuntimeError as error:
            raise _lost(device, error) from error
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
        except RuntimeError as error:  # what PyTorch raises differs with the device
            if not any(text in str(error) for text in _OUT_OF_MEMORY):
                if self._device.type == "cpu":
                    raise
                raise _lost(self._device, error) from error
            if self.batch <= _LEAST_BATCH:
                raise DeviceError(
                    f"The memory of {self._device} does not suffice for {self.batch} patches.",
                    "",
                    "Close other programs that use it, or choose the device 'cpu'.",
                ) from error
        if self._device.type == "cuda":
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


def _lost(device: torch.device, error: RuntimeError) -> DeviceLostError:
    reason = (str(error).strip().splitlines() or ["nothing"])[0][:200]
    return DeviceLostError(
        f"The device '{device}' failed.",
        f"PyTorch says: {reason}.",
        "Run it again; if that happens again, choose the device 'cpu' or update the driver.",
    )


def _one_core_threads(count: int) -> ThreadPoolExecutor:
    """Returns `count` threads whose PyTorch operators use one core each."""
    return ThreadPoolExecutor(count, "ltformer", initializer=torch.set_num_threads, initargs=(1,))
