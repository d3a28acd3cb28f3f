"""Registrations by tie points from elsewhere: fitted, judged by the images, written as any other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from ltcore.config import job_from_json
from ltcore.errors import InputError
from ltcore.imported import RefitJob, register_imported
from ltcore.progress import NullProgress
from ltcore.record import replayed_job, run_record, write_record
from ltcore.result import TransformFit
from ltcore.worker_methods import METHODS
from tests.data.make_rasters import NORTH_UP, UTM_33N, shifted_pair

SHIFT = np.array([3.25, -2.5])
SIZE = (300, 260)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return shifted_pair(tmp_path / "in", (3.25, -2.5), SIZE, geotransform=NORTH_UP, epsg=UTM_33N)


def tie_points(path: Path, error_px: float = 0.0, count: int = 200, bad: int = 0) -> Path:
    """Writes points of the shifted pair, all moved by an error; the last `bad` of them are marked as bad."""
    random = np.random.default_rng(0)
    sensed = random.uniform(10, np.array(SIZE) - 10, (count, 2))
    reference = sensed + SHIFT + error_px + random.normal(0, 0.1, (count, 2))
    reference[count - bad :] += 30
    lines = ["sensed_x,sensed_y,reference_x,reference_y,enabled"]
    for index in range(count):
        numbers = ",".join(repr(float(value)) for value in (*sensed[index], *reference[index]))
        lines.append(f"{numbers},{int(index < count - bad)}")
    path.write_text("\n".join(lines) + "\n")
    return path


def job(pair: tuple[Path, Path], out: Path, points: Path, **config: Any) -> RefitJob:
    sources = [{"path": str(path), "band": 1} for path in pair]
    values = {"reference": sources[0], "sensed": sources[1], "out_dir": str(out), "config": config}
    return RefitJob(job_from_json(values), points)


def test_good_points_pass_and_give_their_transform(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = register_imported(job(pair, tmp_path / "out", tie_points(tmp_path / "t.csv", bad=10)), NullProgress())
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert isinstance(result.fit, TransformFit)
    assert result.fit.transform.model == "shift"
    np.testing.assert_allclose(result.fit.transform([[100, 100]]), [[103.25, 97.5]], atol=0.05)
    assert result.fit.inliers.sum() == 190
    assert not result.fit.inliers[190:].any()
    assert "200 tie points were imported from 't.csv', 10 of them marked as bad." in result.quality.reasons
    assert result.quality.rmse_map == pytest.approx(2 * result.quality.rmse_px)
    assert result.provenance["imported"]["name"] == "t.csv"


@pytest.mark.parametrize("error_px", [8.0, -25.0, 60.0])
def test_points_that_agree_on_a_wrong_place_fail(tmp_path: Path, pair: tuple[Path, Path], error_px: float) -> None:
    """They fit each other to a tenth of a pixel; only the images know."""
    result = register_imported(job(pair, tmp_path / "out", tie_points(tmp_path / "t.csv", error_px)), NullProgress())
    assert result.quality.rmse_px == pytest.approx(0.14, abs=0.05)
    assert result.quality.verdict == "FAIL"


def test_points_marked_as_bad_count_against_the_verdict(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    points = tie_points(tmp_path / "t.csv", count=300, bad=240)
    result = register_imported(job(pair, tmp_path / "out", points), NullProgress())
    assert result.quality.tie_points == 300
    assert result.quality.verdict == "FAIL"
    assert "20% of 300 tie points agree" in " ".join(result.quality.reasons)


def test_points_on_a_coarser_raster_may_be_off_by_more_px_of_the_reference(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    coarse = tmp_path / "coarse.tif"
    gdal.Translate(str(coarse), str(pair[1]), width=SIZE[0] // 4, height=SIZE[1] // 4, resampleAlg="average")
    points = tie_points(tmp_path / "t.csv")
    header, *lines = points.read_text().splitlines()
    scatter = np.random.default_rng(1).normal(0, 1.5, (len(lines), 2))  # 0.4 px of the coarser raster along an axis
    numbers = np.array([line.split(",") for line in lines], float)
    numbers[:, :2] /= 4
    numbers[:, 2:4] += scatter
    points.write_text("\n".join([header, *(",".join(map(repr, row[:4].tolist())) + ",1" for row in numbers)]) + "\n")
    result = register_imported(job((pair[0], coarse), tmp_path / "out", points), NullProgress())
    assert isinstance(result.fit, TransformFit)
    assert result.fit.inliers.mean() > 0.95
    assert result.fit.transform.model == "shift"


@pytest.mark.parametrize("bad", [4, 3])
def test_hardly_any_points_fail_without_an_error(tmp_path: Path, pair: tuple[Path, Path], bad: int) -> None:
    result = register_imported(
        job(pair, tmp_path / "o", tie_points(tmp_path / "t.csv", count=4, bad=bad)), NullProgress()
    )
    assert result.quality.verdict == "FAIL"


def test_too_many_points_are_thinned_and_that_is_said(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    points = tie_points(tmp_path / "t.csv", count=500, bad=100)
    result = register_imported(job(pair, tmp_path / "o", points, fit={"max_tie_points": 90}), NullProgress())
    assert len(result.tie_points) == 90
    assert "90 that cover the reference evenly were used" in result.quality.reasons[-1]


def test_the_command_writes_all_files_and_spares_its_input(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    points = tie_points(tmp_path / "t.csv")
    command = [sys.executable, "-m", "ltcore", "refit", *map(str, pair), "--tie-points", str(points), "--json"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *more], capture_output=True, text=True, timeout=120, check=False)

    done = run("--out", str(tmp_path / "out"), "--no-report", "--transform", "affine")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["transform"]["model"] == "affine"
    assert set(summary["outputs"]) == {"tie_points", "points_file", "gcps_vrt", "warped", "record"}
    assert gdal.Open(str(tmp_path / "out" / "warped.tif")).RasterXSize == SIZE[0]
    command[command.index(str(points))] = str(tmp_path / "out" / "tie_points.gpkg")
    again = run("--out", str(tmp_path / "out"), "--overwrite")
    assert again.returncode == 2
    assert "would be overwritten" in again.stderr


def test_a_record_of_imported_points_cannot_be_replayed(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = register_imported(job(pair, tmp_path / "out", tie_points(tmp_path / "t.csv")), NullProgress())
    write_record(tmp_path / "record.json", run_record(result, {}))
    with pytest.raises(InputError, match="imported tie points"):
        replayed_job(tmp_path / "record.json", tmp_path / "again", overwrite=False)


def test_the_worker_refits_and_imports(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    points = str(tie_points(tmp_path / "t.csv", bad=3))
    sources = [{"path": str(path), "band": 1} for path in pair]
    registration = {
        "reference": sources[0], "sensed": sources[1], "out_dir": str(tmp_path / "out"),
        "config": {"output": {"report": False, "warp": False}},
    }  # fmt: skip
    answer = METHODS["refit"]({"job": registration, "tie_points": points}, NullProgress())
    assert answer["verdict"] == "PASS"
    rasters = {"reference": str(pair[0]), "sensed": str(pair[1])}
    found = METHODS["import_points"]({**rasters, "tie_points": points}, NullProgress())
    assert np.array(found["sensed_xy"]).shape == (200, 2)
    assert np.array(found["covariance_px2"]).shape == (200, 2, 2)
    assert found["enabled"].count(False) == 3
    with pytest.raises(InputError, match="setting 'typo'"):
        METHODS["import_points"]({**rasters, "tie_points": points, "typo": 1}, NullProgress())
