"""Raster layers as plain facts, taken on the main thread, and what is wrong with them in one sentence each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsProcessingUtils,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsRectangle,
    QgsUnitTypes,
)

from .compat import METRES
from .texts import tr

LUMINANCE = "luminance"
# FORMAT:file:part and FORMAT:"file":part, but no drive letter.
_NETWORK = tuple(f"/vsi{name}" for name in ("curl", "s3", "gs", "az", "adls", "oss", "swift", "webhdfs", "hdfs"))
_SUBDATASET = re.compile(r'[A-Za-z0-9_]{2,}:"?(?P<path>[^":]+)"?(:.*)?')


class InputProblem(Exception):  # noqa: N818 - it is shown to people, who know no class names
    """An input that cannot be used; the text is one clear sentence."""


@dataclass(frozen=True)
class RasterInput:
    """A raster as the engine will open it, by its path, and as the file itself says where it lies.

    Attributes:
        name: file name, for messages.
        path: what GDAL opens: a file, a subdataset or a /vsi path.
        band_count: bands.
        geotransform: GDAL's six numbers, or None.
        crs: CRS of the file; invalid without one.
        extent: map rectangle of the file, or None without geotransform.
        layer_crs: CRS that QGIS uses for the layer, which may have been set by hand.
        has_open_options: whether the layer was opened in QGIS with options that the engine does not get.
    """

    name: str
    path: str
    band_count: int
    geotransform: tuple[float, ...] | None
    crs: QgsCoordinateReferenceSystem
    extent: QgsRectangle | None
    layer_crs: QgsCoordinateReferenceSystem
    has_open_options: bool

    @property
    def is_georeferenced(self) -> bool:
        """Whether the file says where on the Earth it lies."""
        return self.extent is not None and self.crs.isValid()

    @property
    def is_rotated(self) -> bool:
        """Whether rows and columns are not parallel to the map axes."""
        return self.geotransform is not None and (self.geotransform[2] != 0 or self.geotransform[4] != 0)

    @property
    def map_crs(self) -> QgsCoordinateReferenceSystem:
        """Returns the CRS of positions in QGIS's view of the file: none without geotransform."""
        return QgsCoordinateReferenceSystem() if self.extent is None else self.crs

    def warnings(self) -> list[str]:
        """Returns sentences on what QGIS knows about the layer and the engine does not."""
        found = []
        if self.has_open_options:
            found.append(
                tr("The open options of '{name}' are not used: the file is read as it is.").format(name=self.name)
            )
        if self.layer_crs.isValid() and not self.crs.isValid():
            found.append(
                tr(
                    "'{name}' has no CRS of its own, so the one set in QGIS is not used; write it into the "
                    "file with 'Assign projection' if it should count."
                ).format(name=self.name)
            )
        return found


def raster_input(layer: QgsRasterLayer) -> RasterInput:
    """Returns the facts of a layer; for the main thread.

    Raises:
        InputProblem: the layer is no file that another process can open with GDAL.
    """
    if layer.providerType() != "gdal":
        raise InputProblem(_no_file(layer))
    path, options = _gdal_path(layer.source())
    name = Path(path).name or layer.name()
    if path.startswith(_NETWORK):
        raise InputProblem(
            tr("'{name}' lies on the network; download it, or export what you need as GeoTIFF, first.").format(
                name=name
            )
        )
    if path.startswith(("/vsimem/", "MEM:")):
        raise InputProblem(tr("'{name}' exists only in QGIS's memory; export it as GeoTIFF first.").format(name=name))
    dataset = _opened(path)
    if dataset is None:
        raise InputProblem(tr("'{name}' cannot be opened with GDAL.").format(name=name))
    geotransform = dataset.GetGeoTransform(can_return_null=True)
    return RasterInput(
        name=name,
        path=path,
        band_count=dataset.RasterCount,
        geotransform=geotransform,
        crs=QgsCoordinateReferenceSystem.fromWkt(dataset.GetProjectionRef() or ""),
        extent=_extent(geotransform, dataset.RasterXSize, dataset.RasterYSize) if geotransform else None,
        layer_crs=layer.crs(),
        has_open_options=options,
    )


def _no_file(layer: QgsRasterLayer) -> str:
    """Says what a layer is that another process cannot open, and what to do."""
    kinds = {
        "wms": tr("a web map (WMS, WMTS or XYZ tiles)"),
        "wcs": tr("a web coverage (WCS)"),
        "arcgismapserver": tr("an ArcGIS map service"),
        "postgresraster": tr("a raster in a PostgreSQL database"),
        "virtualraster": tr("an expression over other rasters"),
    }
    kind = kinds.get(layer.providerType(), tr("of the provider '{name}'").format(name=layer.providerType()))
    return tr(
        "'{name}' is {kind}, not a raster file; export the part you need as GeoTIFF first (right-click the layer > "
        "Export > Save As) and choose that file."
    ).format(name=layer.name(), kind=kind)


def _gdal_path(source: str) -> tuple[str, bool]:
    """Returns what GDAL opens for a layer's source, absolute, and whether open options were cut off."""
    bare = re.split(r"\|option:|\|credential:|\|authcfg=", source, maxsplit=1)[0]
    if "|" in bare:  # "file.gpkg|layername=table" and the like
        parts = QgsProviderRegistry.instance().decodeUri("gdal", bare)
        table = parts.get("layerName")
        bare = f"GPKG:{parts['path']}:{table}" if table else parts.get("path", bare)
    if bare.startswith("vrt://"):
        return _view_file(bare), "|option:" in source
    if Path(bare).exists():
        return str(Path(bare).absolute()), "|option:" in source
    inner = _SUBDATASET.fullmatch(bare)
    if inner and Path(inner["path"]).exists():  # the engine runs in another folder
        bare = bare.replace(inner["path"], str(Path(inner["path"]).absolute()), 1)
    return bare, "|option:" in source


def _view_file(source: str) -> str:
    """Returns a VRT file, in QGIS's temporary folder, of a view that exists by its name only ("vrt://a.tif?bands=4,1")."""
    dataset = _opened(source)
    if dataset is None:
        return source
    stem = Path(source.partition("?")[0]).stem
    digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()[:8]
    path = Path(QgsProcessingUtils.tempFolder()) / f"{stem}_view_{digest}.vrt"
    gdal.GetDriverByName("VRT").CreateCopy(str(path), dataset).FlushCache()
    return str(path)


def _opened(path: str) -> gdal.Dataset | None:
    """Returns the dataset, or None, whichever way GDAL reports failure in this process."""
    try:
        return gdal.OpenEx(path, gdal.OF_RASTER)
    except RuntimeError:
        return None


def subdatasets(path: str) -> list[str]:
    """Returns the names of the rasters in a file that holds several, as a GeoPackage may; else []."""
    dataset = _opened(path)
    return [] if dataset is None else [name for name, _ in dataset.GetSubDatasets()]


def _extent(geotransform: tuple[float, ...], width: int, height: int) -> QgsRectangle:
    """Returns the map rectangle around all four corners."""
    x0, a, b, y0, d, e = geotransform
    corners = [(x0 + a * column + b * row, y0 + d * column + e * row) for column in (0, width) for row in (0, height)]
    xs, ys = zip(*corners)
    return QgsRectangle(min(xs), min(ys), max(xs), max(ys))


def check_band(raster: RasterInput, band: Any) -> None:
    """Raises InputProblem if the raster has no such 1-based band."""
    if band == LUMINANCE or 1 <= int(band) <= raster.band_count:
        return
    count = raster.band_count
    has = tr("has 1 band") if count == 1 else tr("has {count} bands").format(count=count)
    raise InputProblem(tr("Band {band} was requested but '{name}' {has}.").format(band=band, name=raster.name, has=has))


def check_pair(
    reference: RasterInput, sensed: RasterInput, bands: tuple[Any, Any], context: QgsCoordinateTransformContext
) -> None:
    """Raises InputProblem if both are one band of one file, or if both are georeferenced and lie apart."""
    if reference.path == sensed.path and bands[0] == bands[1]:
        raise InputProblem(
            tr("Reference and sensed are the same band ({band}) of '{name}'; choose two images.").format(
                band=bands[0], name=reference.name
            )
        )
    if not (reference.is_georeferenced and sensed.is_georeferenced):
        return
    transform = QgsCoordinateTransform(sensed.crs, reference.crs, context)
    try:
        sensed_extent = transform.transformBoundingBox(sensed.extent)
    except QgsCsException:
        return  # outside the domain of the projection: the engine will say what it finds
    if not sensed_extent.intersects(reference.extent):
        raise InputProblem(
            tr("'{reference}' and '{sensed}' do not overlap: {distance}; check their CRS.").format(
                reference=reference.name, sensed=sensed.name, distance=_distance(reference, sensed_extent)
            )
        )


def _distance(reference: RasterInput, other: QgsRectangle) -> str:
    """Returns how far apart two rectangles in the reference's CRS are, in words."""
    mine = reference.extent
    dx = max(mine.xMinimum() - other.xMaximum(), other.xMinimum() - mine.xMaximum(), 0.0)
    dy = max(mine.yMinimum() - other.yMaximum(), other.yMinimum() - mine.yMaximum(), 0.0)
    length, units = (dx * dx + dy * dy) ** 0.5, reference.crs.mapUnits()
    if reference.crs.isGeographic():
        return tr("their extents are {length:.4g} degrees apart").format(length=length)
    to_km = QgsUnitTypes.fromUnitToUnitFactor(units, METRES) / 1000
    return tr("their extents are {length:.4g} km apart").format(length=length * to_km)
