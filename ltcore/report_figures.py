"""Figures of the report, each as a data URI that needs no other file."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_gradient_magnitude, uniform_filter

with warnings.catch_warnings():  # that Debian's older mpl_toolkits has no 3D axes for this matplotlib
    warnings.filterwarnings("ignore", "Unable to import Axes3D")
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

from .gcp import gcp_set_from, thinned_evenly
from .report_drawing import (
    COLOURS,
    DPI,
    NARROWEST_IN,
    NO_DATA,
    PAGE_IN,
    PREVIEW_PX,
    TALLEST_IN,
    VECTORS,
    Arrows,
    arrow_map,
    colour_bar,
    data_uri,
    fitting,
    grey,
    length_scale,
    show,
)  # fmt: skip
from .report_previews import Crop, Previews, ToSensed, whole
from .result import RegistrationResult, TransformFit
from .types import FloatArray

_LINES = 80  # matches drawn as lines; all are drawn as dots
_CELLS = 8  # checkerboard cells along the longer side
_CLOSE_UPS = 4
_CANDIDATES = 60  # tie points around which a close-up may be
_EDGE_SIGMA_PX = 2.0  # of a close-up's picture, which enlarges twice
_EDGE_COLOUR = np.array([1.0, 0.45, 0.0])
_CLOSE_UP_PX = 180  # side of a close-up, in pixels of the coarser raster
_OUTLIER = "#a9b6c6"
_SENSED_TINT = np.array([1.0, 0.86, 0.74])  # tells the cells of the sensed raster from the reference's


def matches(result: RegistrationResult, previews: Previews) -> str:
    """Both images side by side; inliers joined by lines coloured by residual, outliers thin and grey."""
    reference = whole(result.reference_grid.width, result.reference_grid.height, PREVIEW_PX)
    sensed = whole(result.sensed_grid.width, result.sensed_grid.height, PREVIEW_PX)
    ratios = [reference.width / reference.height, sensed.width / sensed.height]
    width = max(min(PAGE_IN - 0.9, TALLEST_IN * sum(ratios)), 2 * NARROWEST_IN)
    height = min(max(width / sum(ratios), NARROWEST_IN / 2), TALLEST_IN)
    figure = Figure(figsize=(width + 0.9, height + 0.35), dpi=DPI)
    left, right = figure.subplots(1, 2, width_ratios=ratios)
    show(left, grey(previews.reference(reference)), reference, "Reference")
    show(right, grey(previews.sensed(sensed)), sensed, "Sensed")
    figure.subplots_adjust(0.005, 0.01, width / (width + 0.9), height / (height + 0.35), wspace=0.02)
    inliers, lengths, scale = _residual_scale(result)
    points = result.tie_points
    for axes, xy in ((left, points.reference_xy), (right, points.sensed_xy)):
        axes.scatter(*xy[~inliers].T, s=6, c=_OUTLIER, linewidths=0.3, edgecolors="#30353c")
        axes.scatter(*xy[inliers].T, s=7, c=lengths[inliers], cmap=COLOURS, norm=scale, linewidths=0)
    _join(figure, (left, right), result, ~inliers, None)
    _join(figure, (left, right), result, inliers, scale)
    if inliers.any():
        colour_bar(figure, right, scale)
    return data_uri(figure, "jpeg")


def _join(
    figure: Any, axes: tuple[Any, Any], result: RegistrationResult, chosen: NDArray[np.bool_], scale: Any
) -> None:
    index = np.flatnonzero(chosen)
    index = index[np.linspace(0, len(index) - 1, min(_LINES, len(index))).astype(int)]
    to_figure = figure.transFigure.inverted()
    ends = [
        to_figure.transform(side.transData.transform(xy[index]))
        for side, xy in zip(axes, (result.tie_points.reference_xy, result.tie_points.sensed_xy))
    ]
    segments = np.stack(ends, axis=1) if len(index) else np.zeros((0, 2, 2))
    colours: Any = _OUTLIER if scale is None else COLOURS(scale(_residual_scale(result)[1][index]))
    lines = LineCollection(
        list(segments), colors=colours, linewidths=0.35 if scale is None else 0.7, alpha=0.5 if scale is None else 0.75
    )
    lines.set_transform(figure.transFigure)
    figure.add_artist(lines)


def residual_vectors(result: RegistrationResult, previews: Previews) -> str | None:
    """Residuals of the inliers over the reference, enlarged; None without inliers."""
    chosen = thinned_evenly(gcp_set_from(result), VECTORS)
    if not isinstance(result.fit, TransformFit) or not len(chosen):
        return None
    vectors, scale = result.fit.residuals_px[chosen], _residual_scale(result)[2]
    return arrow_map(result, previews, Arrows(result.tie_points.reference_xy[chosen], vectors, scale))


def checkerboards(result: RegistrationResult, previews: Previews) -> str | None:
    """The whole area as checkerboard of both rasters, before and after; None without a transform."""
    after = previews.after()
    if after is None:
        return None
    crop = whole(result.reference_grid.width, result.reference_grid.height, PREVIEW_PX)
    width, height = fitting(crop, (PAGE_IN - 0.1) / 2)
    figure = Figure(figsize=(2 * width + 0.1, height + 0.3), dpi=150)
    for axes, to_sensed, title in zip(figure.subplots(1, 2), (previews.before(), after), ("Before", "After")):
        show(axes, _checkerboard(previews, crop, to_sensed, _CELLS), crop, title)
    figure.subplots_adjust(0.003, 0.005, 0.997, 1 - 0.3 / figure.get_figheight(), wspace=0.015)
    return data_uri(figure, "jpeg")


def close_ups(result: RegistrationResult, previews: Previews) -> str | None:
    """A few spots at full resolution, edges of the sensed raster over the reference; None without inliers."""
    after = previews.after()
    chosen = thinned_evenly(gcp_set_from(result), _CANDIDATES)
    if after is None or not len(chosen):
        return None
    crops = _spots(result, previews, after, result.tie_points.reference_xy[chosen])
    figure = Figure(figsize=(PAGE_IN, 2 * (PAGE_IN - 0.4) / _CLOSE_UPS + 0.1), dpi=150)
    panels = figure.subplots(2, _CLOSE_UPS, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    for column, crop in enumerate(crops):
        for row, to_sensed in enumerate((previews.before(), after)):
            show(panels[row, column], _outlined(previews, crop, to_sensed), crop, "")
    for row, name in enumerate(("before", "after")):
        figure.text(0.002, 0.75 - 0.5 * row, name, rotation=90, va="center", ha="left", fontsize=10)
    figure.subplots_adjust(0.025, 0.005, 0.997, 0.995, wspace=0.02, hspace=0.02)
    return data_uri(figure, "jpeg")


def _spots(result: RegistrationResult, previews: Previews, to_sensed: ToSensed, centres: FloatArray) -> list[Crop]:
    """Returns square crops around those centres whose surroundings show the strongest edges in both rasters."""
    grid = result.reference_grid
    x, y = grid.width / 2, grid.height / 2
    step = to_sensed(np.array([[x, y], [x + 1, y]]))
    coarser = max(1.0, 1 / max(float(np.linalg.norm(step[1] - step[0])), 1e-3))
    side = float(min(_CLOSE_UP_PX * coarser, grid.width, grid.height))
    overview = whole(grid.width, grid.height, PREVIEW_PX // 2)
    both = _edges(previews.reference(overview), 2) * _edges(previews.sensed(overview, to_sensed), 2)
    strength = uniform_filter(np.nan_to_num(both), round(side * overview.size[0] / grid.width), mode="constant")
    corners = np.clip(centres - side / 2, 0, [grid.width - side, grid.height - side])
    at = ((corners + side / 2) * overview.size / [grid.width, grid.height]).astype(int)
    crops: list[Crop] = []
    for x, y in corners[np.argsort(-strength[at[:, 1], at[:, 0]], kind="stable")]:
        if all(max(abs(crop.x - x), abs(crop.y - y)) >= side for crop in crops):
            crops.append(Crop(float(x), float(y), side, side, (2 * _CLOSE_UP_PX, 2 * _CLOSE_UP_PX)))
    return crops[:_CLOSE_UPS]


def _edges(picture: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Returns the gradient's strength, nan near missing data."""
    strength: NDArray[np.float64] = gaussian_gradient_magnitude(picture, sigma)
    return strength


def _outlined(previews: Previews, crop: Crop, to_sensed: ToSensed) -> NDArray[np.float64]:
    """Returns the reference in grey with the strongest edges of the sensed raster in orange."""
    edges = _edges(previews.sensed(crop, to_sensed), _EDGE_SIGMA_PX)
    low, high = np.nanpercentile(edges, [85, 97]) if np.isfinite(edges).any() else (0.0, 1.0)
    cover = np.nan_to_num(np.clip((edges - low) / max(high - low, 1e-12), 0, 1))[:, :, None]
    outlined: NDArray[np.float64] = (1 - cover) * grey(previews.reference(crop)) + cover * _EDGE_COLOUR
    return outlined


def histogram(result: RegistrationResult) -> str | None:
    """Residuals of the inliers, in the fit and held out of it; None without inliers."""
    fit = result.fit
    if not isinstance(fit, TransformFit) or not fit.inliers.any():
        return None
    lengths = np.linalg.norm(fit.residuals_px[fit.inliers], axis=1)
    heldout = fit.heldout_px[fit.inliers]
    heldout = heldout[np.isfinite(heldout)]
    top = max(float(np.percentile(np.concatenate([lengths, heldout]), 99.5)), 1e-3)
    bins = np.linspace(0, top, 31).tolist()
    figure = Figure(figsize=(5.6, 2.9), dpi=DPI)
    axes = figure.subplots()
    axes.hist(np.minimum(lengths, top), bins, color="#3b6fb6", alpha=0.85, label="in the fit")
    if len(heldout):
        axes.hist(np.minimum(heldout, top), bins, histtype="step", color="#c2410c", linewidth=1.4, label="held out")
    if result.quality.ce90_px is not None:
        axes.axvline(result.quality.ce90_px, color="#444444", linestyle=":", linewidth=1.2, label="CE90")
    axes.set_xlabel("length of the residual, reference px", fontsize=9)
    axes.set_ylabel("inliers", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    return data_uri(figure, "png")


def _checkerboard(previews: Previews, crop: Crop, to_sensed: ToSensed, cells: int) -> NDArray[np.float64]:
    reference = grey(previews.reference(crop))
    sensed = previews.sensed(crop, to_sensed)
    sensed = np.where(np.isfinite(sensed)[:, :, None], grey(sensed) * _SENSED_TINT, NO_DATA)
    columns, rows = crop.size
    side = max(1.0, max(crop.size) / cells)
    turn = np.add.outer((np.arange(rows) // side).astype(int), (np.arange(columns) // side).astype(int)) % 2
    return np.where(turn[:, :, None] == 1, sensed, reference)


def _residual_scale(result: RegistrationResult) -> tuple[NDArray[np.bool_], FloatArray, Any]:
    """Returns the inlier mask (K,), residual lengths (K,) and the colour scale of the residuals."""
    count = len(result.tie_points)
    inliers, lengths = np.zeros(count, dtype=bool), np.zeros(count)
    if isinstance(result.fit, TransformFit):
        inliers, lengths = result.fit.inliers, np.linalg.norm(result.fit.residuals_px, axis=1)
    return inliers, lengths, length_scale(lengths[inliers])
