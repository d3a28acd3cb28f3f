"""Rows and summaries: errors at the check points, failures as infinite ones, wrong results that were called good."""

from __future__ import annotations

import statistics
import time
from typing import Any, Optional

import numpy as np

from ltcore.types import FloatArray

from .methods import Answer, Method
from .pairs import Pair

WRONG_PX = 1.0  # a result that is called good with a larger error is wrong
SHARES_PX = (0.3, 0.5, 1.0, 3.0)


def run(method: Method, pair: Pair) -> dict[str, Any]:
    """Returns the row of a method and a pair; whatever a peer raises is a failure with that reason."""
    sensed_xy = np.zeros((0, 2)) if pair.checks is None else pair.checks.sensed_xy
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        answer = method(pair, sensed_xy)
    except Exception as error:  # noqa: BLE001  # a peer may raise anything; the suite goes on and counts it
        answer = Answer(None, "ERROR", f"{type(error).__name__}: {error}"[:300])
    seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    seconds.update({name: answer.facts[name] for name in seconds if name in answer.facts})  # measured elsewhere
    return {
        "kind": pair.kind,
        "scene": pair.scene,
        "georeferenced": pair.georeferenced,
        "family": pair.family,
        "must_be_refused": pair.checks is None,
        "method": method.name,
        "verdict": answer.verdict,
        "reason": answer.reason,
        "model": answer.model,
        **_errors(answer, pair),
        **{name: round(value, 3) for name, value in seconds.items()},
        "facts": {**pair.facts, **{name: value for name, value in answer.facts.items() if name not in seconds}},
    }


def _errors(answer: Answer, pair: Pair) -> dict[str, Any]:
    """Returns RMSE and median error, None (infinite) where the method did not call its result good, and the RMSE of
    the transform that it did not trust."""
    if pair.checks is None:
        return {"rmse_px": None, "median_px": None, "untrusted_rmse_px": None, "wrong": answer.called_good}
    if answer.reference_xy is None:
        return {"rmse_px": None, "median_px": None, "untrusted_rmse_px": None, "wrong": False}
    error = _lengths(answer.reference_xy - pair.checks.reference_xy) / pair.unit_px
    rmse, median = _finite(float(np.sqrt((error**2).mean()))), _finite(float(np.median(error)))
    if not answer.called_good:
        return {"rmse_px": None, "median_px": None, "untrusted_rmse_px": rmse, "wrong": False}
    return {"rmse_px": rmse, "median_px": median, "untrusted_rmse_px": None, "wrong": rmse is None or rmse > WRONG_PX}


def _lengths(vectors: FloatArray) -> FloatArray:
    lengths: FloatArray = np.hypot(vectors[:, 0], vectors[:, 1])
    return lengths


def _finite(value: float) -> Optional[float]:
    return round(value, 4) if np.isfinite(value) else None


def summarised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns one summary a method and kind, and one a method over all kinds ("all"), in order of appearance."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    groups = [(method, kind) for method in methods for kind in [*kinds, "all"]]
    found = []
    for method, kind in groups:
        part = [row for row in rows if row["method"] == method and kind in (row["kind"], "all")]
        if part and (kind != "all" or len(kinds) > 1):
            found.append({"method": method, "kind": kind, **_summary(part)})
    return found


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    known = [row for row in rows if not row["must_be_refused"]]
    errors = np.array([np.inf if row["rmse_px"] is None else row["rmse_px"] for row in known])
    quartiles = np.quantile(errors, [0.25, 0.75], method="higher") if known else [np.inf] * 2  # no mean with infinity
    middle = statistics.median(errors.tolist()) if known else np.inf
    spread = {"q25": quartiles[0], "median": middle, "q75": quartiles[1]}
    refused = [row for row in rows if row["must_be_refused"]]
    families = [row["model"] == row["family"] for row in known if row["family"] and row["rmse_px"] is not None]
    return {
        "pairs": len(rows),
        "rmse_px": {name: _finite(float(value)) for name, value in spread.items()},
        "share_under": {f"{limit:g}": _share(errors < limit) for limit in SHARES_PX},
        "failures": int(np.isinf(errors).sum()),
        "wrong": sum(row["wrong"] for row in rows),
        "wrong_pass": sum(row["wrong"] and row["verdict"] == "PASS" for row in rows),
        "refused_of_unrelated": _share(np.array([not row["wrong"] for row in refused])),
        "right_family": _share(np.array(families)),
        "seconds": round(float(np.median([row["seconds"] for row in rows])), 3),
        "cpu_seconds": round(float(np.median([row["cpu_seconds"] for row in rows])), 3),
    }


def _share(hits: Any) -> Optional[float]:
    return round(float(np.mean(hits)), 4) if len(hits) else None
