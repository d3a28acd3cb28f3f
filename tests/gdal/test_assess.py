"""Misregistration measured: where the offsets point, what is refused, what is written."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import ogr, osr

from ltcore.assess_outputs import write_assessment
from ltcore.assess_report import render
from ltcore.assessment import Assessment, assessment_summary, offsets_of
from ltcore.errors import InputError
from ltcore.geometry.transforms import Transform
from ltcore.progress import NullProgress
from ltcore.raster.read import grid_of, open_raster
from ltcore.worker_methods import METHODS
from tests.data.make_rasters import NORTH_UP, ROTATED, UTM_33N, make_raster, shifted_pair, texture, to_bytes
from tests.data.make_result import make_result, without_fit

SHIFT = (3.25, -2.5)  # what a sensed pixel must be moved by; the offset is the opposite
SIZE = (300, 260)
FILES = {"offsets.gpkg", "report.html", "record.json"}


def assess(*args: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ltcore", "assess", *map(str, args), "--descriptor", "rootsift"]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def made(out: Path, sources: tuple[Path, Path], transform: Transform, **how: Any) -> Assessment:
    """Returns an assessment of given rasters at tie points drawn around a given transform."""
    job = make_result(out, sources=sources).job
    grids = grid_of(open_raster(job.reference)), grid_of(open_raster(job.sensed))
    result = make_result(out, sources=sources, grids=grids, transform=transform, **how)
    return Assessment(result, offsets_of(result))


def layer_names(path: Path) -> list[str]:
    dataset = ogr.Open(str(path))
    return [dataset.GetLayer(index).GetName() for index in range(dataset.GetLayerCount())]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return shifted_pair(tmp_path / "in", SHIFT, SIZE, geotransform=NORTH_UP, epsg=UTM_33N)


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("assessed")
    pair = shifted_pair(folder / "in", SHIFT, SIZE, geotransform=NORTH_UP, epsg=UTM_33N)
    return assess(*pair, "--out", folder / "out", "--json"), folder


def test_a_shift_is_measured_and_nothing_is_warped(
    assessed: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, folder = assessed
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["verdict"] == "PASS"
    found = summary["offsets"]
    assert found["px"]["mean"] == pytest.approx([-3.25, 2.5], abs=0.1)
    assert found["map"]["mean"] == pytest.approx([-6.5, -5.0], abs=0.2)  # pixels of 2 m; the map's y points up
    assert found["px"]["rmse"] == pytest.approx(math.hypot(*SHIFT), abs=0.1)
    assert found["unit"] == "metre"
    assert found["count"] == summary["inliers"]
    assert {path.name for path in (folder / "out").iterdir()} == FILES
    assert {Path(path).name for path in summary["outputs"].values()} == FILES
    assert sorted(path.name for path in (folder / "in").iterdir()) == ["reference.tif", "sensed.tif"]


def test_the_record_has_the_measurement_and_replays_as_a_registration(
    assessed: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    done, folder = assessed
    record = json.loads((folder / "out" / "record.json").read_text())
    assert record["assessment"]["offsets"] == json.loads(done.stdout)["offsets"]
    assert record["notes"] == []
    command = ["register", "--replay", folder / "out" / "record.json", "--out", tmp_path / "again", "--json"]
    again = subprocess.run(
        [sys.executable, "-m", "ltcore", *map(str, command)], capture_output=True, text=True, timeout=240, check=False
    )
    assert json.loads(again.stdout)["inliers"] == json.loads(done.stdout)["inliers"]


def test_the_layers_agree_with_each_other(assessed: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    path = assessed[1] / "out" / "offsets.gpkg"
    assert layer_names(path)[:2] == ["offsets", "vectors"]
    dataset = ogr.Open(str(path))
    points = {feature["id"]: feature for feature in dataset.GetLayerByName("offsets") if feature["used"]}
    vectors = list(dataset.GetLayerByName("vectors"))
    assert len(vectors) == len(points) > 100
    for vector in vectors:
        point = points[vector["id"]]
        start, end = vector.GetGeometryRef().GetPoints()
        assert start == pytest.approx(point.GetGeometryRef().GetPoints()[0])
        assert np.subtract(end, start) == pytest.approx([point["dx_map"], point["dy_map"]], abs=1e-6)
        assert math.hypot(point["dx_px"], point["dy_px"]) == pytest.approx(point["length_px"])
        assert vector["length_map"] == pytest.approx(2 * point["length_px"])
        assert vector["direction_deg"] == pytest.approx(232.4, abs=10)  # to the west and south
        assert vector["exaggeration"] >= 1


def test_offsets_go_through_both_georeferences(tmp_path: Path) -> None:
    """A rotated sensed raster in UTM against a reference in degrees."""
    reference = make_raster(
        tmp_path / "a.tif", to_bytes(texture()), geotransform=(15.0, 2e-5, 0, 50.55, 0, -1.5e-5), epsg=4326
    )
    sensed = make_raster(tmp_path / "b.tif", to_bytes(texture()), geotransform=ROTATED, epsg=UTM_33N)
    assessment = made(tmp_path / "out", (reference, sensed), Transform("shift", np.eye(3)))
    utm, degrees = osr.SpatialReference(), osr.SpatialReference()
    for crs, epsg in ((utm, UTM_33N), (degrees, 4326)):
        crs.ImportFromEPSG(epsg)
        crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    points = assessment.result.tie_points
    placed = assessment.result.sensed_grid.to_map(points.sensed_xy)
    expected = np.array(osr.CoordinateTransformation(utm, degrees).TransformPoints(placed.tolist()))[:, :2]
    expected = expected - assessment.result.reference_grid.to_map(points.reference_xy)
    np.testing.assert_allclose(assessment.offsets.map, expected, atol=1e-9)
    np.testing.assert_allclose(assessment.offsets.px, expected / [2e-5, -1.5e-5], atol=1e-3)
    np.testing.assert_array_equal(assessment.offsets.used, assessment.result.fit.inliers)  # type: ignore[union-attr]
    assert assessment_summary(assessment, {})["offsets"]["unit"] == "degree"


@pytest.mark.parametrize("bare", [0, 1])
def test_rasters_without_georeference_are_refused_before_any_work(
    tmp_path: Path, pair: tuple[Path, Path], bare: int
) -> None:
    sources = list(pair)
    sources[bare] = make_raster(tmp_path / "bare.tif", to_bytes(texture()))
    done = assess(*sources, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "'bare.tif' has no georeference" in done.stderr
    assert "ltcore register" in done.stderr
    assert not (tmp_path / "out").exists()


def test_places_that_do_not_match_give_exit_code_3_and_no_numbers(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0]), dtype=np.uint8)
    other = make_raster(tmp_path / "noise.tif", noise, geotransform=NORTH_UP, epsg=UTM_33N)
    done = assess(pair[0], other, "--out", tmp_path / "out", "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["verdict"] == "FAIL"
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert "do not rely on these numbers" in (tmp_path / "out" / "report.html").read_text()


def test_a_failed_measurement_has_no_statistics(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = without_fit(made(tmp_path / "out", pair, Transform("shift", np.eye(3))).result)
    assessment = Assessment(result, offsets_of(result))
    assert assessment_summary(assessment, {})["offsets"] is None
    written = write_assessment(assessment, NullProgress())
    vectors = ogr.Open(str(written["offsets"]))
    assert vectors.GetLayerByName("vectors").GetFeatureCount() == 0
    assert vectors.GetLayerByName("offsets").GetFeatureCount() == 60
    assert "<img" not in written["report"].read_text()


def test_the_report_shows_the_numbers(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    assessment = made(tmp_path / "out", pair, Transform("shift", [[1, 0, 30], [0, 1, -40], [0, 0, 1]]))
    html = render(assessment, NullProgress())
    assert html.count("<img") == 3
    statistics = assessment.statistics_px()
    assert statistics is not None
    assert statistics.mean == pytest.approx((-30, 40), abs=0.2)
    for text in (f"{statistics.rmse:.2f} px", f"{statistics.mean[0]:+.3f}", "metre", "54 of 60", "Mean (bias)"):
        assert text in html, text


def test_earlier_outputs_and_inputs_are_safe(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    assessment = made(tmp_path / "out", pair, Transform("shift", np.eye(3)), report=False)
    assert set(write_assessment(assessment, NullProgress())) == {"offsets", "record"}
    with pytest.raises(InputError, match=r"already holds offsets\.gpkg, record\.json"):
        write_assessment(assessment, NullProgress())


def test_the_worker_answers_what_the_command_prints(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    params = {
        "reference": {"path": str(pair[0]), "band": "luminance"},
        "sensed": {"path": str(pair[1])},
        "out_dir": str(tmp_path / "out"),
        "config": {"features": {"descriptor": "rootsift"}, "output": {"report": False}},
    }
    answer = METHODS["assess"](params, NullProgress())
    assert answer["offsets"]["px"]["mean"] == pytest.approx([-3.25, 2.5], abs=0.1)
    assert set(answer["outputs"]) == {"offsets", "record"}
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
