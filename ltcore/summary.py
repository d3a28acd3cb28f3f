"""A registration in plain JSON values: what `ltcore register --json` prints and the worker answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from .config import Verdict, VerdictConfig
from .gcp import MAX_GDAL_GCPS, SAME_PLACE_PX, points_file_obstacle
from .result import RegistrationResult, TransformFit

_RANK: dict[Verdict, int] = {"FAIL": 0, "WARN": 1, "PASS": 2}
_FILES = {
    "tie_points": "tie_points.gpkg",
    "points_file": "gcps.points",
    "gcps_vrt": "gcps.vrt",
    "warped": "warped.tif",
    "report": "report.html",
    "record": "record.json",
}
_MORE_NUMBERS = (
    "mae_px", "ce95_px", "rmse_axes_px", "bias_error_px", "heldout_rmse_map", "ce90_map", "ce95_map", "hull_coverage",
    "structure",
)  # fmt: skip


def result_summary(result: RegistrationResult, outputs: Mapping[str, Path]) -> dict[str, Any]:
    """Returns the JSON object of a registration; lengths in reference px, those called map in units of its CRS.

    Without a transform the three fields of "transform" are null. "gaps" is the share of the overlap without tie points
    by reason, or null. "notes" says why an output is missing or less than one might expect.

    Args:
        result: the registration.
        outputs: path of each output that was written.
    """
    quality = result.quality
    summary: dict[str, Any] = plain(
        {
            "verdict": quality.verdict,
            "reasons": quality.reasons,
            "transform": transform_summary(result),
            "tie_points": quality.tie_points,
            "inliers": quality.inliers,
            "rmse_px": quality.rmse_px,
            "rmse_map": quality.rmse_map,
            "ce90_px": quality.ce90_px,
            "heldout_rmse_px": quality.heldout_rmse_px,
            "bias_px": quality.bias_px,
            "coverage": quality.coverage,
            **{name: getattr(quality, name) for name in _MORE_NUMBERS},
            "gaps": None if result.gaps is None else result.gaps.shares,
            "device": result.device,
            "backend": result.backend,
            "seconds": result.seconds,
            "cpu_seconds": result.cpu_seconds,
            "outputs": dict(outputs),
            "notes": notes(result),
        }
    )
    return summary


def transform_summary(result: RegistrationResult) -> dict[str, Any]:
    """Returns model, 3x3 matrix (sensed -> reference, pixel-edge px; None also where the model has none) and check
    grid, each None without a transform."""
    if not isinstance(result.fit, TransformFit):
        return {"model": None, "matrix": None, "check_grid": None}
    transform = result.fit.transform
    values = {"model": transform.model, "matrix": transform.matrix, "check_grid": result.check_grid()}
    return {name: plain(value) for name, value in values.items()}


def planned_files(result: RegistrationResult) -> dict[str, str]:
    """Returns output name -> file name of everything that this result is to be written to."""
    skipped = _skipped(result)
    return {name: file for name, file in _FILES.items() if name not in skipped}


def all_files() -> dict[str, str]:
    """Returns output name -> file name of every possible output."""
    return dict(_FILES)


def notes(result: RegistrationResult) -> list[str]:
    """Returns a sentence for each output that is missing though nobody asked to leave it out, or holds less than all,
    and for limits of the verdict that are not the usual ones."""
    missing = [reason for reason in _skipped(result).values() if reason]
    return [*missing, *_left_out(result), *other_limits(result)]


def _left_out(result: RegistrationResult) -> list[str]:
    """Returns a sentence on inliers that gcps.vrt leaves out."""
    if not isinstance(result.fit, TransformFit):
        return []
    places = result.tie_points.sensed_xy[result.fit.inliers]
    different = len(np.unique(np.round(places / SAME_PLACE_PX), axis=0))
    said = []
    if different < len(places):
        said.append(f"gcps.vrt leaves out {len(places) - different} tie points in the place of another.")
    if different > MAX_GDAL_GCPS and result.fit.transform.model == "tps":  # other models are the same with fewer
        said.append(
            f"gcps.vrt holds {MAX_GDAL_GCPS:,} of {different:,} tie points, evenly spread: "
            "a thin-plate spline over more takes GDAL long."
        )
    return said


def other_limits(result: RegistrationResult) -> list[str]:
    """Returns a sentence on limits of the verdict that are not the usual ones, if there are any."""
    chosen, usual = result.job.config.verdict, VerdictConfig()
    changed = [
        f"{field.name} is {getattr(chosen, field.name):g} (usually {getattr(usual, field.name):g})"
        for field in fields(usual)
        if getattr(chosen, field.name) != getattr(usual, field.name)
    ]
    return [f"Limits of the verdict were set: {', '.join(changed)}."] if changed else []


def _skipped(result: RegistrationResult) -> dict[str, str]:
    """Returns output name -> why it is not written; an empty reason where the user wanted it so."""
    output, verdict = result.job.config.output, result.quality.verdict
    skipped: dict[str, str] = {}
    if points_file_obstacle(result.sensed_grid):
        skipped["points_file"] = f"No gcps.points was written. {points_file_obstacle(result.sensed_grid)} Use gcps.vrt."
    if not isinstance(result.fit, TransformFit) or not result.fit.inliers.any():
        skipped["gcps_vrt"] = "No gcps.vrt was written: no tie points agree with a transform."
    if not output.report:
        skipped["report"] = ""
    if not output.warp:
        skipped["warped"] = ""
    elif not isinstance(result.fit, TransformFit):
        skipped["warped"] = "No warped raster was written: there is no transform."
    elif _RANK[verdict] < _RANK[output.min_verdict]:
        skipped["warped"] = f"No warped raster was written: the verdict is {verdict}, {output.min_verdict} is needed."
    return skipped


def plain(value: Any) -> Any:
    """Returns `value` made of JSON's own types only; nan and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
