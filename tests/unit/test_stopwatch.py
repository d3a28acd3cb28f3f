from __future__ import annotations

from types import SimpleNamespace

import pytest

from ltcore import stopwatch
from ltcore.stopwatch import STAGES, Stopwatch, stage


class Clocks:
    """Both clocks, moved by hand: those of a busy machine would say something else each time."""

    wall = cpu = 0.0

    def busy(self, seconds: float) -> None:
        self.wall += seconds
        self.cpu += seconds

    def break_down(self, seconds: float) -> None:
        self.busy(seconds)
        raise ZeroDivisionError

    def wait(self, seconds: float) -> None:
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    moved = Clocks()
    both = SimpleNamespace(perf_counter=lambda: moved.wall, process_time=lambda: moved.cpu)
    monkeypatch.setattr(stopwatch, "time", both)
    return moved


def test_what_runs_inside_another_stage_counts_once(clocks):
    watch = Stopwatch()
    with watch.running(), stage("coarse"):
        clocks.busy(2)
        with stage("describe"):
            clocks.busy(6)
        with stage("describe"):
            clocks.busy(4)
    assert (watch.cpu_seconds["coarse"], watch.cpu_seconds["describe"]) == (2, 10)
    assert watch.seconds == watch.cpu_seconds
    assert tuple(watch.seconds) == STAGES


def test_waiting_takes_time_and_no_cpu(clocks):
    watch = Stopwatch({}, {})
    with watch.running(), stage("write"):
        clocks.wait(5)
    assert (watch.seconds["write"], watch.cpu_seconds["write"]) == (5, 0)


def test_a_stage_that_fails_is_counted_and_left(clocks):
    watch = Stopwatch()
    with watch.running():
        with pytest.raises(ZeroDivisionError), stage("fit"):
            clocks.break_down(3)
        clocks.busy(20)
    assert watch.cpu_seconds["fit"] == sum(watch.cpu_seconds.values()) == 3


def test_nothing_is_counted_outside_a_run(clocks):
    watch = Stopwatch()
    with watch.running():
        pass
    with stage("fit"):
        clocks.busy(1)
    assert not any(watch.seconds.values())


def test_the_clocks_are_those_of_the_machine():
    watch = Stopwatch()
    with watch.running(), stage("fit"):
        sum(range(100_000))
    assert watch.seconds["fit"] > 0
    assert watch.cpu_seconds["fit"] > 0
