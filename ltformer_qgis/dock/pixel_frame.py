"""Where pixels of a raster lie in the coordinates of its QGIS layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class PixelFrame:
    """Size of a raster and its geotransform.

    Attributes:
        width: columns.
        height: rows.
        geotransform: GDAL's six numbers, or None: QGIS then draws the raster with x = column, y = -row.
    """

    width: int
    height: int
    geotransform: tuple[float, ...] | None = None

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) affine matrix, pixel-edge px -> layer coordinates."""
        if self.geotransform is None:
            return np.diag([1.0, -1.0, 1.0])
        x0, a, b, y0, d, e = self.geotransform
        return np.array([[a, b, x0], [d, e, y0], [0.0, 0.0, 1.0]])

    @property
    def pixel_size(self) -> float:
        """Geometric mean of the pixel's sides in layer units."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))

    def to_layer(self, xy: Any) -> np.ndarray:
        """Returns the (N, 2) layer coordinates of (N, 2) pixel-edge points."""
        return _applied(self.matrix, xy)

    def to_pixel(self, xy: Any) -> np.ndarray:
        """Returns the (N, 2) pixel-edge points of (N, 2) layer coordinates."""
        return _applied(np.linalg.inv(self.matrix), xy)


def _applied(matrix: np.ndarray, xy: Any) -> np.ndarray:
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    return points @ matrix[:2, :2].T + matrix[:2, 2]
