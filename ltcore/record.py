"""The run record: all that is needed to know, check and repeat a registration, as JSON.

Two runs of the same inputs, settings and software give the same bytes, apart from "seconds" and "finished_at".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .atomic import atomic_path
from .config import to_json_object
from .result import RegistrationResult, TransformFit
from .summary import notes, plain, transform_summary

FORMAT = "ltcore registration record"
FORMAT_VERSION = 1
TIME_KEYS = ("seconds", "finished_at")

_HASH_DECIMALS = 6   # of a pixel; beyond them runs on other processors may differ


def run_record(result: RegistrationResult, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Returns the record as a JSON object.

    Args:
        result: the registration.
        outputs: file name of each output, relative to the record's folder.
    """
    job = to_json_object(result.job)
    del job["out_dir"]   # the record lies in it; a replay chooses its own
    provenance = dict(result.provenance)
    record = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "ltcore_version": __version__,
        "inputs": _inputs(result, provenance.pop("inputs", {})),
        "job": job,
        "seed": result.job.config.fit.seed,
        "weights": provenance.pop("weights", None),
        "device": result.device,
        "backend": result.backend,
        "provenance": provenance,
        "counts": result.counts,
        "transform": transform_summary(result),
        "failure": None if isinstance(result.fit, TransformFit) else result.fit.reason,
        "quality": asdict(result.quality),
        "tie_points": _tie_points(result),
        "outputs": dict(outputs),
        "notes": notes(result),
        "seconds": result.seconds,
        "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    values: dict[str, Any] = plain(record)
    return values


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Writes a record with sorted keys, whole or not at all. Raises OutputError if it cannot be written."""
    text = json.dumps(record, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")


def _inputs(result: RegistrationResult, known: Mapping[str, Any]) -> dict[str, Any]:
    roles = {
        "reference": (result.job.reference, result.reference_grid),
        "sensed": (result.job.sensed, result.sensed_grid),
    }
    return {
        role: {
            "name": source.path.name,
            "path": str(source.path),
            "band": source.band,
            "size_bytes": source.path.stat().st_size if source.path.is_file() else None,
            "grid": asdict(grid),
            **known.get(role, {}),
        }
        for role, (source, grid) in roles.items()
    }


def _tie_points(result: RegistrationResult) -> dict[str, Any]:
    points = result.tie_points
    inliers = result.fit.inliers if isinstance(result.fit, TransformFit) else np.zeros(len(points), dtype=bool)
    places = np.round(np.hstack([points.sensed_xy, points.reference_xy]), _HASH_DECIMALS) + 0.0   # no negative zeros
    digest = hashlib.sha256(places.astype("<f8").tobytes() + inliers.astype("u1").tobytes())
    return {
        "count": len(points),
        "inliers": int(inliers.sum()),
        "score_median": float(np.median(points.score)) if len(points) else None,
        "reference_bounds_px": _bounds(points.reference_xy),
        "sensed_bounds_px": _bounds(points.sensed_xy),
        "sha256": digest.hexdigest(),
    }


def _bounds(xy: Any) -> list[float] | None:
    return [*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist()] if len(xy) else None
