"""ltcore batch as a user runs it: exit codes, Ctrl-C, going on."""

import csv
import os
import signal
import subprocess
import sys
import time

import pytest

from ltcore.record import read_record

BATCH = [sys.executable, "-m", "ltcore", "batch"]


def batch(*arguments):
    command = [*BATCH, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def summary_of(out):
    with (out / "summary.csv").open(newline="") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def test_some_pair_failed_and_the_others_are_not_done_twice(tmp_path, rows_of, manifest_of):
    good, bad = rows_of("good", "bad")
    manifest = manifest_of([good, {**bad, "sensed": "missing.tif"}])
    out = tmp_path / "out"
    done = batch(manifest, "--out", out, "--workers", 1)
    assert done.returncode == 3, done.stderr
    assert "2 of 2 pairs: 1 PASS, 1 ERROR" in done.stdout
    assert "missing.tif" in summary_of(out)["bad"]["reason"]
    again = batch(manifest, "--out", out)
    assert again.returncode == 2
    assert "--resume" in again.stderr
    (tmp_path / "missing.tif").write_bytes(bad["sensed"].read_bytes())
    resumed = batch(manifest, "--out", out, "--workers", 1, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert {name: row["resumed"] for name, row in summary_of(out).items()} == {"good": "yes", "bad": "no"}


def test_ctrl_c_leaves_whole_records_and_resume_does_the_rest(tmp_path, rows_of, manifest_of):
    manifest = manifest_of(rows_of(*(f"p{number}" for number in range(8))))
    out = tmp_path / "out"
    command = [*BATCH, str(manifest), "--out", str(out), "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        for line in process.stderr:
            if "1 of 8" in line:
                break
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers are in the group too
        start = time.monotonic()
        rest = process.stderr.read()
        code = process.wait(timeout=60)
    assert code == 130, rest
    assert time.monotonic() - start < 20  # 2 s on a machine that does nothing else
    assert "--resume" in rest
    assert "Traceback" not in rest
    done = [folder for folder in out.iterdir() if folder.is_dir() and (folder / "record.json").exists()]
    assert 1 <= len(done) < 8
    for folder in done:
        assert all((folder / file).is_file() for file in read_record(folder / "record.json")["outputs"].values())
    assert set(summary_of(out)) <= {folder.name for folder in done}
    resumed = batch(manifest, "--out", out, "--workers", 2, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert {name for name, row in summary_of(out).items() if row["resumed"] == "yes"} == {
        folder.name for folder in done
    }


@pytest.mark.parametrize(
    ("manifest", "more", "words"),
    [
        ("reference,sensed,colour\na,b,red\n", [], "'colour'"),
        ("reference,sensed\na,b\n", ["--workers", "2", "--scheduler", "tcp://a:1"], "give one of them"),
        ("reference,sensed\na,b\n", ["--scheduler", "a:1"], "tcp://"),
        ("reference,sensed\na,b\n", ["--workers", "0"], "--workers"),
    ],
)
def test_bad_arguments_have_exit_code_2(tmp_path, manifest, more, words):
    path = tmp_path / "pairs.csv"
    path.write_text(manifest)
    done = batch(path, "--out", tmp_path / "out", *more)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_line_starts_without_dask():
    code = "import sys, ltcore.cli; sys.exit(bool({'dask', 'distributed', 'torch', 'cv2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
