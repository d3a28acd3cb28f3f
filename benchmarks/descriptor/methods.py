"""What the suite asks of a descriptor."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ltcore.types import Descriptors, FloatArray, Keypoints
from training.evaluate import MODES, Mode

Image = NDArray[np.float32]

_REMEMBERED = 6  # descriptions kept: the reference of a tile is the same under all its warps


class Method:
    """A descriptor under test.

    Attributes:
        name: of this very method, e.g. of its training run.
        group: name of what it is a sample of; runs that differ in their seed only share it.
        facts: what the results should say about it.
        modes: regimes it can be used in.
    """

    name: str
    group: str
    facts: dict[str, Any]
    modes: tuple[Mode, ...] = MODES

    def describe(self, image: Image, keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the (N, D) descriptors of N keypoints at these orientations, windows by the keypoints' sizes.

        Args:
            image: (H, W) grey levels 0 to 255.
            keypoints: N keypoints; N = 0 gives (0, D).
            angles_deg: (N,) orientations.
        """
        raise NotImplementedError

    def describe_windows(self, image: Image, keypoints: Keypoints, window_px: float) -> Descriptors:
        """Returns the (N, D) descriptors of upright windows with sides of `window_px`, mirrored beyond the borders."""
        raise NotImplementedError

    def describe_patches(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors of (N, S, S) grey patches, each seen whole and upright; N > 0."""
        side = patches.shape[1]
        centre = Keypoints(np.full((1, 2), side / 2), np.ones(1), np.zeros(1), np.ones(1))
        return np.concatenate([self.describe_windows(patch, centre, side).values for patch in patches])


class Remembered(Method):
    """A method that describes the same keypoints of the same image once only."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self.name, self.group, self.facts = method.name, method.group, method.facts
        self.modes = method.modes
        self._known: OrderedDict[bytes, Descriptors] = OrderedDict()

    def describe(self, image: Image, keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the (N, D) descriptors."""
        digest = hashlib.sha256(repr(image.shape).encode())
        for array in (image, keypoints.xy, keypoints.size_px, np.asarray(angles_deg, dtype=np.float64)):
            digest.update(np.ascontiguousarray(array).tobytes())
        key = digest.digest()
        if key not in self._known:
            self._known[key] = self._method.describe(image, keypoints, angles_deg)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def describe_windows(self, image: Image, keypoints: Keypoints, window_px: float) -> Descriptors:
        """Returns the (N, D) descriptors."""
        return self._method.describe_windows(image, keypoints, window_px)

    def describe_patches(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors."""
        return self._method.describe_patches(patches)
