"""The verdict of an edited fit, by the library's own rule; it knows when the images must be compared anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from ..core import CoverageCells, EstimationFailure, Evidence, TransformFit, assess, local_offset_px
from .tables import PointTable

_SAME_PX = 1.0  # the structure score allows for 3 px: a transform that moved less than this has the same one


class Judge:
    """What the engine found when it compared the images under a transform.

    Args:
        answer: the engine's answer to `examine` (ltcore.editing), also as it was saved in a project.
    """

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.prior = np.array(answer["prior"], dtype=np.float64)
        self._limits = SimpleNamespace(**answer["limits"])
        self._failure: str = answer["failure"] or ""
        self._cells = None
        self._grid = None
        if answer["to_cells"] is not None:
            self._cells = CoverageCells(np.array(answer["to_cells"]), np.array(answer["shared"]))
        if answer["check_grid"] is not None:
            self._grid = np.array(answer["check_grid"], dtype=np.float64)

    def verdict(self, fit: Any, table: PointTable) -> Any:
        """Returns the QualityReport of a fit, or None where the images must be compared under it first."""
        if isinstance(fit, EstimationFailure):
            return assess(fit, table.measured, Evidence(0.0, 0.0), None, self._limits)
        if not self.knows(fit):
            return None
        if self._cells is None:
            return assess(EstimationFailure(self._failure), table.measured, Evidence(0.0, 0.0), None, self._limits)
        coverage = self._cells.share_held(table.points.reference_xy[fit.inliers])
        local_px = local_offset_px(fit, table.points.reference_xy)
        evidence = Evidence(coverage, self.answer["structure"], local_px)
        return assess(fit, table.measured, evidence, self.answer["pixel_size_map"], self._limits)

    def knows(self, fit: Any) -> bool:
        """Returns whether a fit is so near to the one examined that what the images said still holds."""
        if self._grid is None or not isinstance(fit, TransformFit):
            return False
        now, then = fit.transform(self._grid[:, :2]), self._grid[:, 2:]
        known = np.isfinite(now).all(axis=1)
        if not np.array_equal(known, np.isfinite(then).all(axis=1)):
            return False
        return bool(np.hypot(*(now - then)[known].T).max(initial=0.0) <= _SAME_PX)
