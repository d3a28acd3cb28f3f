"""Areas of interest: polygons of a vector file, in pixels of the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np
import shapely
from numpy.typing import NDArray
from osgeo import gdal, osr

from ..errors import InputError
from ..network import check_local
from ..types import FloatArray
from .grid import GeoGrid

_MOST_CORNERS = 2_000_000  # of all polygons: 32 MB, and half a minute to unite them


@dataclass(frozen=True)
class AreaOfInterest:
    """Polygons in pixel-edge px of the reference raster's own grid; None admits every point."""

    polygons: Optional[Any] = None

    def contains(self, reference_xy: FloatArray) -> NDArray[np.bool_]:
        """Returns the (N,) mask of the (N, 2) reference px inside."""
        if self.polygons is None:
            return np.ones(len(reference_xy), np.bool_)
        inside: NDArray[np.bool_] = shapely.contains_xy(self.polygons, reference_xy[:, 0], reference_xy[:, 1])
        return inside


def read_aoi(path: Path, grid: GeoGrid) -> AreaOfInterest:
    """Returns the polygons of all layers of a vector file, brought into the reference's pixels.

    A reference without geotransform is drawn by QGIS at x = column, y = -row: polygons are taken in that frame.

    Raises:
        InputError: no readable vector file, no polygon, one that is not finite, or no overlap with the reference.
    """
    check_local(str(path))
    try:
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY)
        layers = [dataset.GetLayer(number) for number in range(dataset.GetLayerCount())]
        shapes = [shapely.make_valid(shape) for layer in layers for shape in _shapes(layer, grid)]
        polygons = shapely.union_all(shapes)
    except (RuntimeError, shapely.errors.ShapelyError) as error:
        raise InputError(
            f"The area of interest '{path.name}' cannot be read.", str(error).strip(), "Choose a polygon layer."
        ) from error
    if not shapes:
        raise InputError(f"The area of interest '{path.name}' holds no polygon.", fix="Choose a polygon layer.")
    if not polygons.intersects(shapely.box(0, 0, grid.width, grid.height)):
        raise InputError(f"The area of interest '{path.name}' lies outside the reference raster.", fix="Check its CRS.")
    shapely.prepare(polygons)
    return AreaOfInterest(polygons)


def _shapes(layer: Any, grid: GeoGrid) -> list[Any]:
    """Returns a layer's polygons in pixels of the grid."""
    to_crs = None
    source = layer.GetSpatialRef()
    if source is not None and grid.crs_wkt is not None:
        target = osr.SpatialReference()
        target.ImportFromWkt(grid.crs_wkt)
        for crs in (source, target):
            crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        to_crs = osr.CoordinateTransformation(source, target)

    def to_pixel(xy: FloatArray) -> FloatArray:
        return grid.to_pixel(xy) if grid.geotransform is not None else xy * [1.0, -1.0]

    shapes, corners = [], 0
    for feature in layer:
        geometry = feature.GetGeometryRef()
        if geometry is None or geometry.GetDimension() != 2:
            continue
        geometry = geometry.GetLinearGeometry()
        if to_crs is not None:
            geometry.Transform(to_crs)
        geometry.FlattenTo2D()
        shape = shapely.from_wkb(bytes(geometry.ExportToWkb()))
        corners += int(shapely.get_num_coordinates(shape))
        if corners > _MOST_CORNERS:
            raise InputError(
                "The area of interest is too detailed.",
                f"It has more than {_MOST_CORNERS:,} corners.",
                "Simplify it.",
            )
        shapes.append(shapely.transform(shape, to_pixel))
    return shapes
