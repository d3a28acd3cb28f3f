"""A copy of a raster that says nothing about where it lies: columns and rows alone."""

from __future__ import annotations

from pathlib import Path

from osgeo import gdal

from ..atomic import atomic_path, write_error
from ..errors import RasterReadError
from ..gcp import without_georeference
from ..progress import Progress, checkpoint

gdal.UseExceptions()

_OPTIONS = ["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"]


def write_plain_copy(source: Path, path: Path, progress: Progress) -> None:
    """Writes a GeoTIFF with every band and pixel of `source`, without geotransform and CRS, whole or not at all.

    The Georeferencer opens such a copy where it would misread the raster itself, as with a rotated geotransform.

    Raises:
        RasterReadError: the source cannot be read.
        OutputError: the copy cannot be written.
        CancelledError: the user cancelled; nothing is left behind.
    """

    def tell(fraction: float, _message: str, _data: object) -> int:
        progress.report(fraction, "Copying the raster")
        return 0 if progress.is_cancelled() else 1

    try:
        view = gdal.GetDriverByName("VRT").CreateCopy("", gdal.OpenEx(str(source), gdal.OF_RASTER))
        bare = gdal.Open(without_georeference(view.GetMetadata("xml:VRT")[0]))
    except RuntimeError as error:
        raise RasterReadError(f"'{source.name}' could not be opened.", f"GDAL says: {error}.") from error
    with atomic_path(path) as temporary:
        try:
            copy = gdal.GetDriverByName("GTiff").CreateCopy(str(temporary), bare, 0, _OPTIONS, tell)
            copy.FlushCache()
            del copy
        except RuntimeError as error:
            checkpoint(progress)
            raise write_error(path, error) from error
