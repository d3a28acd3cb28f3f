"""What a system does to a run: folders that cannot be written, memory taken away, a clock that jumps; no open ports."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ltcore.record import TIME_KEYS, read_record
from tests.data.make_rasters import shifted_pair
from tests.soaking import digests, note

from .engine import QUICK, Engine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such mounts, groups and files of processes")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return shifted_pair(tmp_path_factory.mktemp("pair"), (3.0, -2.0))


def command(pair, out, *more):
    return [
        sys.executable,
        "-m",
        "ltcore",
        "register",
        *map(str, pair),
        "--out",
        str(out),
        "--descriptor",
        "rootsift",
        *more,
    ]


def run(words, **how):
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, **how)


def mounted(place, *options):
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, *options, str(place)], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root, and a container may not allow it even then")


@pytest.fixture
def read_only(tmp_path, pair):
    """A file system that nobody may write to, not even root, with a pair and earlier outputs on it."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted(place, "-t", "tmpfs", "tmpfs")
    try:
        copies = [shutil.copy(path, place) for path in pair]
        assert run(command(copies, place / "out")).returncode == 0
        mounted(place, "-o", "remount,ro")
        yield place, list(map(Path, copies))
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_inputs_on_a_disk_that_cannot_be_written(read_only, tmp_path):
    _, copies = read_only
    before = digests(*copies)
    done = run(command(copies, tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert digests(*copies) == before


@pytest.mark.parametrize("folder", ["new", "out"])
def test_outputs_on_a_disk_that_cannot_be_written(read_only, pair, folder):
    place, _ = read_only
    before = sorted(place.rglob("*"))
    done = run(command(pair, place / folder, "--overwrite"))
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "could not be written" in done.stderr or "not writable" in done.stderr or "cannot be written" in done.stderr
    assert sorted(place.rglob("*")) == before


@pytest.fixture
def small_group():
    """A control group of 150 MB: less than a run takes."""
    group = Path(f"/sys/fs/cgroup/memory/ltcore-test-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(150 * 2**20))
        with suppress(OSError):  # where swap is counted, too
            (group / "memory.memsw.limit_in_bytes").write_text(str(150 * 2**20))
    except OSError:
        with suppress(OSError):
            group.rmdir()
        pytest.skip("control groups need root and a system that lends them")
    yield group
    time.sleep(0.5)
    group.rmdir()


def test_killed_for_its_memory(small_group, tmp_path, pair):
    out = tmp_path / "out"
    assert run(command(pair, out)).returncode == 0
    files = sorted(out.iterdir())
    before = digests(*files)
    words = ["sh", "-c", f'echo $$ > {small_group}/tasks; exec "$@"', "-", *command(pair, out, "--overwrite")]
    done = run(words)
    note("killed for its memory", code=done.returncode)
    assert done.returncode == -9, done.stderr
    assert sorted(path for path in out.iterdir() if not path.name.startswith(".")) == files
    assert digests(*files) == before
    assert run(command(pair, out, "--overwrite")).returncode == 0
    assert sorted(out.iterdir()) == files


JUMPS = """
import datetime, sys, time
from ltcore import cli
clock, calls = time.time, []
def jumping():
    calls.append(0)
    return clock() + (1e9 if len(calls) % 2 else -1e9)
time.time = jumping
cli.main()
"""


def test_a_clock_that_jumps_and_files_from_the_future_change_nothing(tmp_path, pair):
    for path, moment in zip(pair, (0, 2**33)):
        os.utime(path, (moment, moment))
    assert run(command(pair, tmp_path / "a")).returncode == 0
    jumping = [sys.executable, "-c", JUMPS, *command(pair, tmp_path / "b")[3:]]
    done = run(jumping)
    assert done.returncode == 0, done.stderr
    one, other = (read_record(tmp_path / name / "record.json") for name in "ab")
    assert {key: one[key] for key in one if key not in TIME_KEYS} == {
        key: other[key] for key in other if key not in TIME_KEYS
    }
    assert all(0 <= seconds < 300 for seconds in other["seconds"].values())


def test_only_the_record_asks_for_the_time_of_day():
    asked = set()
    for path in (ROOT / "ltcore").rglob("*.py"):
        calls = [
            ast.unparse(n.func)
            for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(n, ast.Call)
        ]
        if {"time.time", "datetime.now", "time.localtime", "datetime.today", "datetime.utcnow"} & set(calls):
            asked.add(path.name)
    assert asked <= {"record.py"}, "durations and limits are measured by a clock that nobody can set"


def test_the_worker_opens_no_socket(tmp_path, pair):
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc")
    engine = Engine()
    try:
        assert (
            engine.register(*pair, tmp_path / "out", config={**QUICK, "features": {"backend": "auto"}}).kind == "result"
        )
        links = []
        for handle in Path(f"/proc/{engine.pid}/fd").iterdir():
            with suppress(OSError):
                links.append(str(handle.readlink()))
        assert len(links) > 3
        assert not [link for link in links if link.startswith("socket:")]
    finally:
        engine.close()
