"""Draws the orchard's check points, red beside near infrared: `python -m benchmarks.registration.orchard_picture`."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ltcore.types import FloatArray

from .opencv_peers import read_grey
from .orchard import POINTS, SAMPLES

PICTURE = Path(__file__).resolve().parents[1] / "pictures" / "orchard-check-points.jpg"
_HALF_PX, _ZOOM, _ACROSS, _GAP = 14, 6, 4, 6
_LABEL_PX = 16
_CROSS, _WHITE = (0, 0, 255), (255, 255, 255)

Picture = NDArray[np.uint8]


def picture() -> Picture:
    """Returns all points, numbered as in their file, four pairs of crops a line; colours as OpenCV writes them."""
    red, nir = (read_grey(SAMPLES / name).values for name in ("red.tif", "nir.tif"))
    pairs = []
    for number, point in enumerate(json.loads(POINTS.read_text())["points"], start=1):
        crops = [_crop(red, np.array(point["reference"])), _crop(nir, np.array(point["sensed"]))]
        pairs.append(_labelled(np.hstack(crops), f"{number} {point['feature']}"))
    pairs += [np.full_like(pairs[0], 255)] * (-len(pairs) % _ACROSS)
    return np.vstack([np.hstack(pairs[first : first + _ACROSS]) for first in range(0, len(pairs), _ACROSS)])


def _crop(grey: Picture, xy: FloatArray) -> Picture:
    corner = np.clip(np.round(xy).astype(int) - _HALF_PX, 0, np.array(grey.shape[::-1]) - 2 * _HALF_PX)
    part = grey[corner[1] : corner[1] + 2 * _HALF_PX, corner[0] : corner[0] + 2 * _HALF_PX]
    low, high = np.percentile(part, (0.5, 99.5))
    stretched = (np.clip((part - low) / max(high - low, 1), 0, 1) * 255).astype(np.uint8)
    large = cv2.cvtColor(
        cv2.resize(stretched, None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR
    )
    x, y = ((xy - corner) * _ZOOM).astype(int).tolist()
    cv2.drawMarker(large, (x, y), _CROSS, cv2.MARKER_CROSS, 18, 1)
    return np.asarray(cv2.copyMakeBorder(large, 0, 0, 0, 2, cv2.BORDER_CONSTANT, value=_WHITE), np.uint8)


def _labelled(pair: Picture, text: str) -> Picture:
    framed = cv2.copyMakeBorder(pair, _LABEL_PX, _GAP, 0, _GAP, cv2.BORDER_CONSTANT, value=_WHITE)
    cv2.putText(framed, text, (2, _LABEL_PX - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


if __name__ == "__main__":
    cv2.imwrite(str(PICTURE), picture(), [cv2.IMWRITE_JPEG_QUALITY, 85])
