"""The grid of a raster: size, geotransform and CRS, without the raster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike

from ..types import FloatArray


@dataclass(frozen=True)
class GeoGrid:
    """Size and georeference of a raster.

    Attributes:
        width: columns.
        height: rows.
        geotransform: GDAL's six numbers from pixel-edge (column, row) to map, or None.
        crs_wkt: CRS as WKT, or None.
    """

    width: int
    height: int
    geotransform: Optional[tuple[float, float, float, float, float, float]] = None
    crs_wkt: Optional[str] = None

    @property
    def is_georeferenced(self) -> bool:
        """Whether pixels can be placed on the Earth: geotransform and CRS are both there."""
        return self.geotransform is not None and self.crs_wkt is not None

    @property
    def is_rotated(self) -> bool:
        """Whether rows and columns are not parallel to the map axes."""
        return self.geotransform is not None and (self.geotransform[2] != 0 or self.geotransform[4] != 0)

    @property
    def pixel_size_map(self) -> Optional[float]:
        """Geometric mean of the pixel's sides in map units, or None without geotransform."""
        if self.geotransform is None:
            return None
        _, a, b, _, d, e = self.geotransform
        return float(np.sqrt(abs(a * e - b * d)))

    def to_map(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) map coordinates of (N, 2) pixel-edge points.

        Raises:
            ValueError: the grid has no geotransform.
        """
        if self.geotransform is None:
            raise ValueError("this grid has no geotransform")
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        x0, a, b, y0, d, e = self.geotransform
        return np.column_stack([x0 + points @ [a, b], y0 + points @ [d, e]])

    def to_pixel(self, xy_map: ArrayLike) -> FloatArray:
        """Returns the (N, 2) pixel-edge points of (N, 2) map coordinates; the inverse of to_map."""
        if self.geotransform is None:
            raise ValueError("this grid has no geotransform")
        x0, a, b, y0, d, e = self.geotransform
        offset = np.asarray(xy_map, dtype=np.float64).reshape(-1, 2) - [x0, y0]
        result: FloatArray = np.linalg.solve(np.array([[a, b], [d, e]]), offset.T).T
        return result
