"""The README's tables, generated from the results alone: `python -m benchmarks.descriptor.table`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from .verdicts import METRICS, REGIME, bar_rows, comparison_rows, losses

Report = dict[str, Any]
Spread = tuple[float, float, float]  # mean, smallest, largest over the runs of a group

FOLDER = Path(__file__).resolve().parents[1]
README = FOLDER / "README.md"
RESULTS = FOLDER / "results" / "descriptor-test.json"
START, END = "<!-- descriptor tables: start -->", "<!-- descriptor tables: end -->"

_REGIMES = {"dual": "Oriented: any rotation", "upright": "Upright: rotation known to 10 degrees"}


def groups(report: Report) -> dict[str, list[str]]:
    """Returns the names of the methods of each group, in their order."""
    found: dict[str, list[str]] = {}
    for name, facts in report["methods"].items():
        found.setdefault(facts["group"], []).append(name)
    return found


def spread(values: list[float | None]) -> Spread:
    """Returns mean, smallest and largest of the values of a group's runs; None counts as infinite."""
    numbers = [float("inf") if value is None else value for value in values]
    return float(np.mean(numbers)), min(numbers), max(numbers)


def tables(report: Report) -> str:
    """Returns all tables as Markdown."""
    parts = [_heading(report), _bars(report), *(_open_set(report, mode) for mode in _REGIMES), _seeds(report)]
    parts += [_comparisons(report), _losses(report), _closed_set(report), _retrieval(report), _networks(report)]
    return "\n\n".join(part for part in parts if part)


def _heading(report: Report) -> str:
    facts = report["open_set"]["dual"]["facts"]
    changed = " with uncommitted changes" if report.get("changed_since") else ""
    minutes = sum(report["seconds"].values()) / 60
    warps = report["settings"]["open_set"]["warps"]
    return (
        f"Split **{report['split']}**: {facts['pairs']} pairs a regime ({warps} random warps a tile, {facts['places']} "
        f"places never trained on), commit `{report.get('git_commit', '?')[:10]}`{changed}, {report['device']}, "
        f"{minutes:.0f} minutes. In brackets: 95 % intervals by place. Of several runs of a network that differ in "
        "their seed the first stands in the tables, all in a table of their own."
    )


def _bars(report: Report) -> str:
    rows = []
    for row in bar_rows(report):
        interval = _interval(*row.interval, row.percent) if row.interval else ""
        verdict = "met" if row.met else "**not met**"
        rows.append([row.what, row.wanted, _value(row.value, row.percent), interval, verdict])
    return f"#### Bars, `{report['ours']}`\n\n" + _markdown(["", "bar", "measured", "95 % interval", ""], rows)


def _open_set(report: Report, mode: str) -> str:
    facts, methods = report["open_set"][mode]["facts"], report["open_set"][mode]["methods"]
    rows = []
    known = {"known partners": ["known partners"], **groups(report)}
    for group, members in known.items():
        if members[0] in methods:
            rows.append([_label(group, report, members[:1]), *_open_cells(methods[members[0]])])
    columns = ["", "correct", "x RootSIFT", "precision", "matching score", "average precision", "success < 3 px",
               "success < 1/3 px"]  # fmt: skip
    note = (
        f"{facts['keypoints']:.0f} keypoints a side, of which {facts['partners']:.0f} have a partner within 3 px; the "
        f"others are distractors. Known partners (all of these matched, nothing else right) succeed on "
        f"{facts['pairs_known_partners_succeed_on']} of {facts['pairs']} pairs, to 1/3 px on "
        f"{facts['pairs_known_partners_are_precise_on']}; some method succeeds on "
        f"{facts['pairs_any_method_succeeds_on']}."
    )
    return f"#### {_REGIMES[mode]}\n\n{note}\n\n" + _markdown(columns, rows)


def _open_cells(row: dict[str, list[float | None]]) -> list[str]:
    def cell(metric: str, percent: bool) -> str:
        value, low, high = row[metric]
        return f"{_value(value, percent)} {_interval(low, high, percent)}"

    ratio = cell("correct_ratio", percent=False) if "correct_ratio" in row else ""
    shares = ("precision", "matching_score", "average_precision", "success", "precise")
    return [cell("correct", percent=False), ratio, *(cell(metric, percent=True) for metric in shares)]


def _seeds(report: Report) -> str:
    rows = []
    for group, members in groups(report).items():
        if len(members) < 2:
            continue
        for mode, regime in REGIME.items():
            runs = report["open_set"][mode]["first_warp"]
            cells = []
            for metric in METRICS:
                mean, low, high = spread([runs[name][metric] for name in members])
                deviation = float(np.std([runs[name][metric] for name in members], ddof=1))
                percent = metric != "correct"
                shown = [_value(each, percent) for each in (mean, deviation, low, high)]
                cells.append(f"{shown[0]} ± {shown[1]} ({shown[2]}-{shown[3]})")
            rows.append([_label(group, report, members), regime, *cells])
    if not rows:
        return ""
    note = "Mean ± standard deviation (smallest-largest) of the runs, on the first warp of each tile."
    return f"#### Training runs that differ in their seed\n\n{note}\n\n" + _markdown(["", "", *METRICS.values()], rows)


def _comparisons(report: Report) -> str:
    rows = [
        [row.ours, row.theirs, str(row.better), str(row.overlapping), str(row.worse), row.arithmetic]
        for row in comparison_rows(report, groups(report))
    ]
    if not rows:
        return ""
    columns = ["", "against", "better", "overlapping", "worse", "arithmetic"]
    note = (
        "Of the 12 values of both regimes (the columns above without the ratio), all runs on the first warp of each "
        "tile: better or worse when every run of one lies beyond every run of the other."
    )
    return f"#### LTFormer against other networks\n\n{note}\n\n" + _markdown(columns, rows)


def _losses(report: Report) -> str:
    found = losses(report, groups(report))
    ours = report["ours"]
    if not found:
        return f"`{ours}` is nowhere behind another method."
    return f"Where `{ours}` is behind another method:\n\n" + "\n".join(f"- {each}" for each in found)


def _closed_set(report: Report) -> str:
    closed = report["closed_set"]
    windows = list(next(iter(closed.values())))
    rows = [
        [_label(report["methods"][name]["group"], report, [name])]
        + [f"{scores[window]['precision']:.4f} / {scores[window]['matching_score']:.4f}" for window in windows]
        for name, scores in closed.items()
    ]
    points = next(iter(closed.values()))[windows[0]]["points"]
    note = (
        f"Precision / matching score of {points:.0f} points, true within {report['settings']['true_px']:g} px, "
        "threshold on the distance chosen on val for each method and window. Published on other images: LTFormer "
        "1.0000 / 1.0000 at all three; HardNet .8453 / .7485, HyNet .8446 / .7462, SOSNet .8459 / .7389 at 64."
    )
    return f"#### Closed set, windows of {', '.join(windows)} px\n\n{note}\n\n" + _markdown(
        ["", *(f"{window} px" for window in windows)], rows
    )


def _retrieval(report: Report) -> str:
    errors, rows = report["retrieval"]["fpr95"], []
    for group, members in groups(report).items():
        if members[0] not in errors:
            continue
        mean, low, high = spread([errors[name] for name in members])
        text = f"{100 * mean:.2f} %" + (f" ({100 * low:.2f}-{100 * high:.2f})" if len(members) > 1 else "")
        rows.append([_label(group, report, members), text])
    note = (
        f"{report['retrieval']['same']} visible/NIR pairs of 64x64 px of the same place and as many of different ones."
    )
    return f"#### Retrieval: false positive rate at 95 % recall\n\n{note}\n\n" + _markdown(["", "FPR95"], rows)


def _networks(report: Report) -> str:
    rows = []
    for group, members in groups(report).items():
        facts = [report["methods"][name] for name in members]
        if "mflop" in facts[0]:
            speed = np.mean([each["patches_per_second"] for each in facts])
            sizes = [f"{facts[0]['parameters'] / 1e6:.2f} M", f"{facts[0]['mflop']:.1f}", f"{speed:.0f}"]
            rows.append([_label(group, report, members), f"{facts[0]['patch_px']}", *sizes, str(len(members))])
    columns = ["", "patch px", "parameters", "MFLOP a patch", "patches/s", "runs"]
    return "#### Cost\n\n" + _markdown(columns, rows) if rows else ""


def _label(group: str, report: Report, members: list[str]) -> str:
    if report["ours"] in members:
        return f"**{group}**"
    return group if len(members) == 1 else f"{group}, {len(members)} runs"


def _value(value: float | None, percent: bool) -> str:
    if value is None or not np.isfinite(value):
        return "inf"
    if percent:
        return f"{value:.3f}".lstrip("0") if value < 1 else f"{value:.3f}"
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def _interval(low: float | None, high: float | None, percent: bool) -> str:
    return f"[{_value(low, percent)}, {_value(high, percent)}]"


def _markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_tables(text: str, report: Report) -> str:
    """Returns a README whose part between the markers is replaced by the tables.

    Raises:
        ValueError: a marker is missing.
    """
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n\n{tables(report)}\n\n{END}{after}"


@click.command()
@click.option("--results", type=click.Path(path_type=Path, exists=True), default=RESULTS, show_default=True)
@click.option("--readme", type=click.Path(path_type=Path, exists=True), default=README, show_default=True)
def main(results: Path, readme: Path) -> None:
    """Writes the tables of the results into the README."""
    report = json.loads(results.read_text(encoding="utf-8"))
    readme.write_text(with_tables(readme.read_text(encoding="utf-8"), report), encoding="utf-8")


if __name__ == "__main__":
    main()
