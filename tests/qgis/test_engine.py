"""The engine: warm, cancellable within a second, mortal but readable. Every worker here is the real one."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProcessingException

from ltformer_qgis import engine
from ltformer_qgis.environment import Candidate
from ltformer_qgis.errors import EngineCancelled, EngineError
from tests.qgis.conftest import SAMPLES

PYTHON = Candidate(Path(sys.executable), "variable")


@pytest.fixture(autouse=True)
def no_warm_worker():
    engine.stop_all()
    yield
    engine.stop_all()


class Watch:
    """Progress that can act when the work has begun."""

    def __init__(self, at_start=lambda: None):
        self.at_start, self.cancelled, self.messages = at_start, False, []

    def report(self, _fraction, message=""):
        if not self.messages:
            self.at_start()
        self.messages.append(message)

    def is_cancelled(self):
        return self.cancelled


def ping(progress=None):
    return engine.run("ping", {}, progress or Watch())


def slow_job(folder):
    """A job that takes the network long enough to be cancelled."""
    return {
        "reference": {"path": str(SAMPLES / "orchard/red.tif")},
        "sensed": {"path": str(SAMPLES / "orchard/nir.tif")},
        "out_dir": str(folder / "out"),
        "config": {"features": {"device": "cpu"}},
    }


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_worker_stays_warm_and_runs_ltcore_of_the_plugin(provider):
    first = ping()
    assert first["pid"] == ping()["pid"] != os.getpid()
    assert first["version"] == provider.versionInfo()
    assert first["python"] == sys.executable


def test_stop_all_ends_the_worker():
    pid = ping()["pid"]
    engine.stop_all()
    assert not is_running(pid)


def test_a_worker_that_died_while_idle_is_replaced():
    pid = ping()["pid"]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    assert ping()["pid"] != pid


def test_a_worker_that_nobody_uses_ends(monkeypatch):
    monkeypatch.setattr(engine, "IDLE_LIMIT_S", 0.2)
    pid = ping()["pid"]
    end_s = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < end_s:
        time.sleep(0.05)
    assert not is_running(pid)


def test_two_requests_at_once_get_two_workers_and_one_stays():
    pids = []
    threads = [threading.Thread(target=lambda: pids.append(ping()["pid"])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.1)
    assert len(pids) == 2
    assert sum(is_running(pid) for pid in set(pids)) == 1


def test_an_error_of_the_request_is_its_three_sentences_and_the_worker_lives(tmp_path):
    pid = ping()["pid"]
    with pytest.raises(EngineError) as caught:
        engine.run("register", {"reference": {"path": "a.tif"}}, Watch())
    assert caught.value.what
    assert "Traceback" not in str(caught.value)
    assert ping()["pid"] == pid


def test_cancel_is_heard_within_a_second(tmp_path):
    watch = Watch()
    times = {}

    def cancel_soon():
        def cancel():
            times["cancel"] = time.monotonic()
            watch.cancelled = True

        threading.Timer(0.5, cancel).start()

    watch.at_start = cancel_soon
    with pytest.raises(EngineCancelled):
        engine.run("register", slow_job(tmp_path), watch)
    assert time.monotonic() - times["cancel"] < 1.0
    assert not (tmp_path / "out").exists()


def test_a_worker_that_does_not_hear_is_killed_within_a_second(tmp_path):
    watch = Watch()
    pid = ping()["pid"]
    times = {}

    def freeze_and_cancel():
        os.kill(pid, signal.SIGSTOP)
        times["cancel"] = time.monotonic()
        watch.cancelled = True

    watch.at_start = freeze_and_cancel
    with pytest.raises(EngineCancelled):
        engine.run("register", slow_job(tmp_path), watch)
    assert time.monotonic() - times["cancel"] < 1.0
    assert not is_running(pid)


def test_the_death_of_the_worker_is_a_readable_error_and_the_next_run_works(tmp_path):
    pid = ping()["pid"]
    watch = Watch(lambda: os.kill(pid, signal.SIGKILL))
    with pytest.raises(EngineError) as caught:
        engine.run("register", slow_job(tmp_path), watch)
    assert "stopped unexpectedly" in str(caught.value)
    assert "SIGKILL" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert ping()["pid"] != pid


def test_the_last_words_of_a_crashed_worker_are_told(monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'libfoo.so: cannot open shared object file' >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setattr(engine, "find_python", lambda *_: Candidate(broken, "variable"))
    with pytest.raises(EngineError, match=r"exit code 127.*libfoo.so: cannot open"):
        ping()


def test_a_worker_that_never_answers_is_given_up(monkeypatch, tmp_path):
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setattr(engine, "find_python", lambda *_: Candidate(silent, "variable"))
    monkeypatch.setattr(engine, "START_TIMEOUT_S", 0.3)
    start_s = time.monotonic()
    with pytest.raises(EngineError, match="did not answer"):
        ping()
    assert time.monotonic() - start_s < 3


def test_a_python_that_cannot_be_started_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "find_python", lambda *_: Candidate(tmp_path / "none", "variable"))
    with pytest.raises(EngineError, match="could not be started"):
        ping()


def test_another_choice_of_python_gets_another_worker(monkeypatch):
    pid = ping()["pid"]
    monkeypatch.setattr(engine, "find_python", lambda *_: Candidate(PYTHON.path, "setting"))
    assert ping()["pid"] != pid
    assert not is_running(pid)


def test_cancelling_the_algorithm_leaves_nothing(match, context, feedback, tmp_path):
    def cancel(_progress):
        threading.Timer(0.3, feedback.cancel).start()
        feedback.progressChanged.disconnect(cancel)

    feedback.progressChanged.connect(cancel)
    orchard = SAMPLES / "orchard"
    results, ok = match.run(
        {"REFERENCE": str(orchard / "red.tif"), "SENSED": str(orchard / "nir.tif"),
         "WARPED": str(tmp_path / "w.tif"), "TIE_POINTS": str(tmp_path / "t.gpkg")}, context, feedback,
    )  # fmt: skip
    assert (results, ok) == ({}, True)
    assert feedback.isCanceled()
    assert list(tmp_path.iterdir()) == []


def test_the_death_of_the_worker_fails_the_algorithm_in_words(match, context, feedback, tmp_path):
    def kill(_progress):
        feedback.progressChanged.disconnect(kill)
        os.kill(pid, signal.SIGKILL)

    pid = ping()["pid"]
    feedback.progressChanged.connect(kill)
    orchard = SAMPLES / "orchard"
    parameters = {"REFERENCE": str(orchard / "red.tif"), "SENSED": str(orchard / "nir.tif"),
                  "WARPED": str(tmp_path / "w.tif")}  # fmt: skip
    with pytest.raises(QgsProcessingException, match="stopped unexpectedly"):
        match.run(parameters, context, feedback, catchExceptions=False)
    assert list(tmp_path.iterdir()) == []
    assert max(feedback.progress) > 0
    assert QgsApplication.instance() is not None
