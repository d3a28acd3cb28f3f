"""The network on a CPU by ONNX Runtime, from the .onnx file beside the weights (docs/adr/0011)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

INPUT, OUTPUT = "patches", "descriptors"  # of the graph
_BATCH = 256  # patches: sampled, then described, between two looks at the progress
_RUN_PX = 2**16  # pixels of the patches of one run: they stay in the core's cache


def why_no_onnx() -> str:
    """Returns why ONNX Runtime cannot be used, or an empty text."""
    try:
        import onnxruntime  # noqa: F401, PLC0415 - optional
    except (ImportError, OSError) as error:
        return f"ONNX Runtime cannot be loaded ({error})"
    return ""


class OnnxBackend:
    """The network as a graph of ONNX Runtime, in float32.

    Each thread runs the whole graph on some patches, so results do not depend on the number of threads.

    Args:
        model: the graph, of any number of patches (training.onnx_model).
        patch_px: rows and columns of the patches.
        threads: how many runs at the same time, each on one core.

    Raises:
        ImportError: ONNX Runtime is not installed.
        RuntimeError: it cannot run the graph here.
    """

    name: Literal["torch", "openvino", "onnx"] = "onnx"
    label = "ONNX Runtime, float32"

    def __init__(self, model: bytes, patch_px: int, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 - optional

        onnxruntime.disable_telemetry_events()  # on Windows it would report its use to its maker
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own classes, which share no other base
            raise RuntimeError(str(error)) from error
        self.batch, self._run_patches = _BATCH, max(1, _RUN_PX // patch_px**2)
        self.descriptor_dim = int(self._session.get_outputs()[0].shape[1])
        self._threads = ThreadPoolExecutor(threads, "onnx")

    def describe(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors of (N, P, P) patches; N = 0 gives (0, D)."""
        starts = range(0, len(patches), self._run_patches)
        parts = [np.ascontiguousarray(patches[start : start + self._run_patches], np.float32) for start in starts]
        empty = np.zeros((0, self.descriptor_dim), np.float32)
        return np.concatenate([empty, *self._threads.map(self._run, parts)])

    def _run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        described: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: patches})[0]
        return described
