"""What one view must show so that it shows what the other does: geometry only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from .pixel_frame import PixelFrame

_PLAIN_DEG = 0.75  # a turn that nobody sees is not worth a resampled picture


@dataclass(frozen=True)
class Look:
    """What a view shows: its middle and map units a screen pixel, in layer coordinates, and its clockwise turn."""

    x: float
    y: float
    units_a_pixel: float
    rotation_deg: float


def followed(look: Look, source: PixelFrame, target: PixelFrame, across: Callable[[Any], np.ndarray]) -> Look | None:
    """Returns the look at the same ground in the other view, or None where the transform leads nowhere.

    Args:
        look: what the first view shows.
        source: pixel frame of its raster.
        target: pixel frame of the other raster.
        across: (N, 2) px of the first raster -> px of the other.
    """
    step = 20 * source.pixel_size
    here = np.array([[look.x, look.y], [look.x + step, look.y], [look.x, look.y + step]])
    there = target.to_layer(across(source.to_pixel(here)))
    if not np.isfinite(there).all():
        return None
    jacobian = (there[1:] - there[0]).T / step
    scale = float(np.sqrt(abs(np.linalg.det(jacobian))))
    if not scale > 0:
        return None
    turn = float(np.degrees(np.arctan2(jacobian[1, 0], jacobian[0, 0])))
    rotation = (look.rotation_deg + turn + 180.0) % 360.0 - 180.0
    return Look(
        float(there[0, 0]),
        float(there[0, 1]),
        look.units_a_pixel * scale,
        0.0 if abs(rotation) < _PLAIN_DEG else rotation,
    )
