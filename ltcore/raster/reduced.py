"""Large rasters seen coarsely: averaged before they are warped, and the coarsest of that kept in memory.

Without this every coarse view of a warped raster would resample all pixels of the file, anew in each stage.
"""

from __future__ import annotations

import math
from typing import Any, Callable

from osgeo import gdal

LARGE_PX = 2048  # longest side of what is read as it is, and of what is kept in memory


class Reduced:
    """A dataset and the same extent with whole numbers of its pixels averaged to one, made when first read.

    Args:
        dataset: GDAL dataset as the view reads it at full resolution.
        source: what it is made of: the file's dataset, or its bands that are warped.
        bands: 1-based bands of `source` that the reduced ones have, in this order.
        seen: makes of those, reduced by a number, what replaces `dataset`.
    """

    def __init__(self, dataset: Any, source: Any, bands: list[int], seen: Callable[[Any, int], Any]) -> None:
        self._source, self._bands, self._seen = source, bands, seen
        self._by_factor = {1: dataset}
        self._most = math.ceil(max(dataset.RasterXSize, dataset.RasterYSize) / LARGE_PX)

    def at(self, scale: float) -> Any:
        """Returns the coarsest dataset whose pixels are at most `scale` times as large as the full ones."""
        factor = max(1, min(int(scale + 1e-9), self._most))
        if factor not in self._by_factor:
            reduced = gdal.Translate(
                "",
                self._source,
                format="MEM" if factor == self._most else "VRT",
                bandList=self._bands,
                width=math.ceil(self._source.RasterXSize / factor),
                height=math.ceil(self._source.RasterYSize / factor),
                resampleAlg="average",
            )
            self._by_factor[factor] = self._seen(reduced, factor)
        return self._by_factor[factor]
