"""The pictures: `python -m benchmarks.descriptor.figures --data FOLDER --comparators runs/A ...`.

bars.png and curves.png are drawn from the results alone; matches.png shows real matches on scenes of the test split.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import click
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ltcore.errors import LtcoreError

from .match_pictures import draw_matches
from .open_set import BASE
from .scenes import load_scenes
from .selection import select
from .table import FOLDER, RESULTS, Report, groups
from .verdicts import BARS

PICTURES = FOLDER / "pictures"

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")  # Okabe and Ito's
_MARKERS = "os^Dv<P"
_FACTORS = {
    "rotation": "rotation, oriented (degrees)",
    "tilt": "rotation unknown to upright windows (degrees)",
    "scale": "scale of the NIR image",
    "blur": "blur of the NIR image (sigma, px)",
    "noise": "noise of the NIR image (sigma, grey levels)",
    "season": "years between both images",
}
_REGIMES = {"dual": "oriented: any rotation", "upright": "upright: rotation known to 10°"}
_DPI = 110
_LABEL = 44  # characters a line
_JPEG_QUALITY = 80

mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


def bars(report: Report) -> Figure:
    """Returns correct matches over RootSIFT's and success of each group in both regimes, with 95 % intervals by place
    and the bars that were set."""
    figure = Figure(figsize=(12.5, 1.8 + 0.6 * len(groups(report))), layout="constrained")
    axes = figure.subplots(2, 2)
    for column, (mode, title) in enumerate(_REGIMES.items()):
        _bar_panel(axes[0, column], report, mode, "correct_ratio")
        _bar_panel(axes[1, column], report, mode, "success")
        axes[0, column].set_title(title, fontweight="bold")
        axes[0, column].set_xlabel("correct matches (< 3 px) over RootSIFT's")
        axes[1, column].set_xlabel("share of pairs registered to 3 px")
        axes[1, column].set_xlim(0, 1.13)
        axes[1, column].set_xticks(np.linspace(0, 1, 6))
    right = max(axes[0, column].get_xlim()[1] for column in range(2))
    for column in range(2):
        axes[0, column].set_xlim(0, right)
    pairs = report["open_set"]["dual"]["facts"]["pairs"]
    figure.suptitle(
        f"Descriptors of the same SIFT keypoints, {report['split']} split, {pairs} pairs a regime. "
        "Lines: 95 % intervals by place; dashed: the bar that was set",
        fontsize=9,
    )
    return figure


def _bar_panel(axes: Axes, report: Report, mode: str, metric: str) -> None:
    methods = report["open_set"][mode]["methods"]
    rows = {
        group: np.array(methods[members[0]][metric], dtype=float)
        for group, members in groups(report).items()
        if members[0] in methods and None not in methods[members[0]][metric]
    }
    for height, group in enumerate(sorted(rows, key=lambda group: float(rows[group][0]))):
        value, low, high = rows[group]
        ours = report["ours"] in groups(report)[group]
        axes.barh(height, value, color=_COLOURS[0] if ours else "#B8B8B8", height=0.7)
        axes.plot([low, high], [height, height], color="black", linewidth=1.2)
        axes.annotate(
            f"{value:.2f}",
            (max(value, high), height),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    labels = sorted(rows, key=lambda group: float(rows[group][0]))
    axes.set_yticks(range(len(rows)), [fill(label, _LABEL) for label in labels], fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.axvline(BARS[mode, metric], color=_COLOURS[1], linewidth=1.2, linestyle="--", zorder=0.5)


def curves(report: Report, names: Sequence[str]) -> Figure:
    """Returns success and correct matches of some methods against each factor."""
    factors = [factor for factor in _FACTORS if factor in report["curves"]]
    figure = Figure(figsize=(3.1 * len(factors[:3]) + 0.4, 8.6), layout="constrained")
    axes = figure.subplots(4, 3)
    for index, factor in enumerate(factors):
        row, column = 2 * (index // 3), index % 3
        for number, name in enumerate(name for name in names if name in report["curves"][factor]):
            curve = report["curves"][factor][name]
            style: dict[str, Any] = {"color": _COLOURS[number], "marker": _MARKERS[number], "markersize": 4}
            style["linewidth"] = 2.2 if name == report["ours"] else 1.3
            label = fill(report["methods"][name]["group"], _LABEL)
            axes[row, column].plot(curve["level"], np.array(curve["success"]) * 100, label=label, **style)
            axes[row + 1, column].plot(curve["level"], curve["correct"], **style)
        for each in (axes[row, column], axes[row + 1, column]):
            _level_axis(each, factor, report["curves"][factor][names[0]]["level"])
        axes[row, column].set_ylim(-4, 104)
        axes[row + 1, column].set_ylim(bottom=0)
        axes[row + 1, column].set_xlabel(_FACTORS[factor])
        if column == 0:
            axes[row, column].set_ylabel("success, %")
            axes[row + 1, column].set_ylabel("correct matches")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(3, len(labels)), frameon=False)
    return figure


def _level_axis(axes: Axes, factor: str, levels: Sequence[float]) -> None:
    if factor == "scale":
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xticks(levels, [f"{level:g}" for level in levels])
    axes.grid(color="#DDDDDD", linewidth=0.6)


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as PNG or JPEG, as the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    quality = {"quality": _JPEG_QUALITY} if path.suffix == ".jpg" else {}
    figure.savefig(path, dpi=_DPI, pil_kwargs=quality)


def shown_methods(report: Report) -> list[str]:
    """Returns the methods of the curves: ours first, RootSIFT last, in between by correct matches."""
    upright = report["open_set"]["upright"]["methods"]
    names = [name for name in report["methods"] if name in next(iter(report["curves"].values()))]
    return sorted(names, key=lambda name: (name == BASE, name != report["ours"], -upright[name]["correct"][0]))


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Index or its folder (else LTFORMER_DATA).")
@click.option("--weights", multiple=True, default=["ltformer-d128"], show_default=True, help="Name or .safetensors.")
@click.option("--comparators", type=click.Path(path_type=Path), multiple=True, help="Run folder; may be repeated.")
@click.option("--results", type=click.Path(path_type=Path, exists=True), default=RESULTS, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES, show_default=True)
def main(data: Path | None, weights: tuple[str, ...], comparators: tuple[Path, ...], results: Path, out: Path) -> None:
    """Draws the pictures of the results; matches need the images and the networks too."""
    report: Report = json.loads(results.read_text(encoding="utf-8"))
    names = shown_methods(report)
    save(bars(report), out / "descriptor-bars.png")
    save(curves(report, names), out / "descriptor-curves.png")
    try:
        selection = select(weights, comparators)
        chosen = [method for name in names for method in selection.methods if method.name == name]
        save(draw_matches(load_scenes(data, report["split"]), chosen), out / "descriptor-matches.jpg")
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
