"""The report of a registration for people: one HTML file that needs no other file and no network."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np

from . import report_figures
from .html_page import write_page
from .progress import Progress, checkpoint
from .report_page import in_px, report_page
from .report_previews import Previews
from .report_similarity import edge_correlations
from .result import RegistrationResult, TransformFit
from .summary import notes

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
    write_page(path, render(result, progress))


def render(result: RegistrationResult, progress: Progress) -> str:
    """Returns the report as HTML; figures that need a transform are left out where there is none."""
    quality, previews = result.quality, Previews(result, progress)
    similarity = edge_correlations(result, previews, progress)
    return report_page(
        "report.html.j2",
        result,
        verdict_sentence=_VERDICTS[quality.verdict],
        notes=notes(result),
        cards=_cards(result),
        numbers=_numbers(result),
        similarity=None if np.isnan(similarity[0]) else similarity,
        models=_models(result),
        figures=_figures(result, previews, progress),
        is_georeferenced=result.reference_grid.is_georeferenced and result.sensed_grid.is_georeferenced,
    )


def _figures(result: RegistrationResult, previews: Previews, progress: Progress) -> dict[str, str | None]:
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
        ("Held-out error", in_px(quality.heldout_rmse_px), "RMSE at tie points left out of the fit"),
        ("Fit error", in_px(quality.rmse_px), "RMSE of the tie points used"),
        ("CE90", in_px(quality.ce90_px), "90 % of the tie points are closer than this"),
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
        rows += [("Mean residual", in_px(quality.mae_px)), ("CE95", in_px(quality.ce95_px))]
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
            in_px(trial["rmse_px"]),
            in_px(trial["median_px"]),
            f"{trial['inliers']:,}",
        )
        for trial in result.provenance.get("models", [])
    ]
