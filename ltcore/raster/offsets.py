"""Offsets as GeoPackage layers: points, vectors to be drawn, and why there are none elsewhere."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import ogr

from ..assessment import Assessment
from ..gcp import map_positions
from ..offsets import round_number
from ..types import FloatArray
from .geopackage import Values, add_feature, add_gaps, add_layer, line, point, write_geopackage

ogr.UseExceptions()

POINTS_LAYER = "offsets"
VECTORS_LAYER = "vectors"

_LENGTHS = dict.fromkeys(("dx_px", "dy_px", "length_px", "dx_map", "dy_map", "length_map", "direction_deg"), float)
_REALS = dict.fromkeys(("score", "cov_xx", "cov_xy", "cov_yy", "reference_x", "reference_y"), float)
_LONG_ARROW = 25  # a usual vector is drawn as long as this part of the area measured


def write_offsets(path: Path, assessment: Assessment) -> None:
    """Writes layers `offsets`, `vectors` and `no_points` of a GeoPackage, whole or not at all.

    A point of `offsets` lies where the reference shows it, in the reference's CRS. Fields: id (from 1), used (1 where
    statistics rest on it), the offset of ltcore.offsets in reference px (y down) and in map units (y along the CRS's
    axis), its direction in degrees clockwise from the y axis of the map, score, covariance of the offset (reference
    px^2) and the position in reference px. `vectors` holds the used ones as lines from there to where the georeference
    places what the sensed raster shows, at true length; drawn `exaggeration` times as long they can be seen.
    `no_points` is that of ltcore.raster.geopackage.add_gaps.

    Raises:
        OutputError: the file cannot be written.
    """
    write_geopackage(path, partial(_fill, assessment))


def _fill(assessment: Assessment, dataset: Any) -> None:
    result, offsets = assessment.result, assessment.offsets
    grid = result.reference_grid
    starts = map_positions(grid, result.tie_points.reference_xy)
    points = add_layer(dataset, POINTS_LAYER, grid, ogr.wkbPoint, {"id": int, "used": int, **_LENGTHS, **_REALS})
    vectors = add_layer(dataset, VECTORS_LAYER, grid, ogr.wkbLineString, {"id": int, **_LENGTHS, "exaggeration": float})
    factor = _exaggeration(starts[offsets.used], offsets.map[offsets.used])
    dataset.StartTransaction()
    for index, (x, y) in enumerate(starts):
        values = _values(assessment, index)
        add_feature(points, point(x, y), {"used": int(offsets.used[index]), **values, **_origin(assessment, index)})
        if offsets.used[index]:
            add_feature(vectors, line(x, y, *offsets.map[index]), {**values, "exaggeration": factor})
    dataset.CommitTransaction()
    if result.gaps is not None:
        add_gaps(dataset, result.gaps, grid)


def _values(assessment: Assessment, index: int) -> Values:
    (dx_px, dy_px), (dx, dy) = assessment.offsets.px[index].tolist(), assessment.offsets.map[index].tolist()
    return {
        "id": index + 1,
        "dx_px": dx_px,
        "dy_px": dy_px,
        "length_px": float(np.hypot(dx_px, dy_px)),
        "dx_map": dx,
        "dy_map": dy,
        "length_map": float(np.hypot(dx, dy)),
        "direction_deg": float(np.degrees(np.arctan2(dx, dy)) % 360),
    }


def _origin(assessment: Assessment, index: int) -> Values:
    points = assessment.result.tie_points
    covariance = points.covariance_px2[index].tolist()
    x, y = points.reference_xy[index].tolist()
    return {
        "score": float(points.score[index]),
        "cov_xx": covariance[0][0],
        "cov_xy": covariance[0][1],
        "cov_yy": covariance[1][1],
        "reference_x": x,
        "reference_y": y,
    }


def _exaggeration(starts: FloatArray, vectors: FloatArray) -> float:
    """Returns 1, 2 or 5 times a power of ten, at least 1, by which vectors must grow to be seen; 1 without vectors."""
    usual = float(np.percentile(np.hypot(*vectors.T), 90)) if len(vectors) else 0.0
    wanted = float(np.ptp(starts, axis=0).max()) / _LONG_ARROW / usual if usual > 0 else 1.0
    return round_number(max(wanted, 1.0))
