"""Figures of the report, each as a data URI that needs no other file."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_gradient_magnitude, uniform_filter

with warnings.catch_warnings():  # that Debian's older mpl_toolkits has no 3D axes for this matplotlib
    warnings.filterwarnings("ignore", "Unable to import Axes3D")
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

from .gcp import gcp_set_from, thinned_evenly
from .report_previews import Crop, Previews, ToSensed, whole
from .result import RegistrationResult, TransformFit
from .types import FloatArray

PREVIEW_PX = 900  # longest side of a preview picture

_DPI = 110
_PAGE_IN = 10.6  # width of a figure, inches
_TALLEST_IN = 7.5
_NARROWEST_IN = 1.2
_LINES = 80  # matches drawn as lines; all are drawn as dots
_VECTORS = 400  # residual vectors drawn
_CELLS = 8  # checkerboard cells along the longer side
_CLOSE_UPS = 4
_CANDIDATES = 60  # tie points around which a close-up may be
_EDGE_SIGMA_PX = 2.0  # of a close-up's picture, which enlarges twice
_EDGE_COLOUR = np.array([1.0, 0.45, 0.0])
_CLOSE_UP_PX = 180  # side of a close-up, in pixels of the coarser raster
_COLOURS = colormaps["plasma"]
_OUTLIER = "#a9b6c6"
_SENSED_TINT = np.array([1.0, 0.86, 0.74])  # tells the cells of the sensed raster from the reference's
_NO_DATA = 0.93  # grey where a picture has no data


def matches(result: RegistrationResult, previews: Previews) -> str:
    """Both images side by side; inliers joined by lines coloured by residual, outliers thin and grey."""
    reference = whole(result.reference_grid.width, result.reference_grid.height, PREVIEW_PX)
    sensed = whole(result.sensed_grid.width, result.sensed_grid.height, PREVIEW_PX)
    ratios = [reference.width / reference.height, sensed.width / sensed.height]
    width = max(min(_PAGE_IN - 0.9, _TALLEST_IN * sum(ratios)), 2 * _NARROWEST_IN)
    height = min(max(width / sum(ratios), _NARROWEST_IN / 2), _TALLEST_IN)
    figure = Figure(figsize=(width + 0.9, height + 0.35), dpi=_DPI)
    left, right = figure.subplots(1, 2, width_ratios=ratios)
    _show(left, _grey(previews.reference(reference)), reference, "Reference")
    _show(right, _grey(previews.sensed(sensed)), sensed, "Sensed")
    figure.subplots_adjust(0.005, 0.01, width / (width + 0.9), height / (height + 0.35), wspace=0.02)
    inliers, lengths, scale = _residual_scale(result)
    points = result.tie_points
    for axes, xy in ((left, points.reference_xy), (right, points.sensed_xy)):
        axes.scatter(*xy[~inliers].T, s=6, c=_OUTLIER, linewidths=0.3, edgecolors="#30353c")
        axes.scatter(*xy[inliers].T, s=7, c=lengths[inliers], cmap=_COLOURS, norm=scale, linewidths=0)
    _join(figure, (left, right), result, ~inliers, None)
    _join(figure, (left, right), result, inliers, scale)
    if inliers.any():
        _colour_bar(figure, right, scale)
    return _data_uri(figure, "jpeg")


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
    colours: Any = _OUTLIER if scale is None else _COLOURS(scale(_residual_scale(result)[1][index]))
    lines = LineCollection(
        list(segments), colors=colours, linewidths=0.35 if scale is None else 0.7, alpha=0.5 if scale is None else 0.75
    )
    lines.set_transform(figure.transFigure)
    figure.add_artist(lines)


def residual_vectors(result: RegistrationResult, previews: Previews) -> str | None:
    """Residuals of the inliers over the reference, enlarged; None without inliers."""
    chosen = thinned_evenly(gcp_set_from(result), _VECTORS)
    if not isinstance(result.fit, TransformFit) or not len(chosen):
        return None
    crop = whole(result.reference_grid.width, result.reference_grid.height, PREVIEW_PX)
    figure, axes = _single(crop)
    _show(axes, 0.35 + 0.6 * _grey(previews.reference(crop)), crop, "")
    vectors, scale = result.fit.residuals_px[chosen], _residual_scale(result)[2]
    lengths = np.linalg.norm(vectors, axis=1)
    usual = max(float(np.percentile(lengths, 90)), 1e-6)
    enlarged = 0.035 * max(crop.width, crop.height) / usual  # picture px of the reference per px of residual
    arrows = axes.quiver(
        *result.tie_points.reference_xy[chosen].T, *vectors.T, lengths, angles="xy", scale_units="xy",
        scale=1 / enlarged, cmap=_COLOURS, norm=scale, width=0.0028, headwidth=3.6, headlength=4.2,
    )  # fmt: skip
    axes.set_xlim(*crop.extent[:2])
    axes.set_ylim(*crop.extent[2:])
    length = _round_length(usual)
    axes.quiverkey(
        arrows, 0.03, 1.035, length, f"{length:g} px   (drawn {_round_length(enlarged):g} times as long)",
        labelpos="E", coordinates="axes", color="#222222", fontproperties={"size": 9},
    )  # fmt: skip
    _colour_bar(figure, axes, scale)
    return _data_uri(figure, "jpeg")


def checkerboards(result: RegistrationResult, previews: Previews) -> str | None:
    """The whole area as checkerboard of both rasters, before and after; None without a transform."""
    after = previews.after()
    if after is None:
        return None
    crop = whole(result.reference_grid.width, result.reference_grid.height, PREVIEW_PX)
    width, height = _fitting(crop, (_PAGE_IN - 0.1) / 2)
    figure = Figure(figsize=(2 * width + 0.1, height + 0.3), dpi=150)
    for axes, to_sensed, title in zip(figure.subplots(1, 2), (previews.before(), after), ("Before", "After")):
        _show(axes, _checkerboard(previews, crop, to_sensed, _CELLS), crop, title)
    figure.subplots_adjust(0.003, 0.005, 0.997, 1 - 0.3 / figure.get_figheight(), wspace=0.015)
    return _data_uri(figure, "jpeg")


def close_ups(result: RegistrationResult, previews: Previews) -> str | None:
    """A few spots at full resolution, edges of the sensed raster over the reference; None without inliers."""
    after = previews.after()
    chosen = thinned_evenly(gcp_set_from(result), _CANDIDATES)
    if after is None or not len(chosen):
        return None
    crops = _spots(result, previews, after, result.tie_points.reference_xy[chosen])
    figure = Figure(figsize=(_PAGE_IN, 2 * (_PAGE_IN - 0.4) / _CLOSE_UPS + 0.1), dpi=150)
    panels = figure.subplots(2, _CLOSE_UPS, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    for column, crop in enumerate(crops):
        for row, to_sensed in enumerate((previews.before(), after)):
            _show(panels[row, column], _outlined(previews, crop, to_sensed), crop, "")
    for row, name in enumerate(("before", "after")):
        figure.text(0.002, 0.75 - 0.5 * row, name, rotation=90, va="center", ha="left", fontsize=10)
    figure.subplots_adjust(0.025, 0.005, 0.997, 0.995, wspace=0.02, hspace=0.02)
    return _data_uri(figure, "jpeg")


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
    outlined: NDArray[np.float64] = (1 - cover) * _grey(previews.reference(crop)) + cover * _EDGE_COLOUR
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
    figure = Figure(figsize=(5.6, 2.9), dpi=_DPI)
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
    return _data_uri(figure, "png")


def _checkerboard(previews: Previews, crop: Crop, to_sensed: ToSensed, cells: int) -> NDArray[np.float64]:
    reference = _grey(previews.reference(crop))
    sensed = previews.sensed(crop, to_sensed)
    sensed = np.where(np.isfinite(sensed)[:, :, None], _grey(sensed) * _SENSED_TINT, _NO_DATA)
    columns, rows = crop.size
    side = max(1.0, max(crop.size) / cells)
    turn = np.add.outer((np.arange(rows) // side).astype(int), (np.arange(columns) // side).astype(int)) % 2
    return np.where(turn[:, :, None] == 1, sensed, reference)


def _grey(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns a (H, W, 3) picture, light grey where there is no data."""
    return np.repeat(np.where(np.isfinite(picture), picture, _NO_DATA)[:, :, None], 3, axis=2)


def _single(crop: Crop) -> tuple[Any, Any]:
    width, height = _fitting(crop, 7.6)
    figure = Figure(figsize=(width + 0.9, height + 0.45), dpi=_DPI)
    axes = figure.subplots()
    figure.subplots_adjust(0.005, 0.01, width / (width + 0.9), 1 - 0.42 / figure.get_figheight())
    return figure, axes


def _fitting(crop: Crop, widest: float) -> tuple[float, float]:
    """Returns width and height of a picture, inches, in proportion unless it is very long and thin."""
    width = min(widest, _TALLEST_IN * crop.width / crop.height)
    return max(width, _NARROWEST_IN), max(width * crop.height / crop.width, _NARROWEST_IN / 2)


def _show(axes: Any, picture: NDArray[np.float64], crop: Crop, title: str) -> None:
    axes.imshow(picture, extent=crop.extent, interpolation="antialiased", aspect="auto")
    axes.set_axis_off()
    if title:
        axes.set_title(title, fontsize=10, loc="left", pad=4)


def _residual_scale(result: RegistrationResult) -> tuple[NDArray[np.bool_], FloatArray, Any]:
    """Returns the inlier mask (K,), residual lengths (K,) and the colour scale of the residuals."""
    count = len(result.tie_points)
    inliers, lengths = np.zeros(count, dtype=bool), np.zeros(count)
    if isinstance(result.fit, TransformFit):
        inliers, lengths = result.fit.inliers, np.linalg.norm(result.fit.residuals_px, axis=1)
    top = float(np.percentile(lengths[inliers], 98)) if inliers.any() else 1.0
    return inliers, lengths, Normalize(0, max(top, 1e-6))


def _colour_bar(figure: Any, axes: Any, scale: Any) -> None:
    box = axes.get_position()
    bar = figure.add_axes([box.x1 + 0.012, box.y0 + 0.1 * box.height, 0.012, 0.8 * box.height])
    values = np.linspace(scale.vmin, scale.vmax, 128)[:, None]
    bar.imshow(values, aspect="auto", origin="lower", cmap=_COLOURS, extent=(0, 1, scale.vmin, scale.vmax))
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.tick_params(labelsize=8, length=2)
    bar.set_title("px", fontsize=8, pad=4)


def _round_length(value: float) -> float:
    """Returns the nearest 1, 2 or 5 times a power of ten."""
    decade = 10 ** np.floor(np.log10(value))
    return float(min((step * decade for step in (1, 2, 5, 10)), key=lambda length: abs(length - value)))


def _data_uri(figure: Any, kind: str) -> str:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"pil_kwargs": {"quality": 88}} if kind == "jpeg" else {}
    figure.savefig(buffer, format=kind, facecolor="white", **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
