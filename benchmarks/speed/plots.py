"""Plots of docs/performance.md: time against pixels, against tie points and keypoints, and against workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

_INK, _FAINT = "#1b4965", "#d9730d"


def draw(found: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Writes the plots of those results that are there and yields their paths."""
    makers = {"scale": (_scale, 2), "points": (_points, 2), "register": (_peers, 1), "batch": (_workers, 1)}
    for name, (maker, columns) in makers.items():
        if name not in found:
            continue
        figure, axes = pyplot.subplots(1, columns, figsize=(7.0, 3.6), squeeze=False)
        maker(axes[0], found[name])
        for each in axes[0]:
            each.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        path = folder / f"speed-{name}.png"
        figure.savefig(path, dpi=110, metadata={"Software": None})
        pyplot.close(figure)
        yield path


def scale_job(row: dict[str, Any]) -> str:
    """Returns what a row of the benchmark of scale measured."""
    extras = [name for name in ("overviews", "warp") if row[name]] + (["VRT"] if row["format"] == "vrt" else [])
    return ", ".join([row["method"], *extras])


def _scale(axes: list[Axes], result: Any) -> None:
    kinds = (("cpu_seconds", 1.0, "CPU time, s"), ("peak_rss_mb", 1000.0, "peak memory, GB"))
    for at, (value, divisor, label) in zip(axes, kinds):
        for job in dict.fromkeys(scale_job(row) for row in result["rows"]):
            part = sorted((row["side_px"], row[value] / divisor) for row in result["rows"] if scale_job(row) == job)
            at.plot(*zip(*part), marker="o", markersize=4, label=job)
        at.set(xscale="log", yscale="log", xlabel="side of the raster, px", ylabel=label)
        at.grid(visible=True, alpha=0.25)
    axes[0].set_ylim(top=8 * axes[0].get_ylim()[1])  # room for the legend
    axes[0].legend(fontsize=7, frameon=False, loc="upper left")


def _points(axes: list[Axes], result: Any) -> None:
    for at, what, found in zip(axes, ("tie points", "keypoints"), ("tie_points", "reference_keypoints")):
        rows = [row for row in result["rows"] if row["what"] == what]
        at.plot([row[found] for row in rows], [row["cpu_seconds"] for row in rows], marker="o", color=_INK)
        at.set(xlabel=f"{what} found" if what == "tie points" else "keypoints of the reference", ylabel="CPU time, s")
        at.set_title("with a georeference" if what == "tie points" else "without one", fontsize=10)
        at.set_xlim(left=0)
        at.set_ylim(bottom=0)
        at.grid(visible=True, alpha=0.25)


def _peers(axes: list[Axes], result: Any) -> None:
    """Draws bars of the CPU time of each method, a shifted pair with a georeference and one without."""
    cases = ("shift", "no georeference")
    methods = list(dict.fromkeys(row["method"] for row in result["summary"]))
    for number, (case, colour) in enumerate(zip(cases, (_INK, _FAINT))):
        times = {row["method"]: row["cpu_seconds"] for row in result["summary"] if row["case"] == case}
        errors = {row["method"]: row["rmse_px"] for row in result["summary"] if row["case"] == case}
        places = [place + 0.4 * number for place in range(len(methods))]
        lengths = [0.0 if errors[method] is None else times[method] for method in methods]
        bars = axes[0].barh(places, lengths, height=0.36, color=colour, label=case)
        labels = ["fails" if errors[m] is None else f"{times[m]:.2f} s, {errors[m]:.2f} px" for m in methods]
        axes[0].bar_label(bars, labels, padding=3, fontsize=7)
    axes[0].set_yticks([place + 0.2 for place in range(len(methods))], methods)
    axes[0].invert_yaxis()
    axes[0].margins(x=0.2)
    axes[0].set_xlabel("CPU time of a pair of 512 x 512 px, s; beside it the median error")
    axes[0].legend(fontsize=8, frameon=False, loc="upper right")


def _workers(axes: list[Axes], result: Any) -> None:
    """Draws pairs a minute against workers: by the clock, and if every worker had a core of its own."""
    runs = result["runs"][:2]
    counts = [run["workers"] for run in runs]
    by_clock = [60 * result["pairs"] / run["seconds"] for run in runs]
    alone = [60 * result["pairs"] * run["workers"] / run["worker_cpu_seconds"] * (1 - run["overhead"]) for run in runs]
    axes[0].plot(counts, alone, marker="o", color=_INK, label="by CPU time: each worker with a core of its own")
    axes[0].plot(counts, by_clock, marker="o", color=_FAINT, label="by the clock")
    axes[0].set(xlabel="workers", ylabel="pairs a minute", xticks=counts)
    axes[0].set_xlim(0.5, max(counts) + 0.5)
    axes[0].set_ylim(bottom=0)
    axes[0].grid(visible=True, alpha=0.25)
    axes[0].legend(fontsize=8, frameon=False)
