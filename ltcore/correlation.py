"""With a prior the whole overlap can be correlated at once: cheap, blind to contrast, and it knows no keypoints."""

from __future__ import annotations

import numpy as np

from .coarse import CoarseFit
from .config import VerdictConfig
from .frame import Frame
from .geometry.transforms import Transform
from .levels import at_level, coarse_factor
from .structure import best_shift, structure_score

_NO_MATCHES = {"reference_keypoints": 0, "sensed_keypoints": 0, "matches": 0, "coarse_inliers": 0}


def correlated_fit(frame: Frame, limits: VerdictConfig) -> CoarseFit:
    """Returns the shift of a frame with a prior under which the gradients of the overlap agree best.

    No other offset up to half the overlap may agree nearly as well: the right one may lie beyond the largest offset,
    and where ground repeats itself no shift is the only answer.

    Args:
        frame: the pair.
        limits: of its structure.

    Raises:
        ValueError: the frame has no prior.
    """
    if frame.max_offset_px is None:
        raise ValueError("without a prior rotation and scale are unknown: a shift explains nothing")
    factor = coarse_factor(frame)
    level = at_level(frame, Transform("shift", np.eye(3)), factor)
    side = max(level.window.width, level.window.height)
    reach = min(max(1, round(frame.max_offset_px / factor)), side)
    x, y = best_shift(level.reference, level.sensed, level.window, reach)
    shift = Transform("shift", np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]]))
    score = structure_score(level.reference, level.sensed, level.window, shift, max(reach, side // 2))
    return CoarseFit(level.to_working(shift), score, factor, _NO_MATCHES, limits)
