"""A pair of raster files and where its check points really lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ltcore.arrays import frozen_array
from ltcore.types import FloatArray
from tests.data.make_rasters import make_raster

from .warps import NODATA, Warp

_CHECKS = 20  # a side of the check grid
_BORDER = 0.08  # share of a side that has no check points


@dataclass(frozen=True)
class CheckPoints:
    """(K, 2) pixel-edge px of the sensed raster, and of the reference where the same things really lie."""

    sensed_xy: FloatArray
    reference_xy: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "sensed_xy", frozen_array(self.sensed_xy, (None, 2)))
        object.__setattr__(self, "reference_xy", frozen_array(self.reference_xy, self.sensed_xy.shape))


@dataclass(frozen=True)
class Pair:
    """One pair.

    Attributes:
        kind: class within its suite.
        scene: name of the scene, or of both.
        reference: raster file with one band.
        sensed: raster file with one band.
        georeferenced: whether the files say where they lie; what they say does not know the displacement.
        checks: the truth; None where the two have nothing in common and must be refused.
        family: simplest model that describes the truth.
        unit_px: reference px that errors are counted in: 1, or the size of a coarser sensed pixel.
        sensed_px: size of a sensed pixel in reference px as the georeferences say; peers see the finer one reduced.
        facts: what else is worth a line in the results, as JSON values.
    """

    kind: str
    scene: str
    reference: Path
    sensed: Path
    georeferenced: bool
    checks: Optional[CheckPoints]
    family: str = ""
    unit_px: float = 1.0
    sensed_px: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def reductions(self) -> tuple[float, float]:
        """By how much sensed and reference raster are to be reduced to have pixels of one size."""
        return max(1.0, 1 / self.sensed_px), max(1.0, self.sensed_px)


def check_grid(warp: Warp, reference_size: tuple[int, int], sensed_size: tuple[int, int]) -> CheckPoints:
    """Returns the points of a 20x20 grid over the sensed image that lie away from the borders of both images.

    Args:
        warp: sensed px -> reference px.
        reference_size: (width, height).
        sensed_size: (width, height).
    """
    steps = np.linspace(_BORDER, 1 - _BORDER, _CHECKS)
    x, y = np.meshgrid(steps * sensed_size[0], steps * sensed_size[1])
    sensed = np.column_stack([x.ravel(), y.ravel()])
    reference = warp(sensed)
    share = reference / np.array(reference_size, float)
    inside = ((share > _BORDER) & (share < 1 - _BORDER)).all(axis=1)
    return CheckPoints(sensed[inside], reference[inside])


def write_band(path: Path, values: NDArray[np.float32], georeference: dict[str, Any]) -> Path:
    """Writes one float32 band with nodata -9999 and returns its path."""
    return make_raster(path, values.astype(np.float32), nodata=NODATA, **georeference)


def generator(seed: int, *names: object) -> np.random.Generator:
    """Returns a generator of its own for a pair, so that a pair is the same whichever others are run."""
    words = "/".join(str(name) for name in names).encode()
    return np.random.default_rng([seed, *words])
