"""A transform fitted anew to tie points that people chose. numpy only: the plugin refits in QGIS's own process."""

from __future__ import annotations

from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray

from ..result import TransformFit
from ..types import FloatArray, TiePoints
from ..uncertainty import precision_of
from .heldout import heldout_residuals
from .models import FEWEST_POINTS, AnyModel, PlaneMap, fit_model
from .transforms import EstimationFailure, apply_matrix


def refit(
    model: AnyModel,
    points: TiePoints,
    enabled: NDArray[np.bool_],
    prior: FloatArray,
    like: Optional[PlaneMap] = None,
) -> Union[TransformFit, EstimationFailure]:
    """Returns `model` fitted by least squares to the enabled tie points, every one of them, by their covariance.

    Nothing is rejected: whoever enables a bad point sees what it does. As in ltcore.geometry.selection the model
    describes what is left after `prior`, and the held-out residuals are those of left-out blocks of the image.

    Args:
        model: family of the transform.
        points: K tie points, px of the rasters themselves; K may be 0.
        enabled: (K,) those the fit rests on.
        prior: 3x3 matrix sensed px -> reference px (identity without georeference).
        like: an earlier fit, whose smoothing a spline keeps.
    """
    if enabled.sum() < FEWEST_POINTS[model]:
        return EstimationFailure(f"{model} needs {FEWEST_POINTS[model]} tie points, got {enabled.sum()}")
    source = apply_matrix(prior, points.sensed_xy)
    used = source[enabled], points.reference_xy[enabled], precision_of(points)[enabled]
    fitted = fit_model(model, *used, like)
    if isinstance(fitted, EstimationFailure):
        return fitted
    heldout = np.full((len(points), 2), np.nan)
    heldout[enabled] = heldout_residuals(model, *used, fitted)
    full = fitted.between(prior, np.eye(3))
    return TransformFit(full, enabled, points.reference_xy - full(points.sensed_xy), heldout)
