"""What the images themselves say of a transform, whatever the tie points say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .aligned import read_aligned
from .frame import Frame
from .geometry.models import PlaneMap
from .levels import at_level, coarse_factor
from .structure import structure_score
from .types import FloatArray

_CELLS = 8  # the overlap is cut into 8 x 8 cells for the coverage
_MASK_SIDE_PX = 256  # of the masks that say which cells both images share


@dataclass(frozen=True)
class Evidence:
    """Coverage (0 to 1): share of the overlap's cells that hold an inlier; structure: score of ltcore.structure."""

    coverage: float
    structure: float


def gather_evidence(frame: Frame, transform: PlaneMap, inliers_xy: FloatArray) -> Evidence:
    """Returns coverage and structure under a transform.

    Args:
        frame: the pair.
        transform: sensed -> reference, full-resolution px of the working grids.
        inliers_xy: (K, 2) inliers, full-resolution px of the reference's working grid.
    """
    level = at_level(frame, transform, coarse_factor(frame))
    score = structure_score(level.reference, level.sensed, level.window, level.transform)
    return Evidence(_coverage(frame, transform, inliers_xy), score)


def _coverage(frame: Frame, transform: PlaneMap, inliers_xy: FloatArray) -> float:
    """Returns the share of occupied cells among those of which both images show more than half.

    The cells divide the bounding box of the ground that both images show.
    """
    factor = max(1.0, max(frame.overlap.width, frame.overlap.height) / _MASK_SIDE_PX)
    level = at_level(frame, transform, factor)
    image = level.reference.read(level.window)
    common = image.valid & read_aligned(level.sensed, level.window, level.transform).valid
    if not common.any():
        return 0.0
    rows, columns = np.flatnonzero(common.any(axis=1)), np.flatnonzero(common.any(axis=0))
    low = np.array([columns[0], rows[0]], dtype=np.float64)
    extent = np.array([columns[-1] + 1, rows[-1] + 1]) - low
    y, x = np.nonzero(common)
    size = np.maximum(extent / _CELLS, 1.0)
    cells = np.minimum((np.column_stack([x, y]) - low) / size, _CELLS - 1).astype(np.intp)
    shared = np.bincount(cells[:, 1] * _CELLS + cells[:, 0], minlength=_CELLS**2) > 0.5 * size.prod()
    xy = inliers_xy / level.reference_scale - [level.window.x, level.window.y]
    held = np.clip((xy - low) / size, 0, _CELLS - 1).astype(np.intp)
    occupied = np.bincount(held[:, 1] * _CELLS + held[:, 0], minlength=_CELLS**2) > 0
    return float((occupied & shared).sum() / max(1, shared.sum()))
