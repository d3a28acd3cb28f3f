"""A 3x3 matrix as RPC metadata, the one exact way to hand a projective map to gdal.Warp."""

from __future__ import annotations

import numpy as np

from ..types import FloatArray

_COEFFICIENTS = 20  # of each RPC polynomial: 1, longitude, latitude, and 17 that a 3x3 matrix leaves at 0


def rpc_metadata(
    to_sensed: FloatArray, size: tuple[int, int], sensed_size: tuple[int, int]
) -> tuple[dict[str, str], float]:
    """Returns the RPC metadata of a matrix, and the degrees that stand for one target px.

    A matrix is a rational polynomial of degree one. Target px become longitude and latitude, scaled so that the
    longest side is one degree: GDAL wraps longitudes that are more than 270 degrees apart. Both frames are scaled
    to about [-1, 1], as RPC wants it. RPC counts from the centre of the first pixel, hence the half pixels.

    Args:
        to_sensed: (3, 3) target px -> sensed px, both pixel-edge.
        size: width and height of the target, px.
        sensed_size: width and height of the sensed raster, px.
    """
    longest = float(max(size))
    half, sensed_half = longest / 2, max(sensed_size) / 2
    place = np.array([[half, 0, size[0] / 2], [0, half, size[1] / 2], [0, 0, 1]])
    sensed_centre = np.array(sensed_size) / 2
    sensed_place = np.array([[sensed_half, 0, sensed_centre[0]], [0, sensed_half, sensed_centre[1]], [0, 0, 1]])
    matrix = np.linalg.inv(sensed_place) @ to_sensed @ place
    matrix /= matrix[2, 2]
    numbers = {
        "SAMP_OFF": sensed_centre[0] - 0.5,
        "LINE_OFF": sensed_centre[1] - 0.5,
        "SAMP_SCALE": sensed_half,
        "LINE_SCALE": sensed_half,
        "LONG_OFF": place[0, 2] / longest,
        "LAT_OFF": place[1, 2] / longest,
        "LONG_SCALE": half / longest,
        "LAT_SCALE": half / longest,
        "HEIGHT_OFF": 0.0,
        "HEIGHT_SCALE": 1.0,
    }
    rows = {"SAMP_NUM_COEFF": 0, "LINE_NUM_COEFF": 1, "SAMP_DEN_COEFF": 2, "LINE_DEN_COEFF": 2}
    metadata = {
        **{name: repr(float(value)) for name, value in numbers.items()},
        **{name: _coefficients(matrix[row]) for name, row in rows.items()},
    }
    return metadata, 1 / longest


def _coefficients(row: FloatArray) -> str:
    values = [row[2], row[0], row[1], *[0.0] * (_COEFFICIENTS - 3)]
    return " ".join(repr(float(value)) for value in values)
