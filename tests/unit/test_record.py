from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltcore.errors import InputError, OutputError
from ltcore.record import TIME_KEYS, file_sha256, read_record, replayed_job, run_record, write_record
from ltcore.types import TiePoints
from tests.data.make_result import make_result, without_fit


def record_text(folder: Path, **how: object) -> str:
    result = make_result(folder, **how)  # type: ignore[arg-type]
    write_record(folder / "record.json", run_record(result, {"record": "record.json"}))
    return (folder / "record.json").read_text(encoding="utf-8")


def test_equal_runs_give_equal_bytes_apart_from_times(tmp_path: Path) -> None:
    first = record_text(tmp_path / "one")
    time.sleep(1.1)  # finished_at counts seconds
    result = replace(make_result(tmp_path / "two"), seconds={"read": 9.0}, cpu_seconds={"read": 8.0})
    second = run_record(result, {"record": "record.json"})
    times = json.loads(first)
    assert {key for key in second if second[key] != times[key]} == set(TIME_KEYS)
    second.update({key: times[key] for key in TIME_KEYS})
    write_record(tmp_path / "two" / "record.json", second)
    assert (tmp_path / "two" / "record.json").read_bytes() == first.encode()


def test_contents(tmp_path: Path) -> None:
    record = json.loads(record_text(tmp_path))
    assert record["format_version"] == 1
    assert record["inputs"]["sensed"]["sha256"] == "22" * 32
    assert record["inputs"]["sensed"]["name"] == "sensed.tif"
    assert record["inputs"]["reference"]["grid"]["width"] == 64
    assert record["weights"]["name"] == "ltformer-d128"
    assert record["seed"] == 0
    assert record["quality"]["structure"] == 21.5
    assert record["transform"]["matrix"][0] == [1.0, 0.0, 3.25]
    assert record["tie_points"]["count"] == 60
    assert record["tie_points"]["inliers"] == 54
    assert record["outputs"] == {"record": "record.json"}
    assert record["failure"] is None
    assert str(tmp_path) not in json.dumps(record)  # no path of the output folder


def test_keys_are_sorted(tmp_path: Path) -> None:
    text = record_text(tmp_path)
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def test_the_hash_tells_tie_points_apart(tmp_path: Path) -> None:
    result = make_result(tmp_path)
    moved = result.tie_points.sensed_xy.copy()
    moved[-1, 1] += 1e-3
    points = TiePoints(result.tie_points.reference_xy, moved, result.tie_points.score, result.tie_points.covariance_px2)
    hashes = [run_record(r, {})["tie_points"]["sha256"] for r in (result, replace(result, tie_points=points))]
    assert hashes[0] != hashes[1]


def test_a_failure_is_recorded(tmp_path: Path) -> None:
    record = run_record(without_fit(make_result(tmp_path)), {})
    assert record["failure"] == "only 3 tie points agree"
    assert record["transform"]["matrix"] is None
    json.dumps(record, allow_nan=False)


def test_no_tie_points(tmp_path: Path) -> None:
    record = run_record(make_result(tmp_path, count=0), {})
    assert record["tie_points"]["reference_bounds_px"] is None
    json.dumps(record, allow_nan=False)


def replayable(folder: Path) -> Path:
    sources = folder / "a.tif", folder / "b.tif"
    for number, source in enumerate(sources):
        source.write_bytes(bytes([number] * 100))
    result = make_result(folder / "out", sources=sources, min_verdict="PASS")
    inputs = {role: {"sha256": file_sha256(source)} for role, source in zip(("reference", "sensed"), sources)}
    result = replace(result, provenance={**result.provenance, "inputs": inputs})
    write_record(folder / "record.json", run_record(result, {}))
    return folder / "record.json"


def test_replay_gives_the_same_job_in_another_folder(tmp_path: Path) -> None:
    job = replayed_job(replayable(tmp_path), tmp_path / "again", overwrite=True)
    assert job.out_dir == tmp_path / "again"
    assert job.sensed.path == tmp_path / "b.tif"
    assert job.config.output.min_verdict == "PASS"
    assert job.config.output.overwrite


def test_replay_refuses_another_input(tmp_path: Path) -> None:
    path = replayable(tmp_path)
    (tmp_path / "b.tif").write_bytes(b"changed")
    with pytest.raises(InputError, match=r"b\.tif.*SHA-256 differs"):
        replayed_job(path, tmp_path / "again", overwrite=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "not JSON"),
        ("[]", "not a run record"),
        ('{"format": "ltcore registration record", "format_version": 99}', "version 99"),
        ('{"format": "ltcore registration record", "format_version": 1}', "no job"),
        ('{"format": "ltcore registration record", "format_version": 1, "job": {"x": 1}}', "setting"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(InputError, match=message):
        replayed_job(tmp_path / "record.json", tmp_path / "again", overwrite=False)


def test_an_absent_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be read"):
        read_record(tmp_path / "record.json")


def test_a_record_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(OutputError, match=r"record\.json"):
        write_record(tmp_path / "record.json", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_record(tmp_path / "other.json", {"a": np.nan})
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
