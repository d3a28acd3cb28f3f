"""Whether a transform follows the tie points everywhere, or leaves whole parts of the ground behind. numpy only."""

from __future__ import annotations

from typing import Union

import numpy as np
from numpy.typing import NDArray

from .geometry.transforms import EstimationFailure
from .result import TransformFit
from .types import FloatArray

_MOST = 16  # tie points of a neighbourhood: the median of half as many still tells an offset from scatter
_SHARE = 0.9  # of the neighbourhoods


def local_offset_px(fit: Union[TransformFit, EstimationFailure], reference_xy: FloatArray) -> float:
    """Returns the offset, reference px, below which nine tenths of the neighbourhoods are off a spline.

    A spline leaves out tie points that it does not follow, right ones too, and what is left always agrees. So all tie
    points count here: scattered ones have no median offset, those of ground that the spline misses share theirs.

    Args:
        fit: fit to K tie points.
        reference_xy: (K, 2) their places, px of any grid of the reference.

    Returns:
        0 without tie points, without a fit, and for all other transforms: to follow local offsets is not their claim.
    """
    if isinstance(fit, EstimationFailure) or fit.transform.model != "tps" or not len(reference_xy):
        return 0.0
    medians = [np.median(fit.residuals_px[group], axis=0) for group in neighbourhoods(reference_xy)]
    return float(np.quantile(np.linalg.norm(medians, axis=1), _SHARE))


def neighbourhoods(xy: FloatArray) -> list[NDArray[np.intp]]:
    """Returns the indices of (N, 2) points in groups of at most 16 neighbours, by halving along the longer side."""

    def halved(group: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        if len(group) <= _MOST:
            return [group]
        along = int(np.argmax(np.ptp(xy[group], axis=0)))
        ordered = group[np.argsort(xy[group, along], kind="stable")]
        middle = len(group) // 2
        return halved(ordered[:middle]) + halved(ordered[middle:])

    return halved(np.arange(len(xy)))
