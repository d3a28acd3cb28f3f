"""The results file of a suite and split; pydantic refuses one that does not follow its schema."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Optional

import cv2
from pydantic import BaseModel, ConfigDict

from ltcore.versions import versions

from .scoring import SHARES_PX, summarised

RESULTS = Path(__file__).resolve().parents[1] / "results"
_ROOT = Path(__file__).resolve().parents[2]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Row(_Strict):
    """One method on one pair; an error of null is infinite."""

    kind: str
    scene: str
    georeferenced: bool
    family: str
    must_be_refused: bool
    method: str
    verdict: str
    reason: str
    model: str
    rmse_px: Optional[float]
    median_px: Optional[float]
    untrusted_rmse_px: Optional[float]
    wrong: bool
    seconds: float
    cpu_seconds: float
    facts: dict[str, Any]


class Quartiles(_Strict):
    """RMSE over pairs; null is infinite."""

    q25: Optional[float]
    median: Optional[float]
    q75: Optional[float]


class Summary(_Strict):
    """One method on all pairs of a kind."""

    method: str
    kind: str
    pairs: int
    rmse_px: Quartiles
    share_under: dict[str, Optional[float]]
    failures: int
    wrong: int
    wrong_pass: int
    refused_of_unrelated: Optional[float]
    right_family: Optional[float]
    seconds: float
    cpu_seconds: float


class Report(_Strict):
    """A results file.

    Attributes:
        unavailable: method -> why it is not in the rows.
        excluded: scenes left out by rule.
        threads: OpenCV's, and OMP_NUM_THREADS.
    """

    suite: str
    split: str
    seed: int
    git_commit: str
    changed_since: bool
    versions: dict[str, str]
    threads: dict[str, Optional[str]]
    unavailable: dict[str, str]
    excluded: list[dict[str, Any]]
    summary: list[Summary]
    rows: list[Row]


def build_report(suite: str, split: str, seed: int, rows: list[dict[str, Any]], facts: dict[str, Any]) -> Report:
    """Returns the report of rows.

    Args:
        suite: its name.
        split: val or test.
        seed: of the suite's pairs.
        rows: of `scoring.run`.
        facts: `unavailable` and `excluded`, `versions` of peers, and `code` of `code_state`.
    """
    return Report.model_validate(
        {
            "suite": suite,
            "split": split,
            "seed": seed,
            **facts["code"],
            "versions": {**versions(), **{f"{name} (peers)": version for name, version in facts["versions"].items()}},
            "threads": {"opencv": str(cv2.getNumThreads()), "omp": os.environ.get("OMP_NUM_THREADS")},
            "unavailable": facts["unavailable"],
            "excluded": facts["excluded"],
            "summary": summarised(rows),
            "rows": rows,
        }
    )


def code_state() -> dict[str, Any]:
    """Returns the commit, and whether the product has changed since; to be asked before a run, not after it."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "ltcore", "weights")
    return {"git_commit": _git("rev-parse", "HEAD"), "changed_since": bool(changed)}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout.strip()


def write_report(report: Report, path: Path) -> None:
    """Writes a report, a row a line so that changes can be read."""
    whole = report.model_dump()
    rows, summary = whole.pop("rows"), whole.pop("summary")
    parts = [json.dumps(whole, indent=1)[:-2]]
    for name, entries in (("summary", summary), ("rows", rows)):
        parts.append(f' "{name}": [\n  ' + ",\n  ".join(json.dumps(entry) for entry in entries) + "\n ]")
    path.write_text(",\n".join(parts) + "\n}\n")


def read_report(path: Path) -> Report:
    """Returns a results file.

    Raises:
        pydantic.ValidationError: it does not follow the schema.
    """
    return Report.model_validate_json(path.read_text())


def limits() -> list[str]:
    """Returns the limits of `share_under`, px, as its keys."""
    return [f"{limit:g}" for limit in SHARES_PX]
