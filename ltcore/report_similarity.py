"""How alike both rasters' edges are, before and after: a number beside the checkerboards."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_gradient_magnitude

from .progress import Progress, checkpoint
from .report_previews import Crop, Previews, ToSensed
from .result import RegistrationResult
from .types import FloatArray

_WINDOWS = 4  # a side: evenly spread over the reference
_WINDOW_PX = 200  # of the coarser raster
_SIGMA_PX = 1.0
_LEAST_SHARE = 0.25  # of a window that both must show


def edge_correlations(result: RegistrationResult, previews: Previews, progress: Progress) -> tuple[float, float]:
    """Returns the correlation of both rasters' gradient magnitudes before and after, -1 to 1; nan where unknown.

    It is the mean over at most 16 windows at full resolution of the coarser raster, evenly spread over the reference.
    Gradient magnitudes are alike in visible and near infrared where brightness is reversed.
    """
    after = previews.after()
    if after is None:
        return float("nan"), float("nan")
    crops = _windows(result, after)
    maps = previews.before(), after
    found = np.full((len(crops), 2), np.nan)
    for number, crop in enumerate(crops):
        checkpoint(progress)
        reference = _edges(previews.reference(crop))
        found[number] = [_correlation(reference, _edges(previews.sensed(crop, to_sensed))) for to_sensed in maps]
    both = found[np.isfinite(found).all(axis=1)]  # of the same windows
    return (float(both[:, 0].mean()), float(both[:, 1].mean())) if len(both) else (float("nan"), float("nan"))


def _windows(result: RegistrationResult, after: ToSensed) -> list[Crop]:
    grid = result.reference_grid
    x, y = grid.width / 2, grid.height / 2
    step = after(np.array([[x, y], [x + 1, y]]))
    coarser = max(1.0, 1 / max(float(np.linalg.norm(step[1] - step[0])), 1e-3))
    side = min(_WINDOW_PX * coarser, grid.width, grid.height)
    pixels = max(1, round(side / coarser))
    corners = [np.linspace(0, whole - side, _WINDOWS) for whole in (grid.width, grid.height)]
    return [Crop(float(x), float(y), side, side, (pixels, pixels)) for y in corners[1] for x in corners[0]]


def _edges(picture: FloatArray) -> FloatArray:
    edges: FloatArray = gaussian_gradient_magnitude(picture, _SIGMA_PX)  # nan near missing data
    return edges


def _correlation(one: FloatArray, two: FloatArray) -> float:
    common = np.isfinite(one) & np.isfinite(two)
    if common.mean() < _LEAST_SHARE or min(one[common].std(), two[common].std()) < 1e-9:
        return float("nan")
    return float(np.corrcoef(one[common], two[common])[0, 1])
