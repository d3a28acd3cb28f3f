"""The run record: all that is needed to know, check and repeat a registration, as JSON.

Two runs of the same inputs, settings and software give the same bytes, apart from TIME_KEYS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

import numpy as np

from . import __version__
from .atomic import atomic_path
from .config import RegistrationJob, job_from_json, to_json_object
from .errors import InputError
from .geometry.parameters import to_parameters
from .json_files import read_json
from .result import RegistrationResult, TransformFit
from .summary import notes, plain, transform_summary

FORMAT = "ltcore registration record"
FORMAT_VERSION = 1
TIME_KEYS = ("seconds", "cpu_seconds", "finished_at")

_HASH_DECIMALS = 6  # of a pixel; beyond them runs on other processors may differ


def run_record(result: RegistrationResult, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Returns the record as a JSON object.

    Args:
        result: the registration.
        outputs: file name of each output, relative to the record's folder.
    """
    job = to_json_object(result.job)
    del job["out_dir"]  # the record lies in it; a replay chooses its own
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
        "transform": {**transform_summary(result), "parameters": _parameters(result)},
        "failure": None if isinstance(result.fit, TransformFit) else result.fit.reason,
        "quality": asdict(result.quality),
        "gaps": None if result.gaps is None else result.gaps.shares,
        "tie_points": _tie_points(result),
        "outputs": dict(outputs),
        "notes": notes(result),
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    values: dict[str, Any] = plain(record)
    return values


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Writes a record with sorted keys, whole or not at all. Raises OutputError if it cannot be written."""
    text = json.dumps(record, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    with atomic_path(path) as temporary:
        temporary.write_bytes((text + "\n").encode())  # not write_text: Windows would change the line ends


def read_record(path: Path) -> dict[str, Any]:
    """Returns a run record as it was written.

    Raises:
        InputError: no such file, no record, one of a later format version, or one that no run wrote.
    """
    record = read_json(path)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise InputError(f"'{path.name}' is not a run record.", f'Its "format" is not "{FORMAT}".')
    if record.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"'{path.name}' has format version {str(record.get('format_version'))[:20]}.",
            f"This program reads version {FORMAT_VERSION}.",
            "Use the version of the program that wrote it.",
        )
    for part, is_right in _PARTS.items():
        if part in record and not is_right(record[part]):
            raise InputError(f"'{path.name}' is not a whole run record.", f"Its {part} cannot be what a run wrote.")
    return record


def _is_object(part: Any) -> bool:
    return isinstance(part, dict)


def _are_seconds(part: Any) -> bool:
    return _is_object(part) and all(type(value) in (int, float) for value in part.values())


def _are_file_names(part: Any) -> bool:
    names = part.values() if _is_object(part) else [None]
    return all(isinstance(name, str) and name not in ("", "..") and not set(name) & set("/\\\0") for name in names)


# What must be of its kind before anything of a record is used; the rest is checked where it is used.
_PARTS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("inputs", "job", "transform", "quality", "provenance", "counts", "tie_points"), _is_object),
    "seconds": _are_seconds,
    "outputs": _are_file_names,
}


def replayed_job(path: Path, out_dir: Path, *, overwrite: bool) -> RegistrationJob:
    """Returns the job of a run record, to be run again into another folder.

    Raises:
        InputError: the record or its job cannot be read, or an input is not the file it was.
    """
    record = read_record(path)
    values = record.get("job")
    if not isinstance(values, dict):
        raise InputError(f"'{path.name}' is not a run record.", "It has no job.")
    provenance = record.get("provenance")
    if isinstance(provenance, dict) and provenance.get("imported"):
        raise InputError(
            f"'{path.name}' is of imported tie points.", "No run can measure them again.", "Use ltcore refit."
        )
    job = job_from_json({**values, "out_dir": str(out_dir)})
    output = replace(job.config.output, overwrite=overwrite)
    job = replace(job, config=replace(job.config, output=output))
    inputs = record.get("inputs")
    for role, source in (("reference", job.reference), ("sensed", job.sensed)):
        known = inputs.get(role) if isinstance(inputs, dict) else None
        expected = known.get("sha256") if isinstance(known, dict) else None
        if expected is not None and source.path.is_file() and file_sha256(source.path) != expected:
            raise InputError(
                f"'{source.path}' is not the file it was when '{path.name}' was written.",
                "Its SHA-256 differs.",
                "Register the pair anew.",
            )
    return job


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes, read block by block."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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


def _parameters(result: RegistrationResult) -> dict[str, Any] | None:
    """Returns the arrays of a transform without matrix, None for all others."""
    return to_parameters(result.fit.transform) if isinstance(result.fit, TransformFit) else None


def _tie_points(result: RegistrationResult) -> dict[str, Any]:
    points = result.tie_points
    inliers = result.fit.inliers if isinstance(result.fit, TransformFit) else np.zeros(len(points), dtype=bool)
    places = np.round(np.hstack([points.sensed_xy, points.reference_xy]), _HASH_DECIMALS) + 0.0  # no negative zeros
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
