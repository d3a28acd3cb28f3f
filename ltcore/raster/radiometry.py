"""The one preprocessing of images, used by training and inference alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ..config import STRETCH_PERCENTILES
from ..errors import InputError
from .read import MaskedImage, RasterView

_SAMPLE_SIDE_PX = 1024  # the percentiles are taken from a decimated read of at most this side
_MIN_VALID_PX = 256


@dataclass(frozen=True)
class Stretch:
    """A linear stretch of `low`..`high` to 0..255, clipped."""

    low: float
    high: float

    def __call__(self, image: MaskedImage) -> MaskedImage:
        """Returns the image stretched; pixels that are not valid stay so."""
        scale = 255.0 / (self.high - self.low)
        values = np.clip((image.values.astype(np.float64) - self.low) * scale, 0.0, 255.0)
        return MaskedImage(values.astype(np.float32), image.valid)


def percentile_stretch(view: RasterView, name: str) -> Stretch:
    """Returns the stretch between the 1st and 99th percentile of the view's valid pixels (a decimated sample of them).

    Raises:
        InputError: fewer than 256 valid pixels in the sample, or all of one value.
    """
    sample = view.decimated(max(1.0, max(view.width, view.height) / _SAMPLE_SIDE_PX))
    image = sample.read(sample.full_window)
    values = image.values[image.valid]
    if len(values) < _MIN_VALID_PX:
        raise InputError(
            f"'{name}' has no usable pixels here: {len(values)} of {image.valid.size} sampled pixels hold data.",
            f"At least {_MIN_VALID_PX} are needed.",
            "Check the nodata value, the mask and the chosen band.",
        )
    low, high = (float(v) for v in np.percentile(values, STRETCH_PERCENTILES))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    if high <= low:
        raise InputError(
            f"'{name}' is blank: every valid pixel has the value {low:g}.", fix="Choose another band or raster."
        )
    return Stretch(low, high)


def gradient_magnitude(image: MaskedImage, sigma_px: float = 0.5) -> NDArray[np.float32]:
    """Returns the (H, W) gradient magnitude of the smoothed image: blind to inverted contrast, and 0 within
    3 px of pixels that are not valid, whose edges are no structure of the ground."""
    # Not OpenCV: its blur of a numpy array depends on where the array lies in memory, and a record must replay.
    smooth = np.pad(gaussian_filter(image.values, sigma_px), 1, mode="symmetric")
    across = smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]  # Sobel's filters, whole rows at a time
    down = smooth[:, :-2] + 2 * smooth[:, 1:-1] + smooth[:, 2:]
    magnitude = np.sqrt((across[:, 2:] - across[:, :-2]) ** 2 + (down[2:] - down[:-2]) ** 2) / 8
    result: NDArray[np.float32] = np.where(_away_from_invalid(image.valid), magnitude, np.float32(0))
    return result


def _away_from_invalid(valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns the (H, W) mask of pixels within 3 px of which, along both axes, all are valid."""
    inside = np.pad(valid, 3, mode="edge")
    for step in (1, 2, 3):  # 2, 4 and 7 pixels that are valid side by side
        inside = inside[step:] & inside[:-step]
        inside = inside[:, step:] & inside[:, :-step]
    return inside
