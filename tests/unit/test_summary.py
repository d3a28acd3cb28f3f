from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltcore.config import VerdictConfig
from ltcore.geometry.models import fit_model
from ltcore.geometry.transforms import EstimationFailure
from ltcore.raster.grid import GeoGrid
from ltcore.result import TransformFit
from ltcore.summary import notes, plain, planned_files, result_summary
from ltcore.types import Gaps, TiePoints
from tests.data.make_rasters import ROTATED
from tests.data.make_result import SHIFT, make_result, without_fit

FIELDS = [
    "verdict", "reasons", "transform", "tie_points", "inliers", "rmse_px", "rmse_map", "ce90_px", "heldout_rmse_px",
    "bias_px", "coverage", "mae_px", "ce95_px", "rmse_axes_px", "bias_error_px", "heldout_rmse_map", "ce90_map",
    "ce95_map", "hull_coverage", "structure", "gaps", "device", "backend", "seconds", "cpu_seconds", "outputs", "notes",
]  # fmt: skip
FILES = {
    "tie_points": "tie_points.gpkg",
    "points_file": "gcps.points",
    "gcps_vrt": "gcps.vrt",
    "warped": "warped.tif",
    "report": "report.html",
    "record": "record.json",
}


def test_every_field_is_there_and_is_json(tmp_path: Path) -> None:
    summary = result_summary(make_result(tmp_path), {"record": tmp_path / "record.json"})
    assert list(summary) == FIELDS
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["verdict"] == "PASS"
    assert summary["inliers"] == 54
    assert summary["bias_px"] == [0.01, -0.02]
    assert summary["outputs"] == {"record": str(tmp_path / "record.json")}
    assert summary["seconds"] == {"read": 0.25, "coarse": 1.5}
    assert summary["cpu_seconds"] == {"read": 0.5, "coarse": 2.5}


def test_transform_maps_sensed_to_reference_at_pixel_edges(tmp_path: Path) -> None:
    transform = result_summary(make_result(tmp_path), {})["transform"]
    assert transform["model"] == "shift"
    assert transform["matrix"] == [[1.0, 0.0, 3.25], [0.0, 1.0, -2.5], [0.0, 0.0, 1.0]]
    grid = np.array(transform["check_grid"])
    assert grid.shape == (100, 4)
    np.testing.assert_allclose(grid[:, 2:], SHIFT(grid[:, :2]))
    np.testing.assert_allclose(grid[[0, -1], :2], [[3.2, 2.4], [60.8, 45.6]])


def test_without_transform_the_same_fields_are_null(tmp_path: Path) -> None:
    summary = result_summary(without_fit(make_result(tmp_path)), {})
    assert list(summary) == FIELDS
    assert summary["transform"] == {"model": None, "matrix": None, "check_grid": None}
    assert summary["rmse_px"] is None
    assert summary["verdict"] == "FAIL"


def test_nan_and_infinity_become_null() -> None:
    values = {"a": float("nan"), "b": np.array([1.0, np.inf]), "c": (np.float32(0.5), np.int64(3), True), 4: Path("x")}
    assert plain(values) == {"a": None, "b": [1.0, None], "c": [0.5, 3, True], "4": "x"}


def test_all_files_are_planned_for_a_good_result(tmp_path: Path) -> None:
    assert planned_files(make_result(tmp_path)) == FILES
    assert notes(make_result(tmp_path)) == []


@pytest.mark.parametrize(
    ("verdict", "least", "warped"),
    [
        ("PASS", "PASS", True), ("WARN", "PASS", False), ("FAIL", "PASS", False),
        ("PASS", "WARN", True), ("WARN", "WARN", True), ("FAIL", "WARN", False),
        ("FAIL", "FAIL", True),
    ],
)  # fmt: skip
def test_a_raster_is_warped_from_the_least_verdict_on(tmp_path: Path, verdict: str, least: str, warped: bool) -> None:
    result = make_result(tmp_path, verdict=verdict, min_verdict=least)
    assert ("warped" in planned_files(result)) is warped
    assert any(f"verdict is {verdict}" in note for note in notes(result)) is not warped


def test_what_nobody_asked_for_needs_no_note(tmp_path: Path) -> None:
    result = make_result(tmp_path, warp=False, report=False)
    assert set(FILES) - set(planned_files(result)) == {"warped", "report"}
    assert notes(result) == []


def test_missing_files_are_explained(tmp_path: Path) -> None:
    rotated = make_result(tmp_path, grids=(GeoGrid(64, 48), GeoGrid(64, 48, ROTATED)))
    assert set(FILES) - set(planned_files(rotated)) == {"points_file"}
    assert "rotated geotransform" in notes(rotated)[0]
    failed = without_fit(make_result(tmp_path, min_verdict="FAIL"))
    assert set(planned_files(failed)) == {"tie_points", "points_file", "report", "record"}
    assert len(notes(failed)) == 2


def test_shares_of_gaps_are_told_where_somebody_looked(tmp_path: Path) -> None:
    result = make_result(tmp_path)
    assert result_summary(result, {})["gaps"] is None
    gaps = Gaps(8, np.zeros((3, 4, 2)), ("nodata", "nodata", "no match"))
    assert result_summary(replace(result, gaps=gaps), {})["gaps"] == {"nodata": 0.25, "no match": 0.125}


def test_gcps_that_are_left_out_are_told(tmp_path: Path) -> None:
    many = make_result(tmp_path, count=1500)  # nine in ten are inliers
    assert notes(many) == []
    assert isinstance(many.fit, TransformFit)
    inliers = many.tie_points.take(many.fit.inliers)
    spline = fit_model("tps", inliers.sensed_xy, inliers.reference_xy)
    assert not isinstance(spline, EstimationFailure)
    assert notes(replace(many, fit=replace(many.fit, transform=spline))) == [
        "gcps.vrt holds 1,000 of 1,350 tie points, evenly spread: a thin-plate spline over more takes GDAL long."
    ]
    few = make_result(tmp_path)
    places = np.array(few.tie_points.sensed_xy)
    places[[1, 2, 9]] = places[0]  # the last one is an outlier
    doubled = TiePoints(few.tie_points.reference_xy, places, few.tie_points.score, few.tie_points.covariance_px2)
    assert notes(replace(few, tie_points=doubled)) == ["gcps.vrt leaves out 2 tie points in the place of another."]


def test_limits_that_somebody_set_are_told(tmp_path: Path) -> None:
    result = make_result(tmp_path)
    limits = VerdictConfig(fail_inliers=5, warn_heldout_px=2.5)
    config = replace(result.job.config, verdict=limits)
    changed = replace(result, job=replace(result.job, config=config))
    assert notes(changed) == [
        "Limits of the verdict were set: fail_inliers is 5 (usually 15), warn_heldout_px is 2.5 (usually 1)."
    ]
