"""What the pages of all reports share."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any

from . import __version__
from .config import to_json_object
from .html_page import rendered
from .raster.grid import GeoGrid
from .result import RegistrationResult

_GAPS = {
    "nodata": "one of the images shows nothing there",
    "no texture": "the reference shows nothing to be recognised",
    "no match": "nothing clear was found in the sensed image",
    "outlier": "found, but off the transform: something moved or changed, or it bends more than the transform",
    "not searched": "outside the area of interest, or enough tie points lie elsewhere",
}


def report_page(template: str, result: RegistrationResult, **values: Any) -> str:
    """Returns a page as HTML: what a template is given, and what all reports say of a run.

    Args:
        template: file beside this module that extends report_base.html.j2.
        result: the run.
        values: what this report says beyond others.
    """
    return rendered(
        Path(__file__).with_name(template),
        verdict=result.quality.verdict,
        reasons=result.quality.reasons,
        inputs=_inputs(result),
        gaps=_gaps(result),
        counts=[(_words(name), f"{count:,}") for name, count in result.counts.items()],
        times=_times(result),
        settings=_settings(result),
        versions=sorted(result.provenance.get("versions", {"ltcore": __version__}).items()),
        **values,
    )


def in_px(value: float | None) -> str:
    """Returns a length in words."""
    return "not measured" if value is None or not isfinite(value) else f"{value:.2f} px"


def _gaps(result: RegistrationResult) -> list[tuple[str, str, str]]:
    """Returns (reason, meaning, share) of all cells without tie points."""
    shares = {} if result.gaps is None else result.gaps.shares
    return [(reason, _GAPS[reason], f"{share:.0%}" if share >= 0.01 else "< 1%") for reason, share in shares.items()]


def _inputs(result: RegistrationResult) -> list[tuple[str, str, str]]:
    """Returns (role, name and band, grid in words) of both rasters."""
    job = result.job
    roles = (("Reference", job.reference, result.reference_grid), ("Sensed", job.sensed, result.sensed_grid))
    return [(role, f"{source.path.name}, band {source.band}", _grid(grid)) for role, source, grid in roles]


def _grid(grid: GeoGrid) -> str:
    size = f"{grid.width:,} x {grid.height:,} px"
    if grid.geotransform is None:
        return f"{size}, no georeference"
    pixel = f"pixel {grid.pixel_size_map:.6g} map units"
    return f"{size}, {pixel}, {_crs_name(grid.crs_wkt)}{', rotated' if grid.is_rotated else ''}"


def _crs_name(crs_wkt: str | None) -> str:
    parts = (crs_wkt or "").split('"')
    return parts[1] if len(parts) > 1 else "no CRS"


def _settings(result: RegistrationResult) -> list[tuple[str, str]]:
    config = to_json_object(result.job.config)
    rows = [("device", result.device), ("backend", result.backend)]
    if result.provenance.get("weights"):
        rows.append(("weights", json.dumps(result.provenance["weights"])))
    for stage, values in config.items():
        rows.extend((f"{stage}.{name}", str(value)) for name, value in values.items())
    return rows


def _words(name: str) -> str:
    return name.replace("_", " ")


def _times(result: RegistrationResult) -> list[tuple[str, str, str]]:
    """Returns (stage, wall time, CPU time) of the stages before anything is written, their sum last."""
    wall = {name: seconds for name, seconds in result.seconds.items() if seconds and name not in ("write", "report")}
    cpu = {name: result.cpu_seconds.get(name, 0.0) for name in wall}
    rows = [*((name, wall[name], cpu[name]) for name in wall), ("all stages", sum(wall.values()), sum(cpu.values()))]
    return [(_words(name), f"{seconds:.2f}", f"{of_cpu:.2f}") for name, seconds, of_cpu in rows]
