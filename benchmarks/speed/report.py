"""`python -m benchmarks.speed.report`: results -> the tables of docs/performance.md and its plots.

What stands between <!-- NAME: start --> and <!-- NAME: end --> is made from benchmarks/results/speed-NAME.json; where
there is no such file its table stays as it is. The words around the tables are written by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable, Optional

import click

from .machine import RESULTS
from .plots import draw, scale_job

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
_PRODUCT = "ltcore"

Result = dict[str, Any]


def table(head: list[str], rows: list[list[str]]) -> str:
    """Returns a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def on_machine(result: Result) -> str:
    """Returns a sentence on where and with what a result was measured."""
    on = result["machine"]
    flags = ", ".join(flag.replace("_", " ") for flag in on["flags"])
    return (
        f"{on['cpu']} ({flags}), {on['cores']} cores, {on['memory_gib']:.0f} GiB, "
        f"GPU: {on['gpu'] or 'none'}; load {on['load']:.0f} from other work; commit `{on['code']['git_commit'][:10]}`."
    )


def register_tables(result: Result) -> str:
    """Returns CPU and wall time of every method and case, then the stages of the worker, then the cold start."""
    cases = list(dict.fromkeys(row["case"] for row in result["summary"]))
    rows = []
    for row in result["summary"]:
        own = next(each for each in result["summary"] if each["method"] == _PRODUCT and each["case"] == row["case"])
        share = (
            f"{own['cpu_seconds'] / row['cpu_seconds']:.2f}" if row is not own and row["rmse_px"] is not None else ""
        )
        error = "fails" if row["rmse_px"] is None else f"{row['rmse_px']:.2f}"
        times = [f"{row[name]:.2f}" for name in ("cpu_seconds", "seconds")]
        rows.append([row["case"], f"**{row['method']}**" if row is own else row["method"], *times, share, error])
    head = ["pair", "method", "CPU s", "wall s", "ltcore's share of it", "median RMSE, px"]
    stages = result["worker"]["cpu_seconds_by_stage"]
    names = [name for name in next(iter(stages.values())) if any(each[name] >= 0.001 for each in stages.values())]
    by_stage = [[name, *(f"{each[name]:.3f}" for each in stages.values())] for name in names]
    by_stage.append(["all", *(f"{sum(each.values()):.2f}" for each in stages.values())])
    cold = [
        [f"`{name}`", f"{each['cpu_seconds']:.2f}", f"{each['seconds']:.2f}"]
        for name, each in result["cold_start"].items()
    ]
    runs = max(row["runs"] for row in result["summary"] if row["case"] == cases[0])
    return "\n\n".join(
        [
            f"{on_machine(result)} Medians of {runs} runs a pair and method, one thread, all warm.",
            table(head, rows),
            "All files of a registration by the worker that QGIS speaks to, CPU seconds of each stage (medians); "
            f"the worker held {result['worker']['peak_rss_mb'] / 1000:.2f} GB at most:",
            table(["stage", *stages], by_stage),
            "A cold start:",
            table(["", "CPU s", "wall s"], cold),
        ]
    )


def points_table(result: Result) -> str:
    """Returns CPU time against tie points and keypoints."""
    rows = [
        [
            "with a georeference" if row["what"] == "tie points" else "without",
            f"{row['asked']} {row['what']}",
            str(row["tie_points"]),
            str(row["reference_keypoints"]) if row["reference_keypoints"] else "",
            f"{row['cpu_seconds']:.2f}",
        ]
        for row in result["rows"]
    ]
    return table(["pair", "at most", "tie points", "keypoints described", "CPU s"], rows)


def descriptor_table(result: Result) -> str:
    """Returns the rate of every backend."""
    rows = [
        [
            name,
            f"{row['per_cpu_s']:,}",
            f"{row['times_eager']:.2f}",
            f"{row['cosine_min']:.6f}" if "cosine_min" in row else "",
        ]
        for name, row in result["methods"].items()
    ]
    return table(["ltformer-d128", "patches/s of a core", "times eager", "least cosine"], rows)


def scale_table(result: Result) -> str:
    """Returns time and memory against the side of the raster."""
    rows = [
        [
            scale_job(row),
            f"{row['side_px']:,}",
            f"{row['seconds']:.1f}",
            f"{row['cpu_seconds']:.1f}",
            f"{row['peak_rss_mb'] / 1000:.2f}",
            "none" if row["error_px"] is None else f"{row['error_px']:.2f}",
        ]
        for row in sorted(result["rows"], key=lambda row: (scale_job(row), row["side_px"]))
    ]
    return table(["job", "side, px", "wall s", "CPU s", "peak memory, GB", "error, px"], rows)


def batch_table(result: Result) -> str:
    """Returns the runs of a batch, and how it scales."""
    runs = result["runs"]
    one, two = runs[0], runs[1]
    rows = [
        [
            run["name"],
            f"{run['seconds']:.0f}",
            f"{run['worker_cpu_seconds']:.0f}",
            f"{run['pair_seconds_median']:.2f}",
            f"{100 * run['overhead']:.1f} %",
            f"{run['records']} of {result['pairs']}",
            f"{run['peak_rss_mb'] / 1000:.2f}",
        ]
        for run in runs
    ]
    head = [
        "workers",
        "wall s",
        "workers' CPU s",
        "a pair, s",
        "time without a pair",
        "records",
        "memory of a worker, GB",
    ]
    by_cpu = 2 * one["worker_cpu_seconds"] / two["worker_cpu_seconds"] * (1 - two["overhead"])
    return "\n\n".join(
        [
            table(head, rows),
            f"Two workers were {result['speedup']:.2f} times as fast as one by the clock (load of the machine before: "
            f"{one['load_before']:.0f}); by the CPU time that both took and the time they waited, {by_cpu:.2f} times.",
        ]
    )


def train_table(result: Result) -> str:
    """Returns steps and patches a second."""
    rows = [
        [
            str(run["processes"]),
            f"{run['steps_per_s']:.3f}",
            f"{run['patches_per_s']:,.0f}",
            f"{run['cpu_seconds_a_step']:.1f}",
            f"{run['peak_rss_mb'] / 1000:.2f}",
        ]
        for run in result["runs"]
    ]
    head = ["processes", "steps/s", "patches/s", "CPU s a step", "memory, GB"]
    return f"`{result['config']}` on {result['device']}. {on_machine(result)}\n\n" + table(head, rows)


_TABLES: dict[str, Callable[[Result], str]] = {
    "register": register_tables,
    "points": points_table,
    "descriptor": descriptor_table,
    "scale": scale_table,
    "batch": batch_table,
    "train": train_table,
}


def results(folder: Path = RESULTS) -> dict[str, Result]:
    """Returns the results that are there, by name."""
    paths = {name: folder / f"speed-{name}.json" for name in _TABLES}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}


def rendered(page: str, found: dict[str, Result]) -> str:
    """Returns the page with the tables of these results in their places."""
    for name, result in found.items():
        start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        made = f"{start}\n\n{_TABLES[name](result)}\n\n{end}"
        page = pattern.sub(lambda _, made=made: made, page)
    return page


def main(page: Optional[Path] = None) -> None:
    """Writes the page and its plots."""
    path, found = page or PAGE, results()
    path.write_text(rendered(path.read_text(encoding="utf-8"), found), encoding="utf-8")
    for drawn in draw(found, ROOT / "docs" / "images"):
        click.echo(drawn)


if __name__ == "__main__":
    main()
