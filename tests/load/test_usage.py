"""The measure of growth sees what grows, and nothing else."""

from __future__ import annotations

from tests.load.usage import Growth, Usage, growth

CYCLE = 4


def test_what_comes_and_goes_within_a_cycle_is_no_growth():
    usages = [Usage(1000 + 300 * (run % CYCLE), 10 + run % CYCLE, 5) for run in range(12 * CYCLE)]
    assert growth(usages, CYCLE) == Growth(0.0, 0, 0)


def test_the_warm_up_does_not_count():
    usages = [Usage(100, 3, 1)] * 4 * CYCLE + [Usage(1000, 10, 5)] * 8 * CYCLE
    assert growth(usages, CYCLE) == Growth(0.0, 0, 0)


def test_a_file_and_some_memory_lost_in_each_cycle_are_seen():
    usages = [Usage(1000 + 15 * (run // CYCLE), 10 + run // CYCLE, 5 + run // CYCLE) for run in range(12 * CYCLE)]
    found = growth(usages, CYCLE)
    assert found.memory_percent > 5
    assert (found.files, found.threads) == (4, 4)
