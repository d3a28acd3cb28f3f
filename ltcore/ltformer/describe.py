"""From keypoints to descriptors, by LTFormer or RootSIFT. torch is imported only for LTFormer."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..config import FeatureConfig
from ..errors import DeviceError
from ..features.patches import sample_patches
from ..features.sift import describe_rootsift
from ..progress import Progress, checkpoint
from ..types import Descriptors, Keypoints
from .weights import Orientation, WeightsSpec, find_weights, load_weights, read_card

if TYPE_CHECKING:
    from .backends import Backend


class Describer:
    """A descriptor made ready: weights loaded, device chosen.

    Attributes:
        name: of its descriptors.
        device: where it runs, e.g. "cpu".
        device_reason: why there, in words.
        backend: software that runs it.
        backend_reason: which and why, in words.
        spec: card of the weights; None for RootSIFT.
        sees_polarity: whether reversed contrast changes the descriptors.
        orientation: how its windows are turned where the rotation is unknown.
    """

    name: str
    device: str = "cpu"
    device_reason: str
    backend: Literal["torch", "openvino", "onnx", "opencv", "numpy"]
    backend_reason: str
    spec: WeightsSpec | None = None
    sees_polarity: bool = False
    orientation: Orientation = "sift_dual"

    def describe(
        self, image: NDArray[np.float32], keypoints: Keypoints, angles_deg: ArrayLike, progress: Progress
    ) -> Descriptors:
        """Returns the (N, D) descriptors, in the order of the keypoints; N = 0 gives (0, D).

        Args:
            image: (H, W) grey levels 0 to 255.
            keypoints: N keypoints.
            angles_deg: (N,) orientations to describe them at, or one for all.
            progress: told how far it is; cancels between batches.

        Raises:
            CancelledError: progress said so.
            DeviceError: the device's memory does not suffice for the smallest batch.
        """
        raise NotImplementedError


class RootSiftDescriber(Describer):
    """RootSIFT by OpenCV, on the CPU."""

    name = "rootsift"
    backend = "opencv"
    sees_polarity = True
    device_reason = "CPU: RootSIFT runs in OpenCV"
    backend_reason = "OpenCV: the descriptor is RootSIFT"

    def describe(
        self, image: NDArray[np.float32], keypoints: Keypoints, angles_deg: ArrayLike, progress: Progress
    ) -> Descriptors:
        """Returns the (N, 128) RootSIFT descriptors."""
        checkpoint(progress)
        angles = np.broadcast_to(np.asarray(angles_deg, dtype=np.float64), (len(keypoints),))
        described = describe_rootsift(image, keypoints, angles)
        checkpoint(progress)
        progress.report(1.0)
        return described


class LTFormerDescriber(Describer):
    """LTFormer.

    Args:
        spec: card of the weights.
        backend: what runs the network.
        device: where.
        reasons: why there, and why that backend.
    """

    name = "ltformer"

    def __init__(self, spec: WeightsSpec, backend: Backend, device: str, reasons: tuple[str, str]) -> None:
        self.spec, self._run = spec, backend
        self.name, self.orientation = spec.name, spec.orientation
        self.backend = backend.name
        self.device = device
        self.device_reason, self.backend_reason = reasons

    def describe(
        self, image: NDArray[np.float32], keypoints: Keypoints, angles_deg: ArrayLike, progress: Progress
    ) -> Descriptors:
        """Returns the (N, D) LTFormer descriptors."""
        assert self.spec is not None  # noqa: S101 - set by __init__, Optional in the base class
        angles = np.broadcast_to(np.asarray(angles_deg, dtype=np.float64), (len(keypoints),))
        values = np.empty((len(keypoints), self.spec.descriptor_dim), np.float32)
        start = 0
        while start < len(keypoints):
            checkpoint(progress)
            part = np.arange(start, min(start + self._run.batch, len(keypoints)))
            patches = sample_patches(image, keypoints.take(part), angles[part], self.spec.sampling)
            values[part] = self._run.describe(patches)
            start += len(part)
            progress.report(start / len(keypoints))
        checkpoint(progress)
        return Descriptors(values, self.name)


def make_describer(config: FeatureConfig) -> Describer:
    """Returns the descriptor that the settings ask for.

    Raises:
        WeightsError: the weights are missing or damaged.
        DeviceError: PyTorch, or the device or backend asked for, is not there.
    """
    if config.descriptor == "rootsift":
        return RootSiftDescriber()
    try:
        from .backends import choose_backend, choose_device  # noqa: PLC0415 - RootSIFT works without torch
    except ImportError as error:
        raise DeviceError(
            "PyTorch is not installed, so LTFormer descriptors are unavailable.",
            f"Python says: {error}.",
            "Install PyTorch, or choose the descriptor 'rootsift'.",
        ) from error
    device, reason = choose_device(config.device)
    spec, tensors = load_weights(config.weights)
    backend, backend_reason = choose_backend(config, device, spec, tensors)
    return LTFormerDescriber(spec, backend, str(device), (reason, backend_reason))


class NotNeeded(Describer):
    """Stands for LTFormer where the whole overlap is correlated: torch and the network stay unloaded (300 MB, 3 s).

    Args:
        spec: card of the weights that would have been used.
    """

    name = "ltformer"
    backend = "numpy"
    device_reason = "CPU: the overlap was correlated, which needs no network"
    backend_reason = "NumPy: the overlap was correlated, which needs no network"

    def __init__(self, spec: WeightsSpec) -> None:
        self.spec, self.name = spec, spec.name


def not_needed(config: FeatureConfig) -> NotNeeded | None:
    """Returns what stands for a descriptor that is not needed, or None where only loading it tells whether it is there.

    Raises:
        WeightsError: the weights or their card are missing.
    """
    is_told_by_loading = config.device not in ("auto", "cpu") or config.backend != "auto"
    if config.descriptor == "rootsift" or is_told_by_loading or importlib.util.find_spec("torch") is None:
        return None
    return NotNeeded(read_card(find_weights(config.weights).with_suffix(".json")))
