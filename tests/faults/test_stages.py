"""Runs ended at every stage: the folder keeps its older outputs, and the next run leaves nothing of the ended one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.data.make_rasters import shifted_pair
from tests.soaking import cases, digests, note

from .engine import QUICK, Engine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return shifted_pair(tmp_path_factory.mktemp("pair"), (3.0, -2.0), (400, 300))


def command(pair, out):
    words = ["--out", str(out), "--descriptor", "rootsift", "--overwrite"]
    return [sys.executable, "-m", "ltcore", "register", *map(str, pair), *words]


def run(pair, out):
    return subprocess.run(command(pair, out), capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def finished(pair, tmp_path_factory):
    """A finished run: its folder and the stages that it named."""
    out = tmp_path_factory.mktemp("finished") / "out"
    done = run(pair, out)
    assert done.returncode == 0, done.stderr
    stages = [line.split("] ", 1)[1] for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(stages) > 8
    return out, list(dict.fromkeys(stages))


def contents(folder):
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [path.name for path in files], digests(*files)


def ended_at(stage, number, pair, out):
    """Sends a signal as soon as a run names the stage; returns its exit code."""
    with subprocess.Popen(command(pair, out), stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.rstrip("\n").endswith(f"] {stage}"):
                process.send_signal(number)
                break
        process.stderr.read()
        return process.wait(timeout=60)


def stages_to_try(stages, number):
    """All of them in script/soak, else some: the first, the middle and the last."""
    some = [stages[0], stages[len(stages) // 2], stages[-1]] if number == signal.SIGKILL else [stages[-2]]
    return (cases(0, 1) and stages) or some


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_ended_at_a_stage_leaves_the_older_outputs_or_the_new_ones(tmp_path, pair, finished, number):
    folder, stages = finished
    for stage in stages_to_try(stages, number):
        out = tmp_path / stage.replace("/", "-")
        shutil.copytree(folder, out)
        before = contents(out)
        code = ended_at(stage, number, pair, out)
        note("ended at a stage", signal=number.name, stage=stage, code=code)
        assert code in ((-number,) if number == signal.SIGKILL else (130, 0)), (stage, code)
        assert contents(out)[0] == before[0], stage
        assert code == 0 or contents(out) == before, stage
        if number == signal.SIGKILL:
            assert run(pair, out).returncode == 0
        assert not [path for path in out.iterdir() if path.name.startswith(".")], stage


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9] if cases(0, 1) else [0.5])
def test_a_killed_worker_leaves_the_older_outputs_and_another_does_the_work(tmp_path, pair, finished, share):
    out = tmp_path / "out"
    shutil.copytree(finished[0], out)
    before = contents(out)
    engine = Engine()
    try:
        killed = engine.register(*pair, out, kill_at=share)
        note("ended at a stage", signal="SIGKILL", stage=f"worker at {share}", code=killed.kind)
        assert killed.kind == "crash", killed
        assert contents(out) == before
        assert engine.register(*pair, out, config=QUICK).kind == "result"
        assert not [path for path in out.iterdir() if path.name.startswith(".")]
    finally:
        engine.close()
