"""Rasters seen through windows: masked, decimated or warped views that never hold a whole raster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from osgeo import gdal

from ..arrays import frozen_array
from ..config import RasterSource
from ..errors import InputError, RasterReadError
from ..network import check_local
from ..types import FloatArray
from .grid import GeoGrid
from .reduced import Reduced

_MIN_SIDE_PX = 32
_REC601 = (0.299, 0.587, 0.114)  # luma weights of red, green, blue, ITU-R BT.601


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels of a view: first column and row, width and height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class MaskedImage:
    """One grey image: `values` (H, W) float32, 0 where not valid, and `valid` (H, W) bool."""

    values: NDArray[np.float32]
    valid: NDArray[np.bool_]

    def __post_init__(self) -> None:
        values = np.where(self.valid, self.values, np.float32(0))
        object.__setattr__(self, "values", frozen_array(values, (None, None), np.float32))
        object.__setattr__(self, "valid", frozen_array(self.valid, self.values.shape, np.bool_))


@dataclass(frozen=True)
class RasterView:
    """A raster on a working grid of `width` x `height` pixels; nothing is read before `read`.

    Attributes:
        dataset: GDAL dataset, perhaps a warped VRT, whose extent is exactly that of the working grid.
        bands: 1-based bands that are mixed into the grey image.
        weights: their weights, sum 1.
        width: columns of the working grid.
        height: rows of the working grid.
        alpha: 1-based band that is 0 where there is no data, or None where each band has a mask of its own.
        origin: dataset that the tie points shall refer to; None where `dataset` is that itself.
        reduced: what coarser views read, its first bands those of `bands`; None: `dataset` itself.
    """

    dataset: Any
    bands: tuple[int, ...]
    weights: tuple[float, ...]
    width: int
    height: int
    alpha: int | None = None
    origin: Any = None
    reduced: Reduced | None = None

    def decimated(self, factor: float) -> RasterView:
        """Returns the same extent with pixels `factor` times as large (at least 1 px remains)."""
        return replace(self, width=max(1, round(self.width / factor)), height=max(1, round(self.height / factor)))

    @property
    def full_window(self) -> Window:
        """The whole working grid."""
        return Window(0, 0, self.width, self.height)

    def read(self, window: Window) -> MaskedImage:
        """Returns the window's grey image; the parts outside the raster are not valid.

        Raises:
            RasterReadError: GDAL cannot read the file here.
        """
        values = np.zeros((window.height, window.width), np.float32)
        valid = np.zeros(values.shape, np.bool_)
        x0, y0 = max(window.x, 0), max(window.y, 0)
        x1, y1 = min(window.x + window.width, self.width), min(window.y + window.height, self.height)
        if x1 > x0 and y1 > y0:
            inside = np.s_[y0 - window.y : y1 - window.y, x0 - window.x : x1 - window.x]
            values[inside], valid[inside] = self._read_inside(Window(x0, y0, x1 - x0, y1 - y0))
        return MaskedImage(values, valid)

    def _read_inside(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        try:
            dataset = self._dataset()
        except RuntimeError as error:
            raise self._read_error(window, error) from error
        scale_x, scale_y = dataset.RasterXSize / self.width, dataset.RasterYSize / self.height
        place = {
            "xoff": _inside(window.x * scale_x, window.width * scale_x, dataset.RasterXSize),
            "yoff": _inside(window.y * scale_y, window.height * scale_y, dataset.RasterYSize),
            "win_xsize": window.width * scale_x,
            "win_ysize": window.height * scale_y,
            "buf_xsize": window.width,
            "buf_ysize": window.height,
        }
        smooth = gdal.GRIORA_Average if scale_x > 1 or scale_y > 1 else gdal.GRIORA_Cubic
        if scale_x == scale_y == 1:
            smooth = gdal.GRIORA_NearestNeighbour
        values = np.zeros((window.height, window.width), np.float64)
        valid = np.ones(values.shape, np.bool_)
        try:
            bands = self.bands if dataset is self.dataset else range(1, len(self.bands) + 1)
            for number, weight in zip(bands, self.weights):
                band = dataset.GetRasterBand(number)
                part = band.ReadAsArray(resample_alg=smooth, **place).astype(np.float64)
                # GDAL takes a floating-point alpha band for data, not for a mask, so it is read by number.
                mask_band = band.GetMaskBand() if self.alpha is None else dataset.GetRasterBand(self.alpha)
                mask = mask_band.ReadAsArray(resample_alg=gdal.GRIORA_NearestNeighbour, **place)
                finite = np.isfinite(part)
                valid &= finite & (mask > 0)
                values += weight * (part if finite.all() else np.where(finite, part, 0.0))
        except (RuntimeError, AttributeError) as error:
            raise self._read_error(window, error) from error
        # Values that float32 cannot hold would become infinite after the masks were made.
        return np.clip(values, -3e38, 3e38).astype(np.float32), valid

    def _dataset(self) -> Any:
        """Returns what to read pixels of this size from."""
        if self.reduced is None:
            return self.dataset
        return self.reduced.at(min(self.dataset.RasterXSize / self.width, self.dataset.RasterYSize / self.height))

    def _read_error(self, window: Window, error: Exception) -> RasterReadError:
        name = Path(self.dataset.GetDescription()).name or "the raster"
        scale_x, scale_y = self.dataset.RasterXSize / self.width, self.dataset.RasterYSize / self.height
        return RasterReadError(
            f"'{name}' could not be read at column {int(window.x * scale_x)}, row {int(window.y * scale_y)}.",
            str(error).strip() or "GDAL gave no reason.",
            "The file may be damaged or cut short; check it with gdalinfo -checksum.",
        )

    def to_source(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) pixel-edge points of the raster's own grid for (N, 2) working-grid points."""
        scale = np.array([self.dataset.RasterXSize / self.width, self.dataset.RasterYSize / self.height])
        points: FloatArray = np.asarray(xy, dtype=np.float64).reshape(-1, 2) * scale
        if self.origin is None or len(points) == 0:
            return points
        return transform_points(self.origin, self.dataset, points, inverse=True)

    def from_source(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) working-grid points for (N, 2) pixel-edge points of the raster's own grid."""
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        if self.origin is not None and len(points):
            points = transform_points(self.origin, self.dataset, points, inverse=False)
        scale = np.array([self.width / self.dataset.RasterXSize, self.height / self.dataset.RasterYSize])
        result: FloatArray = points * scale
        return result


def _inside(offset: float, length: float, limit: int) -> float:
    """Returns the offset, a hair smaller where GDAL, which rounds offset and length each up, would leave the raster."""
    return offset - 1e-6 if int(offset + 0.5) + int(length + 0.5) > limit else offset


def transform_points(source: Any, target: Any, xy: FloatArray, *, inverse: bool) -> FloatArray:
    """Returns (N, 2) pixel-edge points of `source` in pixels of `target` (or back) through both georeferences.

    A point that PROJ cannot transform becomes nan.
    """
    transformer = gdal.Transformer(source, target, [])
    moved, ok = transformer.TransformPoints(int(inverse), [(float(x), float(y)) for x, y in xy])
    result = np.array([point[:2] for point in moved], dtype=np.float64).reshape(-1, 2)
    result[np.asarray(ok) == 0] = np.nan
    return result


def open_raster(source: RasterSource) -> Any:
    """Returns the GDAL dataset of a source, checked so far as that costs nothing.

    Raises:
        InputError: no such file, no raster, no such band, complex numbers, or a side under 32 px.
    """
    text, name = str(source.path), source.path.name
    check_local(text)
    if not text.startswith("/vsi") and ":" not in text and not source.path.exists():
        raise RasterReadError(f"The file '{text}' does not exist.", fix="Check the path.")
    try:
        dataset = gdal.OpenEx(text, gdal.OF_RASTER | gdal.OF_READONLY)
    except RuntimeError as error:
        raise RasterReadError(
            f"'{name}' is not a raster that GDAL can open.", str(error).strip(), "Choose a raster file."
        ) from error
    if dataset is None or dataset.RasterCount == 0:
        raise RasterReadError(f"'{name}' has no raster bands.", fix="Choose a raster file or a subdataset.")
    if min(dataset.RasterXSize, dataset.RasterYSize) < _MIN_SIDE_PX:
        raise InputError(
            f"'{name}' has {dataset.RasterXSize} x {dataset.RasterYSize} pixels.",
            f"At least {_MIN_SIDE_PX} x {_MIN_SIDE_PX} are needed.",
        )
    for number in select_bands(dataset, source.band, name)[0]:
        if _is_unwritten(dataset, number):
            raise InputError(f"Band {number} of '{name}' is blank: nothing was ever written into it.")
    return dataset


def _is_unwritten(dataset: Any, number: int) -> bool:
    """Tells whether a sparse file holds no block of a band; reading such a huge one would take minutes for nothing."""
    try:
        status, _ = dataset.GetRasterBand(number).GetDataCoverageStatus(0, 0, dataset.RasterXSize, dataset.RasterYSize)
    except RuntimeError:  # a VRT whose sources are gone: whoever reads it is told
        return False
    return bool(status == gdal.GDAL_DATA_COVERAGE_STATUS_EMPTY)


def select_bands(
    dataset: Any, band: int | Literal["luminance"], name: str
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Returns 1-based bands and weights of sum 1 for a band number or "luminance".

    Luminance is 0.299 R + 0.587 G + 0.114 B where the bands say their colours, else the mean of the first
    three bands that are not alpha, or the only one.

    Raises:
        InputError: no such band, or a band of complex numbers.
    """
    count = dataset.RasterCount
    if band != "luminance":
        if not 1 <= band <= count:
            plural = "band" if count == 1 else "bands"
            raise InputError(f"Band {band} was requested but '{name}' has {count} {plural}.")
        chosen: tuple[int, ...] = (band,)
        weights: tuple[float, ...] = (1.0,)
    else:
        colours = {dataset.GetRasterBand(i).GetColorInterpretation(): i for i in range(count, 0, -1)}
        rgb = [colours.get(c) for c in (gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand)]
        if None not in rgb:
            chosen, weights = tuple(int(i) for i in rgb if i is not None), _REC601
        else:
            alpha = colours.get(gdal.GCI_AlphaBand)
            chosen = tuple(i for i in range(1, count + 1) if i != alpha)[:3]
            weights = (1 / len(chosen),) * len(chosen)
    for number in chosen:
        if gdal.DataTypeIsComplex(dataset.GetRasterBand(number).DataType):
            raise InputError(
                f"Band {number} of '{name}' holds complex numbers.", fix="Convert it to an amplitude band first."
            )
    return chosen, weights


def grid_of(dataset: Any) -> GeoGrid:
    """Returns the grid of a dataset; GDAL's identity default counts as no geotransform."""
    geotransform: tuple[float, ...] | None = dataset.GetGeoTransform(can_return_null=True)
    if geotransform is not None and geotransform[1] * geotransform[5] == geotransform[2] * geotransform[4]:
        geotransform = None  # singular: it places all pixels on a line
    return GeoGrid(
        dataset.RasterXSize,
        dataset.RasterYSize,
        None if geotransform is None else tuple(geotransform),  # type: ignore[arg-type]  # six numbers
        dataset.GetProjection() or None,
    )
