"""How much of the overlap holds tie points, and the evidence a verdict rests on. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import frozen_array
from .geometry.transforms import apply_matrix
from .types import FloatArray

CELLS = 8  # the overlap is cut into 8 x 8 cells


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on beside the fit.

    Attributes:
        coverage: share (0 to 1) of the overlap's cells that hold an inlier.
        structure: score of ltcore.structure.
        local_px: offset of ltcore.neighbourhoods, reference px.
    """

    coverage: float
    structure: float
    local_px: float = 0.0


@dataclass(frozen=True)
class CoverageCells:
    """The cells that divide the bounding box of the ground both images show.

    Attributes:
        to_cells: (3, 3) affine matrix, reference px -> columns and rows of cells (0 to 8).
        shared: (64,) cells, by rows, of which both images show more than half.
    """

    to_cells: FloatArray
    shared: NDArray[np.bool_]

    def __post_init__(self) -> None:
        object.__setattr__(self, "to_cells", frozen_array(self.to_cells, (3, 3)))
        object.__setattr__(self, "shared", frozen_array(self.shared, (CELLS**2,), np.bool_))

    def share_held(self, xy: FloatArray) -> float:
        """Returns the share (0 to 1) of the shared cells that hold one of (N, 2) points; 0 without shared cells."""
        column, row = np.clip(apply_matrix(self.to_cells, xy), 0, CELLS - 1).astype(np.intp).T
        occupied = np.bincount(row * CELLS + column, minlength=CELLS**2) > 0
        return float((occupied & self.shared).sum() / max(1, self.shared.sum()))
