"""What the images themselves say of a transform, whatever the tie points say."""

from __future__ import annotations

import numpy as np

from .aligned import read_aligned
from .coverage import CELLS, CoverageCells, Evidence
from .frame import Frame
from .geometry.models import PlaneMap
from .levels import at_level, coarse_factor
from .structure import structure_score
from .types import FloatArray

_MASK_SIDE_PX = 256  # of the masks that say which cells both images share


def gather_evidence(frame: Frame, transform: PlaneMap, inliers_xy: FloatArray) -> Evidence:
    """Returns coverage and structure under a transform.

    Args:
        frame: the pair.
        transform: sensed -> reference, full-resolution px of the working grids.
        inliers_xy: (K, 2) inliers, full-resolution px of the reference's working grid.
    """
    return Evidence(coverage_cells(frame, transform).share_held(inliers_xy), structure_under(frame, transform))


def structure_under(frame: Frame, transform: PlaneMap) -> float:
    """Returns the structure score of a transform sensed -> reference, full-resolution px of the working grids.

    0 also where the ground repeats itself: no other offset up to half the overlap may agree nearly as well.
    """
    level = at_level(frame, transform, coarse_factor(frame))
    unique_px = max(level.window.width, level.window.height) // 2
    return structure_score(level.reference, level.sensed, level.window, level.transform, unique_px)


def coverage_cells(frame: Frame, transform: PlaneMap) -> CoverageCells:
    """Returns the cells of the overlap under a transform, for points in px of the reference's working grid."""
    factor = max(1.0, max(frame.overlap.width, frame.overlap.height) / _MASK_SIDE_PX)
    level = at_level(frame, transform, factor)
    image = level.reference.read(level.window)
    common = image.valid & read_aligned(level.sensed, level.window, level.transform).valid
    if not common.any():
        return CoverageCells(np.eye(3), np.zeros(CELLS**2, np.bool_))
    rows, columns = np.flatnonzero(common.any(axis=1)), np.flatnonzero(common.any(axis=0))
    low = np.array([columns[0], rows[0]], dtype=np.float64)
    extent = np.array([columns[-1] + 1, rows[-1] + 1]) - low
    y, x = np.nonzero(common)
    size = np.maximum(extent / CELLS, 1.0)
    cells = np.minimum((np.column_stack([x, y]) - low) / size, CELLS - 1).astype(np.intp)
    shared = np.bincount(cells[:, 1] * CELLS + cells[:, 0], minlength=CELLS**2) > 0.5 * size.prod()
    scale = 1 / (level.reference_scale * size)
    offset = -(low + np.array([level.window.x, level.window.y])) / size
    to_cells = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]], [0, 0, 1.0]])
    return CoverageCells(to_cells, shared)
