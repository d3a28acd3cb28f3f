from __future__ import annotations

import time

import pytest

from ltcore.stopwatch import STAGES, Stopwatch, stage


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_what_runs_inside_another_stage_counts_once():
    watch = Stopwatch()
    with watch.running(), stage("coarse"):
        busy(0.02)
        with stage("describe"):
            busy(0.06)
        with stage("describe"):
            busy(0.04)
    assert watch.cpu_seconds["coarse"] == pytest.approx(0.02, abs=0.015)
    assert watch.cpu_seconds["describe"] == pytest.approx(0.1, abs=0.015)
    assert tuple(watch.seconds) == tuple(watch.cpu_seconds) == STAGES


def test_waiting_takes_time_and_no_cpu():
    watch = Stopwatch({}, {})
    with watch.running(), stage("write"):
        time.sleep(0.05)
    assert watch.seconds["write"] >= 0.05
    assert watch.cpu_seconds["write"] < 0.03


def test_a_stage_that_fails_is_counted_and_left():
    watch = Stopwatch()
    with watch.running():
        with pytest.raises(ZeroDivisionError), stage("fit"):
            busy(0.01 / 0)
        busy(0.02)
    assert 0 < watch.cpu_seconds["fit"] == sum(watch.cpu_seconds.values()) < 0.01


def test_nothing_is_counted_outside_a_run():
    watch = Stopwatch()
    with watch.running():
        pass
    with stage("fit"):
        busy(0.001)
    assert not any(watch.seconds.values())
