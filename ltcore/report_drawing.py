"""What the figures of all reports are drawn with."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():  # that Debian's older mpl_toolkits has no 3D axes for this matplotlib
    warnings.filterwarnings("ignore", "Unable to import Axes3D")
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

from .offsets import round_number
from .report_previews import Crop, Previews, whole
from .result import RegistrationResult
from .types import FloatArray

PREVIEW_PX = 900  # longest side of a preview picture
VECTORS = 400  # arrows drawn at most
PAGE_IN = 10.6  # width of a figure, inches
TALLEST_IN = 7.5
NARROWEST_IN = 1.2
DPI = 110
NO_DATA = 0.93  # grey where a picture has no data
COLOURS = colormaps["plasma"]


@dataclass(frozen=True)
class Arrows:
    """(N, 2) places in the reference and (N, 2) vectors there, px, N > 0, and the colour scale of their lengths."""

    xy: FloatArray
    vectors: FloatArray
    scale: Any


def arrow_map(result: RegistrationResult, previews: Previews, arrows: Arrows) -> str:
    """Returns a picture of the reference with enlarged arrows."""
    crop = whole(result.reference_grid.width, result.reference_grid.height, PREVIEW_PX)
    figure, axes = single(crop)
    show(axes, 0.35 + 0.6 * grey(previews.reference(crop)), crop, "")
    lengths = np.linalg.norm(arrows.vectors, axis=1)
    usual = max(float(np.percentile(lengths, 90)), 1e-6)
    enlarged = 0.035 * max(crop.width, crop.height) / usual  # picture px of the reference per px of the vector
    drawn = axes.quiver(
        *arrows.xy.T, *arrows.vectors.T, lengths, angles="xy", scale_units="xy", scale=1 / enlarged,
        cmap=COLOURS, norm=arrows.scale, width=0.0028, headwidth=3.6, headlength=4.2,
    )  # fmt: skip
    axes.set_xlim(*crop.extent[:2])
    axes.set_ylim(*crop.extent[2:])
    length = round_number(usual)
    axes.quiverkey(
        drawn, 0.03, 1.035, length, f"{length:g} px   (drawn {round_number(enlarged):g} times as long)",
        labelpos="E", coordinates="axes", color="#222222", fontproperties={"size": 9},
    )  # fmt: skip
    colour_bar(figure, axes, arrows.scale)
    return data_uri(figure, "jpeg")


def grey(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns a (H, W, 3) picture, light grey where there is no data."""
    return np.repeat(np.where(np.isfinite(picture), picture, NO_DATA)[:, :, None], 3, axis=2)


def single(crop: Crop) -> tuple[Any, Any]:
    """Returns figure and axes of one picture, with room for a title above and a colour bar beside it."""
    width, height = fitting(crop, 7.6)
    figure = Figure(figsize=(width + 0.9, height + 0.45), dpi=DPI)
    axes = figure.subplots()
    figure.subplots_adjust(0.005, 0.01, width / (width + 0.9), 1 - 0.42 / figure.get_figheight())
    return figure, axes


def panels(width_in: float, height_in: float, shares: list[float]) -> tuple[Any, Any]:
    """Returns a figure and its axes, side by side, as wide as their shares."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI)
    return figure, figure.subplots(1, len(shares), width_ratios=shares)


def fitting(crop: Crop, widest: float) -> tuple[float, float]:
    """Returns width and height of a picture, inches, in proportion unless it is very long and thin."""
    width = min(widest, TALLEST_IN * crop.width / crop.height)
    return max(width, NARROWEST_IN), max(width * crop.height / crop.width, NARROWEST_IN / 2)


def show(axes: Any, picture: NDArray[np.float64], crop: Crop, title: str) -> None:
    """Draws a (H, W, 3) picture of a crop so that axes count in px of the reference."""
    axes.imshow(picture, extent=crop.extent, interpolation="antialiased", aspect="auto")
    axes.set_axis_off()
    if title:
        axes.set_title(title, fontsize=10, loc="left", pad=4)


def length_scale(lengths: FloatArray) -> Any:
    """Returns the colour scale of (N,) lengths, in which the longest 2 % share a colour."""
    top = float(np.percentile(lengths, 98)) if len(lengths) else 1.0
    return Normalize(0, max(top, 1e-6))


def colour_bar(figure: Any, axes: Any, scale: Any) -> None:
    """Draws the colour scale, in px, to the right of the axes."""
    box = axes.get_position()
    bar = figure.add_axes([box.x1 + 0.012, box.y0 + 0.1 * box.height, 0.012, 0.8 * box.height])
    values = np.linspace(scale.vmin, scale.vmax, 128)[:, None]
    bar.imshow(values, aspect="auto", origin="lower", cmap=COLOURS, extent=(0, 1, scale.vmin, scale.vmax))
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.tick_params(labelsize=8, length=2)
    bar.set_title("px", fontsize=8, pad=4)


def data_uri(figure: Any, kind: str) -> str:
    """Returns a figure as the source of an HTML image; kind is "png" or "jpeg"."""
    buffer = io.BytesIO()
    options: dict[str, Any] = {"pil_kwargs": {"quality": 88}} if kind == "jpeg" else {}
    figure.savefig(buffer, format=kind, facecolor="white", **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
