"""The report of an assessment for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import report_figures
from .assessment import Assessment
from .gcp import gcp_set_from, thinned_evenly
from .html_page import write_page
from .offsets import OffsetStatistics
from .progress import Progress, checkpoint
from .raster.crs import unit_name
from .report_drawing import VECTORS, Arrows, arrow_map, data_uri, length_scale, panels
from .report_page import in_px, report_page
from .report_previews import Previews
from .summary import other_limits
from .types import FloatArray

_VERDICTS = {
    "PASS": "The measurement can be trusted.",
    "WARN": "The measurement is usable, but look at the points below first.",
    "FAIL": "No trustworthy measurement: do not rely on these numbers.",
}
_PAIRS = {
    "mean": "Mean (bias)",
    "mean_error": "its standard error",
    "median": "Median",
    "std": "Standard deviation: what a shift would leave",
    "rmse_axes": "RMSE along each axis",
}
_LENGTHS = {
    "rmse": "RMSE",
    "mean_length": "Mean length",
    "median_length": "Median length",
    "ce90": "CE90",
    "ce95": "CE95",
    "longest": "Longest",
}


def write_assess_report(path: Path, assessment: Assessment, progress: Progress) -> None:
    """Writes the report, whole or not at all. The rasters are read again, decimated.

    Raises:
        RasterReadError: a raster can no longer be read.
        OutputError: the file cannot be written.
        CancelledError: the user cancelled.
    """
    write_page(path, render(assessment, progress))


def render(assessment: Assessment, progress: Progress) -> str:
    """Returns the report as HTML; without tie points to rest on there are no statistics and no pictures."""
    result = assessment.result
    return report_page(
        "assess_report.html.j2",
        result,
        verdict_sentence=_VERDICTS[result.quality.verdict],
        notes=other_limits(result),
        cards=_cards(assessment),
        statistics=_statistics(assessment),
        unit=unit_name(result.reference_grid.crs_wkt or ""),
        numbers=_numbers(assessment),
        figures=_figures(assessment, progress),
    )


def _cards(assessment: Assessment) -> list[tuple[str, str, str]]:
    quality, found = assessment.result.quality, assessment.statistics_px()
    bias = None if found is None else float(np.hypot(*found.mean))
    return [
        ("Mean offset", in_px(bias), "length of the mean vector"),
        ("RMSE", in_px(None if found is None else found.rmse), "of all offsets used"),
        ("CE90", in_px(None if found is None else found.ce90), "90 % of the offsets are shorter"),
        ("Noise", in_px(quality.heldout_rmse_px), "of one measured offset"),
        ("Tie points", f"{assessment.offsets.used.sum():,} of {quality.tie_points:,}", "were used"),
        ("Coverage", f"{quality.coverage:.0%}", "of the overlap's cells hold a tie point"),
    ]


def _numbers(assessment: Assessment) -> list[tuple[str, str]]:
    result = assessment.result
    model = getattr(getattr(result.fit, "transform", None), "model", None)
    rows = [("Simplest transform that would correct it", model or "none was found")]
    if result.quality.hull_coverage is not None:
        rows.append(("Overlap within the tie points' hull", f"{result.quality.hull_coverage:.0%}"))
    if result.quality.structure is not None:
        rows.append(("Structure agreement above chance", f"{result.quality.structure:.1f} standard deviations"))
    return rows


def _statistics(assessment: Assessment) -> list[tuple[str, str, str]]:
    """Returns (name, in px, in map units) of every statistic; nothing without tie points to rest on."""
    in_pixels, in_map = assessment.statistics_px(), assessment.statistics_map()
    if in_pixels is None or in_map is None:
        return []
    rows = [(text, _pair(in_pixels, name, "{:+.3f}"), _pair(in_map, name, "{:+#.4g}")) for name, text in _PAIRS.items()]
    rows += [
        (text, f"{getattr(in_pixels, name):.3f}", f"{getattr(in_map, name):#.4g}") for name, text in _LENGTHS.items()
    ]
    return rows


def _pair(statistics: OffsetStatistics, name: str, form: str) -> str:
    values = getattr(statistics, name)
    form = form if name in ("mean", "median") else form.replace("+", "")
    return "not known" if values is None else ", ".join(form.format(value) for value in values)


def _figures(assessment: Assessment, progress: Progress) -> dict[str, str | None]:
    result, offsets = assessment.result, assessment.offsets
    if not offsets.used.any():
        return {"offsets": None, "histogram": None, "checkerboards": None}
    previews = Previews(result, progress)
    checkpoint(progress)
    chosen = thinned_evenly(gcp_set_from(result), VECTORS)
    chosen = chosen[offsets.used[chosen]]
    vectors = offsets.px[offsets.used]
    arrows = Arrows(
        result.tie_points.reference_xy[chosen], offsets.px[chosen], length_scale(np.linalg.norm(vectors, axis=1))
    )
    figures = {"offsets": arrow_map(result, previews, arrows), "histogram": _histogram(vectors)}
    checkpoint(progress)
    return {**figures, "checkerboards": report_figures.checkerboards(result, previews)}


def _histogram(vectors: FloatArray) -> str:
    """Lengths as a histogram, and both components as a cloud around the true place."""
    figure, (lengths, cloud) = panels(9.6, 3.2, [1.9, 1.0])
    lengths.hist(np.linalg.norm(vectors, axis=1), 30, color="#3b6fb6", alpha=0.85)
    lengths.set_xlabel("length of the offset, reference px", fontsize=9)
    lengths.set_ylabel("tie points", fontsize=9)
    cloud.scatter(*vectors.T, s=5, c="#3b6fb6", alpha=0.5, linewidths=0)
    cloud.scatter(*vectors.mean(axis=0), s=60, marker="+", c="#c2410c", linewidths=1.6)
    reach = 1.1 * max(float(np.abs(vectors).max()), 1e-3)
    _square(cloud, reach)
    for axes in (lengths, cloud):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return data_uri(figure, "png")


def _square(axes: Any, reach: float) -> None:
    axes.axhline(0, color="#b8c0cc", linewidth=0.8, zorder=0)
    axes.axvline(0, color="#b8c0cc", linewidth=0.8, zorder=0)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(reach, -reach)  # y points down, as in the image
    axes.set_box_aspect(1)
    axes.set_xlabel("along x, px (+: the mean)", fontsize=9)
    axes.set_ylabel("along y, px (down)", fontsize=9)
