"""A tie point set by hand, found again to a fraction of a pixel."""

from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from .aligned import read_aligned
from .config import RegistrationJob, settings_from_json
from .errors import InputError
from .frame import Frame
from .geometry.transforms import EstimationFailure, Transform, estimate
from .levels import at_level
from .pair import open_pair
from .progress import Progress
from .raster.radiometry import gradient_magnitude
from .raster.read import Window
from .refine import WINDOW_PX, measure_offsets
from .summary import plain
from .types import FloatArray

_SEARCH_PX = 16
_MIN_VALID_SHARE = 0.75  # of the window, in both images
# A point alone has no others to be checked against: on the samples 98 of 100 true places reach this, 2 of 100 false.
_MIN_PEAK_RATIO = 1.5
_REACH_PX = 64.0  # how far around the point its transform is taken between the rasters and the working grids


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SnapJob:
    """A point of the reference and about where it lies in the sensed raster.

    Attributes:
        job: the pair and its settings.
        reference_xy: pixel-edge px of the reference itself.
        matrix: 3x3 affine matrix sensed px -> reference px near the point; its inverse says about where to look.
    """

    job: RegistrationJob
    reference_xy: tuple[float, float]
    matrix: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


def snap(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Answers the request `snap` (params: a SnapJob as JSON).

    Keys: clear (whether it was found), why (if not), reference_xy (the centre of the window, at most a pixel from
    where it was asked), sensed_xy, score, covariance_px2, peak_ratio; places in px of the rasters themselves.

    Raises:
        InputError: the rasters cannot be used, or the matrix is singular.
    """
    asked = settings_from_json(SnapJob, params)
    progress.report(0.0, "Looking for the point")
    near = Transform("affine", np.array(asked.matrix))
    if abs(np.linalg.det(near.matrix)) < 1e-12:
        raise InputError("The point cannot be looked for.", "The transform around it is singular.")
    pair, place = open_pair(asked.job), np.array([asked.reference_xy])
    frame, _ = pair.frame_under(near, near.inverse()(place))
    working = _in_working(frame, near, place)
    found: Union[dict[str, Any], str] = "it lies outside the sensed raster" if working is None else ""
    if working is not None:
        found = _measured(frame, working, frame.reference.view.from_source(place)[0])
    if isinstance(found, str):
        return {"clear": False, "why": found}
    values: dict[str, Any] = plain({"clear": True, "why": None, **found})
    return values


def _in_working(frame: Frame, near: Transform, place: FloatArray) -> Optional[Transform]:
    """Returns the affine transform between the working grids that holds around the (1, 2) place."""
    around = place + _REACH_PX * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    reference = frame.reference.view.from_source(around)
    sensed = frame.sensed.view.from_source(near.inverse()(around))
    if not np.isfinite(np.hstack([reference, sensed])).all():
        return None
    found = estimate("affine", sensed, reference)
    return None if isinstance(found, EstimationFailure) else found


def _measured(frame: Frame, transform: Transform, centre: FloatArray) -> Union[dict[str, Any], str]:
    """Returns the point measured around a place of the working grid, or why it is not clear."""
    level, half = at_level(frame, transform, 1.0), WINDOW_PX // 2
    corner = np.round(centre).astype(np.intp) - half
    side = WINDOW_PX + 2 * _SEARCH_PX
    window = Window(int(corner[0]) - _SEARCH_PX, int(corner[1]) - _SEARCH_PX, side, side)
    image, aligned = level.reference.read(window), read_aligned(level.sensed, window, transform)
    shared = (image.valid & aligned.valid)[_SEARCH_PX:-_SEARCH_PX, _SEARCH_PX:-_SEARCH_PX].mean()
    if shared < _MIN_VALID_SHARE:
        return f"both images show only {shared:.0%} of the {WINDOW_PX} px around it; {_MIN_VALID_SHARE:.0%} are needed"
    gradients = gradient_magnitude(image), gradient_magnitude(aligned)
    offsets = measure_offsets(*gradients, np.array([[_SEARCH_PX, _SEARCH_PX]]), _SEARCH_PX)
    if offsets.on_edge[0]:
        return f"it is not within {_SEARCH_PX} px of that place"
    if offsets.peak_ratio[0] < _MIN_PEAK_RATIO or offsets.correlation[0] <= 0:
        ratio = offsets.peak_ratio[0]
        return f"no place stands out (peak ratio {ratio:.2f}; {_MIN_PEAK_RATIO:g} is needed)"
    at_reference = (corner + half).astype(np.float64)[None]
    at_sensed = transform.inverse()(at_reference + offsets.offset_px)
    view = frame.reference.view
    scale = (view.origin if view.origin is not None else view.dataset).RasterXSize / view.width
    return {
        "reference_xy": view.to_source(at_reference)[0],
        "sensed_xy": frame.sensed.view.to_source(at_sensed)[0],
        "score": float(np.clip(offsets.correlation[0], 0, 1)),
        "covariance_px2": offsets.covariance_px2[0] * scale**2,
        "peak_ratio": float(offsets.peak_ratio[0]),
    }
