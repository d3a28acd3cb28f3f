"""Cost against size: `ltcore register` and peers on large georeferenced pairs made of real scenes (see mosaic.py).

`python -m benchmarks.speed.scale --sides 1000,2000,4000,8000` makes the pairs in --folder, where they stay, and adds
rows to benchmarks/results/speed-scale.json. Each run is a process of its own: wall and CPU time from its start to its
end, the largest memory in use of it or any of its children, and how far its transform is from the truth. Peers run in
.venv-bench (script/bench --peers).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import click
import numpy as np

from benchmarks.registration.packaged_peers import PYTHON

from .machine import RESULTS, machine
from .mosaic import MosaicPair, add_overviews, error_px, make_pair, make_vrt_pair, remove_overviews

_RESULT = RESULTS / "speed-scale.json"
_FOLDER = Path(__file__).resolve().parents[2] / "runs" / "scale"  # git ignores it
_PRODUCT = "ltcore"
_PEERS = {
    "AROSICS COREG_LOCAL, 1681 points": "arosics_local",
    "OpenCV SIFT, whole image": "opencv_sift",
}
_METER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
process.returncode = status  # wait4 has taken it from the object
cost = {
    "seconds": round(seconds, 2),
    "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
    "peak_rss_mb": round(usage.ru_maxrss / 1024),
    "load": round(os.getloadavg()[0], 1),
}
print(json.dumps(cost))
"""
_MEASURED = ("seconds", "cpu_seconds", "peak_rss_mb")


@dataclass(frozen=True)
class Case:
    """What is run: a method on a pair, with overviews or without, and whether the sensed raster is warped, too."""

    method: str
    pair: MosaicPair
    overviews: bool = False
    warp: bool = False

    @property
    def key(self) -> dict[str, Any]:
        """What tells its row from others."""
        return {
            "method": self.method,
            "side_px": self.pair.side_px,
            "format": self.pair.visible.suffix.lstrip("."),
            "overviews": self.overviews,
            "warp": self.warp,
        }

    def run(self) -> dict[str, Any]:
        """Returns what one run cost and found."""
        rasters = [str(self.pair.visible), str(self.pair.nir)]
        if self.method != _PRODUCT:
            return measured(
                [str(PYTHON), str(Path(__file__).with_name("scale_peers.py")), _PEERS[self.method], *rasters]
            )
        with tempfile.TemporaryDirectory(dir=self.pair.visible.parent) as out:
            options = ["--out", f"{out}/run", "--warp" if self.warp else "--no-warp", "--json"]
            return measured([sys.executable, "-m", "ltcore", "register", *rasters, *options])


def measured(command: list[str]) -> dict[str, Any]:
    """Returns the cost of a command, and what the JSON object that it prints says.

    Raises:
        ClickException: it printed none.
    """
    # A process of its own, because Linux counts what the one that starts a command holds as the command's memory, too.
    done = subprocess.run([sys.executable, "-c", _METER, *command], capture_output=True, text=True, check=True)  # noqa: S603
    *answer, cost = done.stdout.splitlines()
    if not answer:
        raise click.ClickException(f"{command[0]} answered nothing: {done.stderr[-2000:]}")
    return {**json.loads(cost), **_found(json.loads(answer[-1]))}


def _found(answer: dict[str, Any]) -> dict[str, Any]:
    grid = (answer.get("transform") or answer).get("check_grid")
    return {
        "error_px": None if grid is None else round(error_px(np.array(grid)), 3),
        "tie_points": answer.get("inliers", answer.get("tie_points")),
        "tie_point_median_px": answer.get("tie_point_median_px"),
        "verdict": answer.get("verdict", answer.get("error", "RETURNED")),
        "stages": {name: round(value, 2) for name, value in answer.get("seconds", {}).items()},
    }


def add_row(result: dict[str, Any], case: Case, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Puts the medians of a case and its runs into a result, in place of what it had, and returns the row."""
    medians = {name: statistics.median(run[name] for run in runs) for name in _MEASURED}
    last = {name: runs[-1][name] for name in ("error_px", "tie_points", "verdict")}
    row = {**case.key, **medians, **last, "runs": runs}
    others = [each for each in result.get("rows", []) if any(each[name] != value for name, value in case.key.items())]
    result["rows"] = sorted(
        [*others, row], key=lambda each: (each["side_px"], each["method"], each["overviews"], each["warp"])
    )
    return row


def _sides(_context: click.Context, _option: click.Parameter, text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


@click.command()
@click.option(
    "--sides", default="1000,2000,4000,8000", callback=_sides, show_default=True, help="Px a side, by commas."
)
@click.option("--runs", default=5, show_default=True)
@click.option("--peers/--no-peers", default=False, show_default=True, help="AROSICS and whole-image SIFT, too.")
@click.option("--overviews/--no-overviews", default=False, show_default=True)
@click.option("--warp/--no-warp", default=False, show_default=True)
@click.option("--vrt-of", type=int, help="VRTs of patches of the pair of this side instead of mosaics of their own.")
@click.option("--folder", type=click.Path(path_type=Path), default=_FOLDER, help="Where the pairs are made and stay.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the data; else LTFORMER_DATA.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=_RESULT, show_default=True)
def main(sides: list[int], runs: int, peers: bool, overviews: bool, warp: bool, **options: Any) -> None:
    """Measures the cost of pairs of several sizes and adds it to the results."""
    out: Path = options["out"]
    for side in sides:
        pair = _pair(side, options["vrt_of"], options["folder"], options["data"], options["seed"])
        if overviews:
            add_overviews(pair)
        cases = [Case(_PRODUCT, pair, overviews, warp), *(Case(name, pair, overviews) for name in _PEERS if peers)]
        for case in cases:
            done = [case.run() for _ in range(runs)]
            result = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
            row = add_row(result, case, done)
            result.update(seed=options["seed"], machine=machine())
            out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            click.echo(json.dumps({name: value for name, value in row.items() if name != "runs"}))
        if overviews:
            remove_overviews(pair)


def _pair(side: int, vrt_of: Optional[int], folder: Path, data: Optional[Path], seed: int) -> MosaicPair:
    folder.mkdir(parents=True, exist_ok=True)
    if vrt_of is None:
        return make_pair(folder, side, data, seed)
    return make_vrt_pair(folder, side, make_pair(folder, vrt_of, data, seed), seed)


if __name__ == "__main__":
    main()
