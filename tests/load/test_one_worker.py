"""Hundreds of requests to one worker: it does not grow, and says the same every time."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.faults.engine import Engine
from tests.load.pairs import digests, lasting, small_pairs
from tests.load.usage import GROWTH_LIMIT_PERCENT, figures, growth, usage_of
from tests.soaking import cases, note

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

QUICK = [  # (pair, descriptor, method, with a report, what comes of it)
    ("placed", "ltformer", "register", False, "PASS"),
    ("plain", "ltformer", "register", False, "PASS"),
    ("missing", "ltformer", "register", False, "input"),
    ("placed", "rootsift", "assess", False, "PASS"),
    ("unrelated", "rootsift", "register", False, "FAIL"),
    ("blank", "rootsift", "register", False, "input"),
    ("plain", "rootsift", "register", False, "PASS"),
    ("placed", "rootsift", "register", False, "PASS"),
    ("placed", "ltformer", "assess", False, "PASS"),
]
KINDS = [
    *QUICK,
    *QUICK,
    ("placed", "ltformer", "register", True, "PASS"),
]  # a report takes longest
FAST = [0, 2, 4, 5]  # the kinds of script/test


def asked(engine: Engine, pair, kind, out: Path):
    """Returns (verdict or kind of error of one request, all of it that must be the same the next time)."""
    _, descriptor, method, report, _ = kind
    config = {"features": {"device": "cpu", "descriptor": descriptor}, "output": {"report": report}}
    sources = {"reference": {"path": str(pair[0])}, "sensed": {"path": str(pair[1])}}
    outcome = engine.ask(method, {**sources, "out_dir": str(out), "config": config})
    said = outcome.text if outcome.result is None else lasting(outcome.result)
    found = said, digests(out)
    shutil.rmtree(out, ignore_errors=True)
    return outcome.kind if outcome.result is None else outcome.result["verdict"], found


def test_one_worker_neither_grows_nor_changes_its_mind(tmp_path):
    pairs, kinds = small_pairs(tmp_path), [KINDS[index] for index in cases(FAST, range(len(KINDS)))]
    engine, first, usages, start_s = Engine(), {}, [], time.monotonic()
    runs = cases(5 * len(kinds), 500)
    try:
        for number in range(runs):
            kind = kinds[number % len(kinds)]
            verdict, found = asked(engine, pairs[kind[0]], kind, tmp_path / "out")
            assert verdict == kind[-1], (kind, found[0])
            assert first.setdefault(kind, found) == found
            usages.append(usage_of(engine.pid))
    finally:
        engine.close()
    grown = growth(usages, len(kinds))
    seconds = round(time.monotonic() - start_s)
    note("one worker", runs=runs, seconds=seconds, **figures(usages, grown))
    assert grown.memory_percent < GROWTH_LIMIT_PERCENT
    assert (grown.files, grown.threads) == (0, 0)
