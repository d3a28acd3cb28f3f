"""Preview images for the report: both rasters, read decimated, in pixels of the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from .progress import Progress, checkpoint
from .raster.read import MaskedImage, RasterView, Window, open_raster, transform_points
from .raster.views import plain_view
from .result import RegistrationResult, TransformFit
from .types import FloatArray

ToSensed = Callable[[FloatArray], FloatArray]

_OVERVIEW_PX = 1200  # longest side of the overview of a raster
_STRIP_ROWS = 64  # of the overview read at once: between strips the user may cancel
_KNOTS = 33  # per side, of the grid on which a map that takes long is computed and interpolated


@dataclass(frozen=True)
class Crop:
    """A rectangle of the reference, px, and the size (width, height) of its picture."""

    x: float
    y: float
    width: float
    height: float
    size: tuple[int, int]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top in px, as matplotlib takes it."""
        return self.x, self.x + self.width, self.y + self.height, self.y

    def positions(self) -> FloatArray:
        """Returns the (N, 2) positions, px, of the picture's pixel centres, row by row."""
        columns, rows = self.size
        x = self.x + (np.arange(columns) + 0.5) * self.width / columns
        y = self.y + (np.arange(rows) + 0.5) * self.height / rows
        positions: FloatArray = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return positions


def whole(width: int, height: int, longest: int) -> Crop:
    """Returns the crop of a whole raster, its longer side at most `longest` picture pixels."""
    factor = max(1.0, max(width, height) / longest)
    return Crop(0, 0, width, height, (max(1, round(width / factor)), max(1, round(height / factor))))


class Previews:
    """Both rasters of a registration; of each only an overview is kept."""

    def __init__(self, result: RegistrationResult, progress: Progress) -> None:
        self._reference_raster = open_raster(result.job.reference)
        self._sensed_raster = open_raster(result.job.sensed)
        self._reference = _Picture(plain_view(self._reference_raster, result.job.reference), progress)
        self._sensed = _Picture(plain_view(self._sensed_raster, result.job.sensed), progress)
        self._result = result

    def reference(self, crop: Crop) -> NDArray[np.float64]:
        """Returns the (H, W) picture of the reference in [0, 1], nan where it has no data."""
        return stretched(self._reference.sampled(crop.positions(), crop))

    def sensed(self, crop: Crop, to_sensed: ToSensed | None = None) -> NDArray[np.float64]:
        """Returns the (H, W) picture of the sensed raster, seen through a map reference px -> sensed px."""
        positions = crop.positions()
        return stretched(self._sensed.sampled(positions if to_sensed is None else to_sensed(positions), crop))

    def after(self) -> ToSensed | None:
        """Returns the map reference px -> sensed px found, None if there is none."""
        if not isinstance(self._result.fit, TransformFit):
            return None
        backward = self._result.fit.transform.inverse()
        return lambda xy: _by_knots(xy, backward)

    def before(self) -> ToSensed:
        """Returns the map reference px -> sensed px that held before: by georeference if both have one, else that
        which lays one image on the other, border on border."""
        reference, sensed = self._result.reference_grid, self._result.sensed_grid
        if not (reference.is_georeferenced and sensed.is_georeferenced):
            ratio = np.array([sensed.width / reference.width, sensed.height / reference.height])
            return lambda xy: xy * ratio
        return self._by_georeference

    def _by_georeference(self, xy: FloatArray) -> FloatArray:
        rasters = self._reference_raster, self._sensed_raster
        return _by_knots(xy, lambda knots: transform_points(*rasters, knots, inverse=False))


def _by_knots(xy: FloatArray, exact: ToSensed) -> FloatArray:
    """Returns the (N, 2) images of many points under a slow map, interpolated between knots: enough for pictures."""
    low, high = _bounds(xy)
    span = np.maximum(high - low, 1e-9)
    steps = np.linspace(0, 1, _KNOTS)
    tables = exact(low + span * np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)).reshape(_KNOTS, _KNOTS, 2)
    at = ((xy - low) / span * (_KNOTS - 1)).T[::-1]
    return np.column_stack([map_coordinates(tables[:, :, axis], at, order=1) for axis in (0, 1)])


def _bounds(xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the least and the largest x and y of (N, 2) points, each (2,)."""
    along = np.ascontiguousarray(xy.T)  # many times as fast as along columns
    return along.min(axis=1), along.max(axis=1)


class _Picture:
    """A raster to be looked at; a large one is read through once, for its overview, which is then kept."""

    def __init__(self, view: RasterView, progress: Progress) -> None:
        self._view = view
        self._coarse = view.decimated(max(1.0, max(view.width, view.height) / _OVERVIEW_PX))
        strips = []
        for top in range(0, self._coarse.height, _STRIP_ROWS):
            checkpoint(progress)
            rows = min(_STRIP_ROWS, self._coarse.height - top)
            strips.append(self._coarse.read(Window(0, top, self._coarse.width, rows)))
        values, valid = (np.concatenate([getattr(strip, part) for strip in strips]) for part in ("values", "valid"))
        self._overview = MaskedImage(values, valid)

    def sampled(self, xy: FloatArray, crop: Crop) -> NDArray[np.float64]:
        """Returns the (H, W) values at the (H*W, 2) px of the raster, nan outside and where there is no data."""
        view = self._view
        x, y = xy.T
        inside = (x >= 0) & (x <= view.width) & (y >= 0) & (y <= view.height)  # not where there is no place: nan
        picture = np.full(len(xy), np.nan)
        if inside.any():
            image, first, scale = self._image(xy[inside], crop)
            at = (xy[inside] / scale - first - 0.5).T[::-1]
            values = map_coordinates(image.values.astype(np.float64), at, order=1, mode="nearest")
            valid = map_coordinates(image.valid.astype(np.float64), at, order=1, mode="nearest")
            picture[inside] = np.where(valid > 0.5, values / np.maximum(valid, 0.5), np.nan)
        return picture.reshape(crop.size[::-1])

    def _image(self, xy: FloatArray, crop: Crop) -> tuple[MaskedImage, NDArray[np.intp], FloatArray]:
        """Returns an image that shows all of `xy` finely enough, its first column and row, and the px of the raster
        per pixel of it."""
        low, high = _bounds(xy)
        factor = max(1.0, float(((high - low) / crop.size).max()))
        view = self._view.decimated(factor)
        if view.width <= self._coarse.width:
            return self._overview, np.zeros(2, dtype=np.intp), _ratio(self._view, self._coarse)
        scale = _ratio(self._view, view)
        first = np.floor(low / scale).astype(np.intp) - 2
        size = np.ceil(high / scale).astype(np.intp) + 2 - first
        return view.read(Window(int(first[0]), int(first[1]), int(size[0]), int(size[1]))), first, scale


def _ratio(fine: RasterView, coarse: RasterView) -> FloatArray:
    return np.array([fine.width / coarse.width, fine.height / coarse.height])


def stretched(picture: NDArray[Any]) -> NDArray[np.float64]:
    """Returns a picture stretched from its 2nd and 98th percentile to [0, 1]; nan stays nan."""
    if not np.isfinite(picture).any():
        return picture
    low, high = np.nanpercentile(picture, [2, 98])
    result: NDArray[np.float64] = np.clip((picture - low) / max(high - low, 1e-12), 0, 1)
    return result
