"""The network on a CPU by OpenVINO, which fuses what PyTorch runs operator by operator (docs/adr/0011)."""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .cpu_graph import build_graph

if TYPE_CHECKING:
    from torch import Tensor

_BATCH = 256  # patches: sampled, then described, between two looks at the progress
_RUN_PX = 2**17  # pixels of the patches of one run of the graph: its largest tensor then takes 4 MB
_TRIED_ON = ("x86_64", "amd64")


def import_openvino() -> Any:
    """Returns the module `openvino`, imported without the package by which it reports each import to its maker.

    Raises:
        ImportError: it is not installed, or does not load.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not to be imported
    import openvino  # noqa: PLC0415 - optional

    return openvino


def why_no_openvino() -> str:
    """Returns why OpenVINO cannot be used, or an empty text."""
    if platform.machine().lower() not in _TRIED_ON:
        return f"OpenVINO was not tried on {platform.machine()}"
    try:
        import_openvino()
    except (ImportError, OSError) as error:
        return f"OpenVINO cannot be loaded ({error})"
    return ""


def has_bfloat16() -> bool:
    """Returns whether this CPU multiplies bfloat16 numbers itself; emulated they would be slower than float32."""
    import torch

    capabilities: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)  # older ones do not say
    return bool(capabilities().get("avx512_bf16"))


class OpenVinoBackend:
    """The network as a graph of OpenVINO, in float32, on CPUs that have it partly in bfloat16 (see cpu_graph).

    Each thread runs whole graphs of some patches, so results do not depend on the number of threads.

    Args:
        tensors: weights of the network.
        patch_px: rows and columns of the patches.
        threads: how many runs at the same time, each on one core.
        mixed: whether to use bfloat16.

    Raises:
        ImportError: OpenVINO is not installed.
        RuntimeError: OpenVINO cannot run the graph here.
    """

    name: Literal["torch", "openvino", "onnx"] = "openvino"

    def __init__(self, tensors: dict[str, Tensor], patch_px: int, threads: int, mixed: bool) -> None:
        openvino = import_openvino()
        self.batch, self._patch_px = _BATCH, patch_px
        self.label = f"OpenVINO, {'float32 and bfloat16' if mixed else 'float32'}"
        self._run_patches = max(1, _RUN_PX // patch_px**2)
        graph = build_graph(tensors, patch_px, self._run_patches, mixed)
        self.descriptor_dim = int(graph.output(0).shape[1])
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",  # of what the graph itself does not say
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            "ENABLE_CPU_PINNING": False,  # other processes may want the same cores
        }
        compiled = openvino.Core().compile_model(graph, "CPU", settings)
        self._queue = openvino.AsyncInferQueue(compiled, threads)
        self._queue.set_callback(_take)
        self._one_caller = threading.Lock()  # the queue is not made for several

    def describe(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors of (N, P, P) patches; N = 0 gives (0, D)."""
        described = np.empty((len(patches), self.descriptor_dim), np.float32)
        with self._one_caller:
            for start in range(0, len(patches), self._run_patches):
                part = slice(start, start + self._run_patches)
                self._queue.start_async({0: self._filled(patches[part])}, described[part])
            self._queue.wait_all()
        return described

    def _filled(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns as many patches as a run takes: these and empty ones."""
        if len(patches) == self._run_patches:
            return np.ascontiguousarray(patches, dtype=np.float32)
        filled = np.zeros((self._run_patches, self._patch_px, self._patch_px), np.float32)
        filled[: len(patches)] = patches
        return filled


def _take(request: Any, rows: NDArray[np.float32]) -> None:
    """Copies a run's descriptors, without those that fill it up, into the rows that wait for them."""
    rows[:] = request.get_output_tensor(0).data[: len(rows)]
