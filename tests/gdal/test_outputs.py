from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal

from ltcore import output_folder
from ltcore.errors import InputError, OutputError
from ltcore.outputs import check_out_dir, write_outputs
from ltcore.progress import CancelledError, NullProgress
from ltcore.raster.read import grid_of
from ltcore.record import TIME_KEYS
from ltcore.result import RegistrationResult
from tests.data.make_rasters import NORTH_UP, ROTATED, UTM_33N, make_raster, shifted_pair
from tests.data.make_result import make_result, without_fit

ALL = ["gcps.points", "gcps.vrt", "record.json", "report.html", "tie_points.gpkg", "warped.tif"]
WITHOUT_REPORT = [name for name in ALL if name != "report.html"]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return shifted_pair(tmp_path / "in", (3.25, -2.5), size=(128, 96), geotransform=NORTH_UP, epsg=UTM_33N)


def result_for(pair: tuple[Path, Path], out: Path, **how: Any) -> RegistrationResult:
    grids = grid_of(gdal.Open(str(pair[0]))), grid_of(gdal.Open(str(pair[1])))
    return make_result(out, sources=pair, grids=grids, **how)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_everything_is_written_and_named(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "deep" / "out"
    written = write_outputs(result_for(pair, out), NullProgress())
    assert names(out) == ALL  # and no hidden file
    assert {path.name for path in written.values()} == set(ALL)
    assert list(written) == ["tie_points", "points_file", "gcps_vrt", "warped", "report", "record"]
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    assert record["outputs"] == {name: path.name for name, path in written.items()}
    assert gdal.Open(str(out / "gcps.vrt")).ReadAsArray().shape == (96, 128)
    assert grid_of(gdal.Open(str(out / "warped.tif"))) == grid_of(gdal.Open(str(pair[0])))
    assert names(pair[0].parent) == ["reference.tif", "sensed.tif"]


def test_two_runs_give_the_same_files_apart_from_times(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    folders = tmp_path / "one", tmp_path / "two"
    first, second = ({}, {})
    for folder, found in zip(folders, (first, second)):
        write_outputs(result_for(pair, folder), NullProgress())
        found.update(contents(folder))
        record = json.loads(found["record.json"])
        found["record.json"] = {key: record[key] for key in record if key not in TIME_KEYS}
    assert {name for name in ALL if first[name] != second[name]} == set()


def test_earlier_outputs_are_refused_before_any_work(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "gcps.points").write_text("mine")
    for refuse in (lambda r: check_out_dir(r.job), lambda r: write_outputs(r, NullProgress())):
        with pytest.raises(InputError, match=r"already holds gcps\.points.*--overwrite"):
            refuse(result_for(pair, out))
    assert contents(out) == {"gcps.points": b"mine"}


def test_overwriting_replaces_all_and_spares_files_of_others(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    write_outputs(result_for(pair, out), NullProgress())
    (out / "notes.txt").write_text("mine")
    (out / "warped.tif.aux.xml").write_text("statistics of the old raster")
    before = contents(out)
    write_outputs(result_for(pair, out, count=80, overwrite=True), NullProgress())
    assert names(out) == sorted([*ALL, "notes.txt"])
    after = contents(out)
    assert after["notes.txt"] == b"mine"
    assert after["tie_points.gpkg"] != before["tie_points.gpkg"]


def test_a_failure_leaves_no_warped_raster_of_an_earlier_run(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    write_outputs(result_for(pair, out), NullProgress())
    written = write_outputs(without_fit(result_for(pair, out, overwrite=True)), NullProgress())
    assert names(out) == ["gcps.points", "record.json", "report.html", "tie_points.gpkg"]
    assert "warped" not in written
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    assert any("warped" in note for note in record["notes"])


def test_rotated_source_gets_all_but_the_points_file(tmp_path: Path) -> None:
    pair = tuple(
        make_raster(tmp_path / f"{name}.tif", size=(128, 96), geotransform=ROTATED, epsg=UTM_33N) for name in "ab"
    )
    write_outputs(result_for(pair, tmp_path / "out"), NullProgress())  # type: ignore[arg-type]
    assert names(tmp_path / "out") == [name for name in ALL if name != "gcps.points"]
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert "rotated geotransform" in record["notes"][0]


class StopAt:
    """Cancels, or raises, at the report with that message."""

    def __init__(self, message: str, error: type[BaseException] | None = None) -> None:
        self.message, self.error, self.stopped = message, error, False

    def report(self, fraction: float, message: str = "") -> None:
        assert 0 <= fraction <= 1
        if message == self.message:
            self.stopped = True
            if self.error is not None:
                raise self.error

    def is_cancelled(self) -> bool:
        return self.stopped


@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("tie_points.gpkg", None),
        ("warped.tif", None),
        ("report.html", KeyboardInterrupt),
        ("record.json", None),
        ("record.json", KeyboardInterrupt),
        ("record.json", MemoryError),
    ],
)
def test_an_interrupted_run_changes_nothing(
    tmp_path: Path, pair: tuple[Path, Path], file: str, error: type[BaseException] | None
) -> None:
    out, report = tmp_path / "out", file == "report.html"
    with pytest.raises(error or CancelledError):
        write_outputs(result_for(pair, out, report=report), StopAt(f"Writing {file}", error))
    assert not out.exists()
    out.mkdir()
    (out / "warped.tif").write_text("old")
    with pytest.raises(error or CancelledError):
        write_outputs(result_for(pair, out, overwrite=True, report=report), StopAt(f"Writing {file}", error))
    assert contents(out) == {"warped.tif": b"old"}


@pytest.mark.parametrize("move", [1, 5, 6, 9, 10])  # five old files go, five new ones come
def test_an_interrupt_between_two_renames_puts_everything_back(
    tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, move: int
) -> None:
    out = tmp_path / "out"
    write_outputs(result_for(pair, out, report=False), NullProgress())
    before, calls, rename = contents(out), [0], output_folder._move

    def interrupted(*args: Any) -> None:
        calls[0] += 1
        rename(*args)
        if calls[0] == move:
            raise KeyboardInterrupt

    monkeypatch.setattr(output_folder, "_move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_outputs(result_for(pair, out, count=90, overwrite=True, report=False), NullProgress())
    assert contents(out) == before


def test_an_input_is_never_overwritten(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    sensed = pair[1].rename(tmp_path / "warped.tif")
    for out in (tmp_path, tmp_path / "in" / ".."):
        with pytest.raises(InputError, match="would be overwritten"):
            write_outputs(result_for((pair[0], sensed), out, overwrite=True), NullProgress())
    assert sensed.stat().st_size > 1000


def test_a_file_is_no_folder(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        check_out_dir(result_for(pair, tmp_path / "out").job)
    with pytest.raises((InputError, OutputError)):
        write_outputs(result_for(pair, tmp_path / "out" / "deeper"), NullProgress())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(InputError, match="not writable"):
        check_out_dir(result_for(pair, tmp_path / "out").job)


def test_leftovers_of_a_killed_run_are_cleared(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    (out / ".ltcore-writing").mkdir(parents=True)
    (out / ".ltcore-writing" / "warped.tif").write_text("half")
    (out / ".ltcore-lock").touch()
    write_outputs(result_for(pair, out, report=False), NullProgress())
    assert names(out) == WITHOUT_REPORT


@pytest.mark.skipif(os.name == "nt", reason="uses fcntl")
def test_a_second_run_into_the_same_folder_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    holder = "import fcntl, sys, time; f = open(sys.argv[1], 'wb'); fcntl.flock(f, 2); print(flush=True); time.sleep(9)"
    command = [sys.executable, "-c", holder, str(out / ".ltcore-lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(OutputError, match="Another run is writing"):
                write_outputs(result_for(pair, out), NullProgress())
        finally:
            process.kill()
            process.wait()
    write_outputs(result_for(pair, out, report=False), NullProgress())  # the lock died with its process
    assert names(out) == WITHOUT_REPORT


def test_the_time_of_writing_is_in_the_record_and_in_the_result(pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = result_for(pair, tmp_path / "out")
    write_outputs(result, NullProgress())
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert set(record["seconds"]) == set(record["cpu_seconds"]) == {"read", "coarse", "write", "report"}
    assert record["seconds"]["report"] == result.seconds["report"] > 0
    assert 0 < record["seconds"]["write"] <= result.seconds["write"]  # writing the record itself comes after
