"""The report of a registration for people: one HTML file that needs no other file and no network."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any, Callable

import jinja2
import numpy as np

from . import __version__, report_figures
from .atomic import atomic_path
from .config import to_json_object
from .progress import Progress, checkpoint
from .raster.grid import GeoGrid
from .report_previews import Previews
from .result import RegistrationResult, TransformFit
from .summary import notes

_TEMPLATE = "report.html.j2"
_VERDICTS = {
    "PASS": "The registration can be trusted.",
    "WARN": "The registration is usable, but look at the points below first.",
    "FAIL": "No trustworthy registration was found.",
}


def write_report(path: Path, result: RegistrationResult, progress: Progress) -> None:
    """Writes the report, whole or not at all. The rasters are read again, decimated.

    Raises:
        RasterReadError: a raster can no longer be read.
        OutputError: the file cannot be written.
        CancelledError: the user cancelled.
    """
    text = render(result, progress)
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())  # not write_text: Windows would change the line ends


def render(result: RegistrationResult, progress: Progress) -> str:
    """Returns the report as HTML; figures that need a transform are left out where there is none."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    quality = result.quality
    return environment.get_template(_TEMPLATE).render(
        verdict=quality.verdict,
        verdict_sentence=_VERDICTS[quality.verdict],
        reasons=quality.reasons,
        notes=notes(result),
        cards=_cards(result),
        numbers=_numbers(result),
        models=_models(result),
        inputs=_inputs(result),
        figures=_figures(result, progress),
        counts=[(_words(name), f"{count:,}") for name, count in result.counts.items()],
        seconds=[(_words(name), f"{value:.2f}") for name, value in result.seconds.items()],
        total_seconds=f"{sum(result.seconds.values()):.1f}",
        settings=_settings(result),
        versions=sorted(result.provenance.get("versions", {"ltcore": __version__}).items()),
        is_georeferenced=result.reference_grid.is_georeferenced and result.sensed_grid.is_georeferenced,
    )


def _figures(result: RegistrationResult, progress: Progress) -> dict[str, str | None]:
    previews = Previews(result, progress)
    makers: dict[str, Callable[[], str | None]] = {
        "checkerboards": lambda: report_figures.checkerboards(result, previews),
        "close_ups": lambda: report_figures.close_ups(result, previews),
        "matches": lambda: report_figures.matches(result, previews),
        "vectors": lambda: report_figures.residual_vectors(result, previews),
        "histogram": lambda: report_figures.histogram(result),
    }
    figures = {}
    for done, (name, maker) in enumerate(makers.items()):
        checkpoint(progress)
        figures[name] = maker()
        progress.report((done + 1) / len(makers), "Writing the report")
    return figures


def _cards(result: RegistrationResult) -> list[tuple[str, str, str]]:
    """Returns (name, value, explanation) of the numbers that matter most."""
    quality = result.quality
    return [
        ("Held-out error", _px(quality.heldout_rmse_px), "RMSE at tie points left out of the fit"),
        ("Fit error", _px(quality.rmse_px), "RMSE of the tie points used"),
        ("CE90", _px(quality.ce90_px), "90 % of the tie points are closer than this"),
        ("Tie points", f"{quality.inliers:,} of {quality.tie_points:,}", "agree with the transform"),
        ("Coverage", f"{quality.coverage:.0%}", "of the overlap's cells hold a tie point"),
    ]


def _numbers(result: RegistrationResult) -> list[tuple[str, str]]:
    quality = result.quality
    rows = []
    for name, length_map in (
        ("Fit error (RMSE)", quality.rmse_map),
        ("Held-out error", quality.heldout_rmse_map),
        ("CE90", quality.ce90_map),
        ("CE95", quality.ce95_map),
    ):
        if length_map is not None:
            rows.append((f"{name}, map units", f"{length_map:.4g}"))
    if quality.mae_px is not None:
        rows += [("Mean residual", _px(quality.mae_px)), ("CE95", _px(quality.ce95_px))]
    if quality.rmse_axes_px is not None:
        rows.append(("RMSE along x and y", "{:.3f}, {:.3f} px".format(*quality.rmse_axes_px)))
    if quality.bias_px is not None:
        rows.append(("Bias, mean held-out residual (x, y)", f"{quality.bias_px[0]:+.3f}, {quality.bias_px[1]:+.3f} px"))
    if quality.bias_error_px is not None:
        rows.append(("its standard error", "{:.3f}, {:.3f} px".format(*quality.bias_error_px)))
    if quality.hull_coverage is not None:
        rows.append(("Overlap within the tie points' hull", f"{quality.hull_coverage:.0%}"))
    if quality.structure is not None:
        rows.append(("Structure agreement above chance", f"{quality.structure:.1f} standard deviations"))
    return [*_transform_rows(result), *rows]


def _transform_rows(result: RegistrationResult) -> list[tuple[str, str]]:
    if not isinstance(result.fit, TransformFit):
        return [("Transform", f"none: {result.fit.reason}")]
    transform, grid = result.fit.transform, result.sensed_grid
    x, y = grid.width / 2, grid.height / 2
    centre, right, down = transform(np.array([[x, y], [x + 1, y], [x, y + 1]]))
    jacobian = np.column_stack([right - centre, down - centre])
    turn = np.degrees(np.arctan2(jacobian[1, 0] - jacobian[0, 1], jacobian[0, 0] + jacobian[1, 1]))
    scale = np.sqrt(abs(np.linalg.det(jacobian)))
    return [
        ("Transform, sensed to reference pixels", transform.model),
        ("Centre of the sensed image", f"column {x:.1f}, row {y:.1f}"),
        ("lies in the reference at", f"column {centre[0]:.2f}, row {centre[1]:.2f}"),
        ("Rotation there, clockwise", f"{turn:+.3f} degrees"),
        ("Scale there", f"{scale:.5f} reference px per sensed px"),
    ]


def _models(result: RegistrationResult) -> list[tuple[str, str, str, str]]:
    """Returns (name, held-out RMSE, held-out median, tie points) of every model tried, the chosen one marked."""
    chosen = result.fit.transform.model if isinstance(result.fit, TransformFit) else ""
    return [
        (
            trial["model"] + (" (chosen)" if trial["model"] == chosen else ""),
            _px(trial["rmse_px"]),
            _px(trial["median_px"]),
            f"{trial['inliers']:,}",
        )
        for trial in result.provenance.get("models", [])
    ]


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


def _px(value: float | None) -> str:
    return "not measured" if value is None or not isfinite(value) else f"{value:.2f} px"


def _words(name: Any) -> str:
    return str(name).replace("_", " ")
