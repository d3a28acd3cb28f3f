"""A small picture of a result for the summary of a batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..atomic import atomic_path
from ..progress import Progress
from ..report_previews import Previews, whole
from ..result import RegistrationResult

THUMBNAIL = "thumbnail.jpg"

_LONGEST_PX = 160  # side of one of the two pictures
_CELLS = 6  # of the checkerboard along that side
_NO_DATA = 0.93


def write_thumbnail(folder: Path, result: RegistrationResult, progress: Progress) -> None:
    """Writes THUMBNAIL: both rasters as a checkerboard before and after, side by side; without a transform the
    reference and the sensed raster.

    Raises:
        RasterReadError: a raster can no longer be read.
        OutputError: the file cannot be written.
        CancelledError: the user cancelled.
    """
    previews = Previews(result, progress)
    crop = whole(result.reference_grid.width, result.reference_grid.height, _LONGEST_PX)
    reference, after = previews.reference(crop), previews.after()
    if after is None:
        pictures = [reference, previews.sensed(whole(result.sensed_grid.width, result.sensed_grid.height, _LONGEST_PX))]
    else:
        pictures = [_checkerboard(reference, previews.sensed(crop, view)) for view in (previews.before(), after)]
    with atomic_path(folder / THUMBNAIL) as temporary:
        Image.fromarray(_side_by_side(pictures)).save(temporary, "JPEG", quality=80)


def _checkerboard(reference: NDArray[np.float64], sensed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the reference with every other cell from the sensed raster, where that has data."""
    cell = max(1, max(reference.shape) // _CELLS)
    rows, columns = np.indices(reference.shape) // cell
    return np.where(((rows + columns) % 2 == 1) & np.isfinite(sensed), sensed, reference)


def _side_by_side(pictures: list[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """Returns pictures of values in [0, 1] beside each other, 4 px apart, as grey levels."""
    height = max(picture.shape[0] for picture in pictures)
    padded = [np.pad(picture, ((0, height - len(picture)), (0, 4)), constant_values=np.nan) for picture in pictures]
    grey = np.nan_to_num(np.hstack(padded)[:, :-4], nan=_NO_DATA) * 255
    levels: NDArray[np.uint8] = grey.round().astype(np.uint8)
    return levels
