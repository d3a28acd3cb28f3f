"""The whole suite into one JSON file, and a table with a row for every pair and method."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ltcore.atomic import atomic_path
from ltcore.versions import versions
from training.evaluate import CORRECT_PX, MODES, PRECISE_PX, Mode

from .closed_set import TRUE_PX, WINDOWS_PX, run_closed_set
from .curves import run_curves, summarise_curves
from .methods import Method
from .open_set import OpenSetConfig, OpenSetRow, first_warp, pair_facts, run_open_set, summarise_open_set
from .retrieval import cut_pairs, fpr95, similarities
from .scenes import Scene
from .selection import Selection

_SCALARS = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")  # a list of plain values spread over lines


@dataclass(frozen=True)
class SuiteConfig:
    """How much is done.

    Attributes:
        open_set: of the open set.
        closed_keypoints: of each tile in the closed set, at most.
        curve_keypoints: of each image in the curves, at most.
    """

    open_set: OpenSetConfig = field(default_factory=OpenSetConfig)
    closed_keypoints: int = 150
    curve_keypoints: int = 300


def run_suite(
    scenes: Sequence[Scene],
    val_scenes: Sequence[Scene],
    selection: Selection,
    config: SuiteConfig,
    say: Callable[[str], None],
) -> tuple[dict[str, Any], list[OpenSetRow]]:
    """Returns the results, and the rows of the open set.

    All runs of a group take part in the open set and in retrieval, its first one in the closed set, the first of each
    architecture in the curves; binary descriptors in the open and the closed set only.

    Args:
        scenes: of the split that is reported.
        val_scenes: for choosing thresholds.
        selection: methods.
        config: how much is done.
        say: is told what is being done.
    """
    timed = _Timed(say)
    code = commit()
    speeds = timed("speed", lambda: {each.name: each.measure_speed() for each in selection.networks})
    rows = timed("open_set", lambda: run_open_set(scenes, selection.methods, config.open_set, selection.workers))
    report = {
        "suite": "descriptor",
        "settings": {**asdict(config), "correct_px": CORRECT_PX, "precise_px": PRECISE_PX, "true_px": TRUE_PX},
        "seed": 0,
        "device": selection.device,
        "versions": versions(),
        **code,
        "methods": {each.name: _facts(each, speeds) for each in selection.methods},
        "open_set": {mode: _open_set(rows, mode) for mode in MODES},
        "closed_set": timed("closed_set", lambda: _closed_set(scenes, val_scenes, selection, config)),
        "retrieval": timed("retrieval", lambda: _retrieval(scenes, selection)),
        "curves": timed("curves", lambda: _curves(scenes, selection, config)),
        "seconds": timed.seconds,
    }
    return report, rows


class _Timed:
    """Runs the parts of the suite, says which and keeps how long each took, s."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.seconds: dict[str, float] = {}

    def __call__(self, part: str, run: Callable[[], Any]) -> Any:
        self._say(part)
        start = time.perf_counter()
        result = run()
        self.seconds[part] = round(time.perf_counter() - start, 1)
        return result


def _open_set(rows: list[OpenSetRow], mode: Mode) -> dict[str, Any]:
    return {
        "facts": pair_facts(rows, mode),
        "methods": summarise_open_set(rows, mode),
        "first_warp": first_warp(rows, mode),
    }


def _curves(scenes: Sequence[Scene], selection: Selection, config: SuiteConfig) -> dict[str, Any]:
    runs = run_curves(scenes, selection.representatives, config.curve_keypoints, selection.workers)
    return summarise_curves(runs)


def _facts(method: Method, speeds: dict[str, float]) -> dict[str, Any]:
    speed = {"patches_per_second": round(speeds[method.name])} if method.name in speeds else {}
    return {"group": method.group, **method.facts, **speed}


def _closed_set(
    scenes: Sequence[Scene], val_scenes: Sequence[Scene], selection: Selection, config: SuiteConfig
) -> dict[str, dict[str, dict[str, float]]]:
    def run(job: tuple[Method, int]) -> dict[str, float]:
        score = run_closed_set(scenes, val_scenes, *job, config.closed_keypoints)
        return {name: round(value, 5) for name, value in asdict(score).items()}

    jobs = [(method, window) for method in selection.firsts for window in WINDOWS_PX]
    results: dict[str, dict[str, dict[str, float]]] = {}
    for (method, window), score in zip(jobs, selection.workers.map(run, jobs)):
        results.setdefault(method.name, {})[str(window)] = score
    return results


def _retrieval(scenes: Sequence[Scene], selection: Selection) -> dict[str, Any]:
    pairs = cut_pairs(scenes)
    errors = selection.workers.map(lambda each: fpr95(similarities(pairs, each), pairs.same), selection.real_valued)
    rates = {method.name: round(error, 5) for method, error in zip(selection.real_valued, errors)}
    return {"same": int(pairs.same.sum()), "different": int((~pairs.same).sum()), "fpr95": rates}


def commit() -> dict[str, Any]:
    """Returns the commit of the code and whether it was changed since; nothing outside a git checkout."""
    root = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "ltcore", "training", "benchmarks")
        return {"git_commit": git("rev-parse", "HEAD"), "changed_since": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {}


def write_report(report: dict[str, Any], path: Path) -> None:
    """Writes the results as JSON, one line a list of plain values."""
    text = _SCALARS.sub(lambda found: "[" + " ".join(found.group(1).split()) + "]", json.dumps(report, indent=1))
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def write_rows(rows: Sequence[OpenSetRow], path: Path) -> None:
    """Writes a row for every pair and method, as CSV compressed by gzip; the same rows give the same bytes."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(
        ["method", "mode", "place", "tile", "warp", "keypoints", "partners", "putative", "correct",
         "average_precision", "fit_error_px"]
    )  # fmt: skip
    for row in rows:
        score = row.score
        error = f"{score.fit_error_px:.4g}" if np.isfinite(score.fit_error_px) else "inf"
        counts = (score.keypoints, score.partners, score.putative, score.correct)
        writer.writerow(
            [row.method, row.mode, row.place, row.tile, row.warp, *counts, f"{score.average_precision:.4f}", error]
        )
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(table.getvalue().encode(), mtime=0))
