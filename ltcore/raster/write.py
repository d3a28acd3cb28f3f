"""Writing rasters: warp through a transform of the plane.

gdal.Warp has no transformer for a projective map, but it has one for rational polynomials (RPC), and all maps are
rational polynomials piece by piece (ltcore.raster.backward). So every model takes one exact way: the inverse map,
target px -> sensed px, is written into the RPC metadata of an in-memory VRT of the sensed raster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from osgeo import gdal, gdal_array

from ..atomic import atomic_path, write_error
from ..errors import InputError, OutputError, RasterReadError
from ..geometry.models import PlaneMap
from ..progress import Progress, checkpoint
from ..types import FloatArray
from .backward import Backward, Piece, backward_of
from .grid import GeoGrid

gdal.UseExceptions()

_TILE_BYTES = 48 * 2**20  # memory of one output tile, all bands
_ERROR_THRESHOLD_PX = 0.01  # of GDAL's linear approximation along a scanline, sensed px
_LARGEST_GROWTH = 16  # output px per sensed px over which grid="sensed" refuses a transform
_SAME_PIXEL_SIZE = 0.01  # relative difference up to which grid="sensed" takes the reference's pixels
_BLOCK = 256  # side of a GeoTIFF tile, GDAL's default
_FLOATS = (gdal.GDT_Float32, gdal.GDT_Float64)


@dataclass(frozen=True)
class WarpTarget:
    """Where a warped raster comes to lie.

    Attributes:
        grid: size and georeference of the output.
        to_reference: (3, 3) affine matrix, output px -> reference px, both pixel-edge.
    """

    grid: GeoGrid
    to_reference: FloatArray


def target_for(
    choice: Literal["reference", "sensed"], reference: GeoGrid, sensed: GeoGrid, transform: PlaneMap
) -> WarpTarget:
    """Returns the grid of the warped raster.

    "reference" is the reference's own grid. "sensed" covers the footprint of the sensed image along the
    reference's rows and columns with the sensed image's pixel size; if that differs by less than 1 % from the
    reference's, its pixels coincide with reference pixels. Without a georeference of the reference, the
    "sensed" grid carries a geotransform of the reference's layer frame in QGIS (x = column, y = -row).

    Raises:
        OutputError: the transform stretches the sensed image beyond use.
    """
    if choice == "reference":
        return WarpTarget(reference, np.eye(3))
    x, y = sensed.width / 2, sensed.height / 2
    step = transform([[x, y], [x + 1, y], [x, y + 1]])
    scale = float(np.sqrt(abs(np.linalg.det(step[1:] - step[0]))))
    if abs(scale - 1) < _SAME_PIXEL_SIZE:
        scale = 1.0
    border = transform(_border(sensed))
    low = np.floor(border.min(axis=0)) if scale == 1 else border.min(axis=0)
    extent = (border.max(axis=0) - low) / scale
    if not np.isfinite(extent).all() or extent.prod() > _LARGEST_GROWTH * sensed.width * sensed.height:
        raise OutputError(
            "The warped raster was not written.",
            f"The {transform.model} transform stretches it to more than {_LARGEST_GROWTH} times its size.",
            "Choose a simpler transform, or the reference's grid.",
        )
    width, height = (max(1, int(np.ceil(length - 1e-6))) for length in extent)
    to_reference = np.array([[scale, 0, low[0]], [0, scale, low[1]], [0, 0, 1]])
    x0, a, b, y0, d, e = reference.geotransform or (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    place = np.array([[a, b, x0], [d, e, y0], [0, 0, 1]]) @ to_reference
    geotransform = tuple(float(v) for v in place[:2, [2, 0, 1]].ravel())
    return WarpTarget(GeoGrid(width, height, geotransform, reference.crs_wkt), to_reference)  # type: ignore[arg-type]


def _border(grid: GeoGrid) -> FloatArray:
    steps = np.linspace(0, 1, 21)
    zero, one = np.zeros_like(steps), np.ones_like(steps)
    sides = ((steps, zero), (steps, one), (zero, steps), (one, steps))
    border: FloatArray = np.concatenate([np.column_stack(side) for side in sides]) * [grid.width, grid.height]
    return border


def warp_raster(
    sensed_path: Path, out_path: Path, transform: PlaneMap, target: WarpTarget, resampling: str, progress: Progress
) -> None:
    """Writes all bands of a raster, moved by `transform` (sensed px -> reference px), as a tiled GeoTIFF.

    Type, nodata, names, colour interpretation, colour tables, scale, offset, unit and metadata of every band are
    kept. Where the sensed image has nothing to say, the output holds the source's nodata value; if it has none,
    floating point gives NaN (set as nodata), a source with an alpha band gives alpha 0, and all others give 0
    under a mask band inside the file, so that no pixel value is changed. Bands with a colour table are resampled
    by nearest neighbour. Memory is bounded whatever the size: the output is made tile by tile.

    Raises:
        OutputError: the file cannot be written, or the transform has its horizon inside the output.
        RasterReadError: the sensed raster cannot be read.
        CancelledError: the user cancelled; nothing is left behind.
    """
    backward = backward_of(transform, target.to_reference)
    try:
        source = gdal.Open(str(sensed_path))
    except RuntimeError as error:
        raise RasterReadError(f"'{sensed_path.name}' could not be opened.", f"GDAL says: {error}.") from error
    with atomic_path(out_path) as temporary:
        try:
            _Warp(source, backward, resampling).write(temporary, target.grid, progress)
        except RuntimeError as error:
            checkpoint(progress)
            raise write_error(out_path, error) from error


class _Warp:
    """One source, seen through a map target px -> sensed px."""

    def __init__(self, source: gdal.Dataset, backward: Backward, resampling: str) -> None:
        self.bands = [source.GetRasterBand(number + 1) for number in range(source.RasterCount)]
        if not self.bands:
            raise InputError("The sensed file has no raster bands.", "", "Name one of its subdatasets.")
        self.source, self.backward = source, backward
        self.has_table = any(band.GetColorTable() is not None for band in self.bands)
        self.resampling = "near" if self.has_table or resampling == "nearest" else resampling
        self.has_alpha = self.bands[-1].GetColorInterpretation() == gdal.GCI_AlphaBand
        self.kind = self.bands[0].DataType
        for band in self.bands[1:]:
            self.kind = gdal.DataTypeUnion(self.kind, band.DataType)
        self.nodata = _nodata(self.bands, self.kind)
        self.pixels = gdal.GetDriverByName("VRT").CreateCopy("", source)
        self.pixels.SetMetadata({}, "GEOLOCATION")
        self.validity: Any | None = None
        if self.nodata is None and not self.has_alpha:
            self.validity = gdal.Translate("", source, format="VRT", bandList=["mask,1"])

    def write(self, path: Path, grid: GeoGrid, progress: Progress) -> None:
        """Makes the GeoTIFF at `path`, tile by tile within the part that shows the source."""
        side = self._tile_side()
        sensed = (self.source.RasterXSize, self.source.RasterYSize)
        left, top, right, bottom = self.backward.footprint(_border(GeoGrid(*sensed)), (grid.width, grid.height))
        rows, columns = range(top - top % _BLOCK, bottom, side), range(left - left % _BLOCK, right, side)
        corners = [(x, y) for y in rows for x in columns]
        output = self._create(path, grid)
        try:
            for done, (left, top) in enumerate(corners):
                size = min(side, grid.width - left), min(side, grid.height - top)
                for piece in self.backward.pieces((left, top), size, sensed, progress):
                    output.WriteRaster(*piece.corner, *piece.size, self._warped(self.pixels, piece).ReadRaster())
                    if self.validity is not None:
                        seen = self._warped(self.validity, piece).ReadRaster()
                        output.GetRasterBand(1).GetMaskBand().WriteRaster(*piece.corner, *piece.size, seen)
                progress.report((done + 1) / len(corners), "Writing the warped raster")
            output.FlushCache()
        finally:
            del output  # closes the file, also where an error keeps this frame: Windows deletes no open one

    def _tile_side(self) -> int:
        pixel = gdal.GetDataTypeSize(self.kind) // 8 * len(self.bands)
        return int(np.clip(np.sqrt(_TILE_BYTES / pixel) // _BLOCK, 1, 8)) * _BLOCK

    def _warped(self, view: gdal.Dataset, piece: Piece) -> gdal.Dataset:
        is_mask = view is self.validity
        kind = gdal.GDT_Byte if is_mask else self.kind
        tile = gdal.GetDriverByName("MEM").Create("", *piece.size, view.RasterCount, kind)
        if self.has_alpha and not is_mask:
            tile.GetRasterBand(tile.RasterCount).SetColorInterpretation(gdal.GCI_AlphaBand)
        view.SetMetadata(piece.metadata, "RPC")
        tile.SetGeoTransform((0, piece.degree, 0, 0, 0, piece.degree))
        nodata = {} if is_mask or self.nodata is None else {"srcNodata": self.nodata, "dstNodata": self.nodata}
        for number in range(view.RasterCount if nodata else 0):
            tile.GetRasterBand(number + 1).Fill(self.nodata)  # the warper skips a tile that the source misses
        gdal.Warp(
            tile,
            view,
            rpc=True,
            resampleAlg="near" if is_mask else self.resampling,
            overviewLevel="NONE",
            errorThreshold=_ERROR_THRESHOLD_PX,
            srcAlpha=self.has_alpha and not is_mask,
            **nodata,
            warpOptions=["UNIFIED_SRC_NODATA=NO", "NUM_THREADS=ALL_CPUS"],
        )
        return tile

    def _create(self, path: Path, grid: GeoGrid) -> gdal.Dataset:
        options = ["TILED=YES", "COMPRESS=DEFLATE", f"PREDICTOR={_predictor(self.kind)}"]
        options += ["BIGTIFF=IF_SAFER", "NUM_THREADS=ALL_CPUS"]
        colours = [band.GetColorInterpretation() for band in self.bands]
        if colours[:3] == [gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand]:
            options.append("PHOTOMETRIC=RGB")
        output = gdal.GetDriverByName("GTiff").Create(
            str(path), grid.width, grid.height, len(self.bands), self.kind, options
        )
        if grid.geotransform is not None:
            output.SetGeoTransform(grid.geotransform)
        if grid.crs_wkt is not None:
            output.SetProjection(grid.crs_wkt)
        output.SetMetadata({k: v for k, v in self.source.GetMetadata().items() if k != "AREA_OR_POINT"})
        for number, band in enumerate(self.bands, start=1):
            _copy_band(band, output.GetRasterBand(number), self.nodata)
        if self.validity is not None:
            with _internal_mask():
                output.CreateMaskBand(gdal.GMF_PER_DATASET)
        return output


@contextmanager
def _internal_mask() -> Iterator[None]:
    name = "GDAL_TIFF_INTERNAL_MASK"
    before = gdal.GetThreadLocalConfigOption(name)
    gdal.SetThreadLocalConfigOption(name, "YES")
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption(name, before)


def _nodata(bands: list[Any], kind: int) -> float | None:
    """Returns the one nodata value a GeoTIFF can hold: the source's first, NaN for floats without, or None.

    A value that no pixel of this type can have, as -9999 for bytes, counts as none.
    """
    for band in bands:
        value = band.GetNoDataValue()
        if value is not None and _fits(value, kind):
            return int(value) if _is_integer(kind) else float(value)  # GDAL takes no float for 64-bit integers
    return float("nan") if kind in _FLOATS else None


def _fits(value: float, kind: int) -> bool:
    if not _is_integer(kind):
        return True
    limits = np.iinfo(_dtype(kind))
    # The warper holds nodata as float64: of integers of 64 bits not every one is one.
    return float(value).is_integer() and int(float(value)) == value and bool(limits.min <= value <= limits.max)


def _is_integer(kind: int) -> bool:
    return np.issubdtype(_dtype(kind), np.integer)


def _dtype(kind: int) -> np.dtype[Any]:
    return np.dtype(gdal_array.GDALTypeCodeToNumericTypeCode(kind))


def _predictor(kind: int) -> int:
    if kind in _FLOATS:
        return 3
    is_small_integer = not gdal.DataTypeIsComplex(kind) and gdal.GetDataTypeSize(kind) <= 32
    return 2 if is_small_integer else 1


def _copy_band(source: Any, target: Any, nodata: float | None) -> None:
    if nodata is not None:
        target.SetNoDataValue(nodata)
    target.SetDescription(source.GetDescription())
    target.SetColorInterpretation(source.GetColorInterpretation())
    if source.GetColorTable() is not None:
        target.SetColorTable(source.GetColorTable())
    if source.GetScale() is not None:
        target.SetScale(source.GetScale())
    if source.GetOffset() is not None:
        target.SetOffset(source.GetOffset())
    if source.GetUnitType():
        target.SetUnitType(source.GetUnitType())
    target.SetMetadata({k: v for k, v in source.GetMetadata().items() if not k.startswith("STATISTICS_")})
