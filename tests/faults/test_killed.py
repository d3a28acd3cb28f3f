"""Runs ended by force and full disks: old outputs intact or new ones whole, and nothing left after the next run."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from osgeo import gdal

from tests.data.make_rasters import shifted_pair
from tests.soaking import cases, note, seed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals, limits and mounts")

OUTPUTS = {"tie_points.gpkg", "gcps.points", "gcps.vrt", "warped.tif", "record.json"}
BEGUN = ".ltcore-writing"
SIZE = (1000, 1000)  # so that writing takes a while


def command(pair, out, *more):
    words = ["--out", str(out), "--descriptor", "rootsift", "--no-report", "--max-tie-points", "100", *more]
    return [sys.executable, "-m", "ltcore", "register", *map(str, pair), *words]


def run(pair, out, *more, **how):
    return subprocess.run(command(pair, out, *more), capture_output=True, text=True, timeout=300, check=False, **how)


def is_whole(out):
    """Whether every file of a run is there and can be read to its end."""
    if {path.name for path in out.iterdir() if not path.name.startswith(".")} != OUTPUTS:
        return False
    warped = gdal.Open(str(out / "warped.tif"))
    json.loads((out / "record.json").read_text())
    return warped.GetRasterBand(1).Checksum() >= 0 and gdal.OpenEx(str(out / "tie_points.gpkg")) is not None


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return shifted_pair(tmp_path_factory.mktemp("pair"), (3.0, -2.0), SIZE)


@pytest.fixture(scope="module")
def finished(pair, tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "out"
    done = run(pair, out)
    assert done.returncode == 0, done.stderr
    return out


def killed_while_writing(pair, out, after_s, number):
    """Starts a run and kills it that long after it began to write; returns whether it was still running."""
    with subprocess.Popen(command(pair, out, "--overwrite"), stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (out / BEGUN).exists():
            time.sleep(0.001)
        time.sleep(after_s)
        was_running = process.poll() is None
        process.send_signal(number)
        process.wait(timeout=30)
    return was_running


def test_killed_while_writing(tmp_path, pair, finished):
    draw, out = random.Random(seed()), tmp_path / "out"
    shutil.copytree(finished, out)
    for _ in range(cases(2, 100)):
        was_running = killed_while_writing(pair, out, draw.uniform(0, 0.5), signal.SIGKILL)
        visible = {path.name for path in out.iterdir() if not path.name.startswith(".")}
        retired = out / BEGUN / "retired"
        kept = {path.name for path in retired.iterdir()} if retired.is_dir() else set()
        staged = {path.name for path in (out / BEGUN).iterdir()} if (out / BEGUN).is_dir() else set()
        whole = is_whole(out)
        note("killed while writing", was_running=was_running, whole=whole)
        assert whole, (visible, kept, staged)
    done = run(pair, out, "--overwrite")
    assert done.returncode == 0, done.stderr
    assert is_whole(out)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


DIES_AT_MOVE = """
import os, signal, sys
from ltcore import cli, output_folder
left, move = int(sys.argv.pop(1)), output_folder._move
def counted(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    move(*arguments)
output_folder._move = counted
cli.main()
"""


@pytest.mark.parametrize("moves", range(11) if cases(0, 1) else (3, 8))
def test_killed_between_two_renames(tmp_path, pair, finished, moves):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    older = (out / "record.json").read_bytes()
    arguments = command(pair, out, "--overwrite")[3:]
    died = subprocess.run([sys.executable, "-c", DIES_AT_MOVE, str(moves), *arguments], check=False, timeout=300)
    assert died.returncode == (-signal.SIGKILL if moves < 2 * len(OUTPUTS) else 0)
    again = run(pair, out)  # not allowed to overwrite: it sets right what is there, and refuses
    assert again.returncode == 2, again.stderr
    assert is_whole(out)
    assert ((out / "record.json").read_bytes() == older) == (moves < len(OUTPUTS))
    if died.returncode:  # after the last rename there is nothing left to kill
        note("killed between renames", moves=moves, whole=True)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


def test_a_killed_warp_leaves_nothing_after_the_next(tmp_path, pair, finished):
    out = tmp_path / "warped.tif"
    words = ["warp", str(pair[1]), "--gcps", str(finished / "record.json"), "--out", str(out), "--overwrite"]
    warp = [sys.executable, "-m", "ltcore", *words]
    out.write_bytes(b"older")
    with subprocess.Popen(warp, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(tmp_path.glob(".ltcore-*.tif")):
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert out.read_bytes() == b"older"
    assert list(tmp_path.glob(".ltcore-*.tif"))
    subprocess.run(warp, check=True, capture_output=True)
    assert gdal.Open(str(out)).RasterXSize == SIZE[0]
    assert [path.name for path in tmp_path.iterdir()] == ["warped.tif"]


def test_two_at_once_into_one_folder_are_both_whole_or_refused(tmp_path, pair):
    out = tmp_path / "out"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command(pair, out, "--overwrite"), **quiet) for _ in range(2)]
    words = [process.communicate(timeout=300)[1] for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes, words
    for code, said in zip(codes, words):
        assert code == 0 or "Another run is writing" in said
    assert is_whole(out)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT] if cases(0, 1) else [signal.SIGTERM])
def test_asked_to_end_while_writing(tmp_path, pair, finished, number):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    killed_while_writing(pair, out, 0.1, number)
    assert is_whole(out)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few hundred KB."""
    place = tmp_path / "disk"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root, and a container may not allow it even then")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(pair, finished, small_disk, tmp_path):
    for file in ("record.json", "gcps.points"):
        (small_disk / "out").mkdir(exist_ok=True)
        shutil.copy(finished / file, small_disk / "out")
    before = {path.name: path.read_bytes() for path in (small_disk / "out").iterdir()}
    done = run(pair, small_disk / "out", "--overwrite")
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in (small_disk / "out").iterdir()} == before
    warp = ["warp", str(pair[1]), "--gcps", str(finished / "record.json"), "--out", str(small_disk / "warped.tif")]
    done = subprocess.run([sys.executable, "-m", "ltcore", *warp], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert [path.name for path in small_disk.iterdir()] == ["out"]


@pytest.mark.parametrize("megabytes", [400, 900, 1500] if cases(0, 1) else [900])
def test_too_little_memory(tmp_path, pair, megabytes):
    out = tmp_path / "out"
    limited = ["bash", "-c", f'ulimit -v {megabytes * 1024}; exec "$@"', "-", *command(pair, out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(limited, capture_output=True, text=True, timeout=300, check=False, env=environment)
    note("too little memory", megabytes=megabytes, code=done.returncode)
    assert done.returncode != 3  # no verdict about what was not looked at
    assert done.returncode == 0 or not out.exists()
