"""Peers on one large pair: `.venv-bench/bin/python scale_peers.py METHOD REFERENCE SENSED`. Knows nothing of ltcore.

Prints one JSON object: `check_grid`, rows of sensed x, y and reference x, y in px (edge), `tie_points` and perhaps
their median error, `tie_point_median_px` (pixel by pixel both rasters show the same ground); or `error`.
"""

# ruff: noqa: PLC0415  # each peer is loaded when it is asked, and may be missing
from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

Points = NDArray[np.float64]

_POINTS_A_SIDE = 41  # of AROSICS' grid: 1681 points
_WINDOW_PX = 256
_MAX_SHIFT_PX = 40
_KEYPOINTS = 100_000
_RATIO = 0.8
_FLANN = ({"algorithm": 1, "trees": 4}, {"checks": 32})
_THRESHOLD_PX = 3.0
_CHECKS_A_SIDE = 10


def arosics_local(reference: str, sensed: str) -> dict[str, Any]:
    """COREG_LOCAL: a thin-plate spline through tie points on a grid, as its own warp draws it; two processes."""
    from arosics import COREG_LOCAL

    side = gdal.Open(sensed).RasterXSize
    job = COREG_LOCAL(
        reference,
        sensed,
        side // _POINTS_A_SIDE,
        window_size=(_WINDOW_PX, _WINDOW_PX),
        max_shift=_MAX_SHIFT_PX,
        CPUs=2,
        progress=False,
        nodata=(0, 0),
        q=True,
        ignore_errors=True,
    )
    job.calculate_spatial_shifts()
    gcps = job.coreg_info.get("GCPList") or []
    if len(gcps) < 3:
        return {"error": f"{len(gcps)} valid tie points"}
    bare = gdal.GetDriverByName("MEM").Create("", side, side, 1)
    bare.SetGCPs(gcps, "")
    points = _check_points(side)
    moved, _ = gdal.Transformer(bare, None, ["METHOD=GCP_TPS"]).TransformPoints(0, points.tolist())
    places = np.array([[gcp.GCPPixel, gcp.GCPLine, gcp.GCPX, gcp.GCPY] for gcp in gcps])
    apart = np.linalg.norm(_to_pixel(reference, places[:, 2:]) - places[:, :2], axis=1)
    return {
        "check_grid": np.hstack([points, _to_pixel(reference, np.array(moved)[:, :2])]).tolist(),
        "tie_points": len(gcps),
        "tie_point_median_px": float(np.median(apart)),
    }


def opencv_sift(reference: str, sensed: str) -> dict[str, Any]:
    """SIFT on the whole images, 100 000 keypoints each, FLANN, ratio test, MAGSAC++, an affine transform."""
    import cv2

    found = [cv2.SIFT_create(nfeatures=_KEYPOINTS).detectAndCompute(_grey(path), None) for path in (sensed, reference)]
    nearest = cv2.FlannBasedMatcher(*_FLANN).knnMatch(found[0][1], found[1][1], 2)
    good = [first for first, second in nearest if first.distance < _RATIO * second.distance]
    source = np.array([found[0][0][match.queryIdx].pt for match in good], float).reshape(-1, 2) + 0.5
    target = np.array([found[1][0][match.trainIdx].pt for match in good], float).reshape(-1, 2) + 0.5
    if len(good) < 3:
        return {"error": f"{len(good)} matches"}
    matrix, inliers = cv2.estimateAffine2D(
        source, target, method=cv2.USAC_MAGSAC, ransacReprojThreshold=_THRESHOLD_PX, maxIters=10_000, confidence=0.999
    )
    if matrix is None:
        return {"error": f"no transform from {len(good)} matches"}
    points = _check_points(gdal.Open(sensed).RasterXSize)
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return {"check_grid": np.hstack([points, moved]).tolist(), "tie_points": int(inliers.sum())}


def _grey(path: str) -> NDArray[np.uint8]:
    """Returns a raster between its 1st and 99th percentile, taken from every 64th pixel."""
    values = gdal.Open(path).ReadAsArray()
    low, high = np.percentile(values[::8, ::8], (1, 99))
    table = np.clip((np.arange(2**16) - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    grey: NDArray[np.uint8] = table[values]
    return grey


def _check_points(side: int) -> Points:
    steps = (np.arange(_CHECKS_A_SIDE) + 0.5) * side / _CHECKS_A_SIDE
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def _to_pixel(path: str, xy: Points) -> Points:
    x0, a, b, y0, d, e = gdal.Open(path).GetGeoTransform()
    result: Points = np.linalg.solve(np.array([[a, b], [d, e]]), (xy - [x0, y0]).T).T
    return result


METHODS: dict[str, Callable[[str, str], dict[str, Any]]] = {"arosics_local": arosics_local, "opencv_sift": opencv_sift}


def main(method: str, reference: str, sensed: str) -> None:
    """Prints what a method answers; whatever it raises is its error, and what it prints goes elsewhere."""
    warnings.simplefilter("ignore")
    gdal.UseExceptions()
    with os.fdopen(os.dup(1), "w") as answers, contextlib.redirect_stdout(sys.stderr):
        os.dup2(2, 1)
        try:
            found = METHODS[method](reference, sensed)
        except Exception as error:  # noqa: BLE001  # a peer may raise anything
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
