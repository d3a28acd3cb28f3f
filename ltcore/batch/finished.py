"""Is a pair done already? Only if its record is whole and tells of the same inputs, settings and software."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from .. import __version__
from ..config import FeatureConfig, RegistrationJob, to_json_object
from ..errors import InputError
from ..ltformer.describe import Describer
from ..record import file_sha256, read_record
from .outcome import ORDER, outcome_of_record


def finished_record(job: RegistrationJob, describer_for: Callable[[FeatureConfig], Describer]) -> dict[str, Any] | None:
    """Returns the record in the job's folder if running the job again would only repeat it, else None.

    Inputs are compared by content; what has no hash (a subdataset, a folder) counts as changed.
    """
    try:
        record = read_record(job.out_dir / "record.json")
        same = (
            record["ltcore_version"] == __version__
            and _settings(record["job"]) == _settings(to_json_object(job))
            and all((job.out_dir / file).is_file() for file in record["outputs"].values())
            and all(_is_same(source.path, record["inputs"][role]["sha256"]) for role, source in _sources(job))
            and _is_same_area(
                job.aoi, record["provenance"]["aoi_sha256"]
            )  # absent where points were edited or imported
        )
        told = outcome_of_record("", record, sum(record["seconds"].values()), resumed=True)
        if not same or told.verdict not in ORDER:
            return None
        spec = describer_for(job.config.features).spec
        weights = None if spec is None else {"name": spec.name, "sha256": spec.sha256}
        return record if record["weights"] == weights else None
    except (InputError, OSError, KeyError, TypeError, AttributeError):  # no record, or not one of ours
        return None


def _sources(job: RegistrationJob) -> tuple[tuple[str, Any], ...]:
    return ("reference", job.reference), ("sensed", job.sensed)


def _settings(job: dict[str, Any]) -> dict[str, Any]:
    """Returns a job as JSON without what does not change the result: its folder, and that it may be replaced."""
    output = {name: value for name, value in job["config"]["output"].items() if name != "overwrite"}
    return {**{name: job[name] for name in job if name != "out_dir"}, "config": {**job["config"], "output": output}}


def _is_same_area(path: Path | None, sha256: str | None) -> bool:
    return sha256 is None if path is None else _is_same(path, sha256)


def _is_same(path: Path, sha256: str | None) -> bool:
    return sha256 is not None and path.is_file() and file_sha256(path) == sha256
