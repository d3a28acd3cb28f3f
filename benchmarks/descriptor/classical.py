"""OpenCV's descriptors of given keypoints: RootSIFT, ORB, BRISK, AKAZE.

The binary ones see a window of fixed size in pixels. So that each sees the window asked for, the image is mirrored
beyond its borders, as for all other methods (else OpenCV would drop keypoints near them), and reduced until that size
is the window's; in the open set, where windows differ, to one of a few sizes a factor of the root of 2 apart. Bits
become +-1 over the root of their number: Euclidean distance then ranks as Hamming distance does.

OpenCV's BRISK always finds the orientation itself, whatever KeyPoint.angle says, so it does that here in both
regimes; its AKAZE either does that or is upright, and is upright here and left out where the rotation is unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ltcore.features.patches import PatchSampling
from ltcore.features.sift import describe_rootsift
from ltcore.types import Descriptors, FloatArray, Keypoints
from training.evaluate import MODES, Mode

from .methods import Image, Method

_SIFT_WINDOW = 6.0  # side of SIFT's 4 x 4 bins (3 sigma each) over the size of its keypoint (2 sigma)
_STEPS_AN_OCTAVE = 2  # reductions of the image
_MARGIN_PX = 34  # beyond half a window, in the reduced image: more than any of OpenCV's border tests


@dataclass(frozen=True)
class Binary:
    """One of OpenCV's binary descriptors.

    Attributes:
        make: creates it.
        bits: of the descriptor.
        window_px: side of the window it sees around a keypoint of `size_px`.
        size_px: KeyPoint.size for which it does no scaling of its own.
        class_id: KeyPoint.class_id; AKAZE takes it for the level of its scale space.
        modes: regimes it can be used in.
    """

    make: Callable[[], Any]
    bits: int
    window_px: float
    size_px: float
    class_id: int = -1
    modes: tuple[Mode, ...] = MODES


BINARY = {
    "ORB": Binary(cv2.ORB.create, 256, 31.0, 31.0),
    "BRISK": Binary(cv2.BRISK.create, 512, 22.0, 7.2),
    "AKAZE": Binary(lambda: cv2.AKAZE.create(cv2.AKAZE_DESCRIPTOR_MLDB_UPRIGHT), 486, 40.0, 4.8, 0, ("upright",)),
}


class RootSift(Method):
    """RootSIFT (Arandjelovic and Zisserman, CVPR 2012) at the keypoints' own sizes."""

    def __init__(self) -> None:
        self.name = self.group = "RootSIFT"
        self.facts = {"descriptor_dim": 128}

    def describe(self, image: Image, keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the (N, 128) descriptors."""
        return describe_rootsift(image, keypoints, angles_deg)

    def describe_windows(self, image: Image, keypoints: Keypoints, window_px: float) -> Descriptors:
        """Returns the (N, 128) descriptors, SIFT's bins stretched over the window."""
        sized = replace(keypoints, size_px=np.full(len(keypoints), window_px / _SIFT_WINDOW))
        return describe_rootsift(image, sized, np.zeros(len(keypoints)))


class BinaryMethod(Method):
    """One of OpenCV's binary descriptors at given keypoints."""

    def __init__(self, name: str) -> None:
        self.name = self.group = name
        self._binary, self._made = BINARY[name], threading.local()
        self.modes = self._binary.modes
        self.facts = {"descriptor_dim": self._binary.bits, "bits": True}

    def describe(self, image: Image, keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the (N, bits) descriptors of windows as large as those of the networks."""
        return self._described(image, keypoints, angles_deg, 2 * PatchSampling().half_width_px(keypoints.size_px))

    def describe_windows(self, image: Image, keypoints: Keypoints, window_px: float) -> Descriptors:
        """Returns the (N, bits) descriptors."""
        zeros = np.zeros(len(keypoints))
        return self._described(image, keypoints, zeros, zeros + window_px)

    def _described(
        self, image: Image, keypoints: Keypoints, angles_deg: FloatArray, window_px: FloatArray
    ) -> Descriptors:
        values = np.zeros((len(keypoints), self._binary.bits), np.float32)
        levels = np.rint(np.log2(window_px / self._binary.window_px) * _STEPS_AN_OCTAVE)
        if len(keypoints) and np.ptp(window_px) == 0:
            levels = np.log2(window_px / self._binary.window_px) * _STEPS_AN_OCTAVE  # one size: exactly
        for level in np.unique(levels):
            chosen = levels == level
            factor = float(2.0 ** (-level / _STEPS_AN_OCTAVE))
            values[chosen] = self._at_one_size(image, keypoints.xy[chosen], np.asarray(angles_deg)[chosen], factor)
        return Descriptors(values, self.name)

    def _at_one_size(self, image: Image, xy: FloatArray, angles_deg: FloatArray, factor: float) -> NDArray[np.float32]:
        """Returns the (K, bits) values of +-1 / sqrt(bits), the image being scaled by `factor` first."""
        binary = self._binary
        margin = int(np.ceil((binary.window_px / 2 + _MARGIN_PX) / factor))
        grey = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        padded = np.pad(grey, margin, mode="reflect")
        size = tuple(max(1, round(side * factor)) for side in padded.shape[::-1])
        kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        scaled = np.asarray(cv2.resize(padded, size, interpolation=kind))
        centres = (xy + margin) * (np.array(size) / padded.shape[::-1]) - 0.5
        points = [
            cv2.KeyPoint(float(x), float(y), binary.size_px, float(angle) % 360.0, 0.0, 0, binary.class_id)
            for (x, y), angle in zip(centres, angles_deg)
        ]
        if not hasattr(self._made, "extractor"):
            self._made.extractor = binary.make()  # one a thread; BRISK takes long to make
        described, packed = self._made.extractor.compute(scaled, points)
        if len(described) != len(points):
            raise RuntimeError(f"{self.name} described {len(described)} of {len(points)} keypoints")
        bits = np.unpackbits(packed, axis=1, bitorder="little")[:, : binary.bits].astype(np.float32)
        values: NDArray[np.float32] = (2 * bits - 1) / np.sqrt(np.float32(binary.bits))
        return values


def classical_methods() -> list[Method]:
    """Returns RootSIFT and the binary descriptors."""
    return [RootSift(), *(BinaryMethod(name) for name in BINARY)]
