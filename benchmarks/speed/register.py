"""`python -m benchmarks.speed.register`: pairs of 512 x 512 px, warm, with a georeference and without, beside peers.

All methods take turns on the same pairs, each in a process that is warm; then all files of a registration by the
worker of the plugin, and how long a cold start takes. CPU time can be compared on a machine that others use, too.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import click
import cv2
import numpy as np

from benchmarks.registration.ecc import SiftEcc
from benchmarks.registration.opencv_peers import feature_peers
from benchmarks.registration.packaged_peers import packaged_peers
from benchmarks.registration.pairs import Pair, check_grid, generator, write_band
from benchmarks.registration.product import products
from benchmarks.registration.scenes import Scene, load_scenes
from benchmarks.registration.scoring import run
from benchmarks.registration.smallshift import displaced
from benchmarks.registration.warps import resampled
from ltcore.config import RasterSource, RegistrationJob, to_json_object

from .machine import RESULTS, machine, peak_rss_mb

_SIDE_PX = 512
_SEED = 0
WITHOUT = "no georeference"
_CASES = {"shift": "a", WITHOUT: "c", "local distortion": "d"}  # kinds of the suite smallshift
_FAMILIES = {"a": "shift", "c": "similarity", "d": "tps"}
_PEERS = ("RootSIFT + MAGSAC", "CLAHE + SIFT + ECC", "AROSICS COREG_LOCAL", "ALIKED + LightGlue + MAGSAC")
_COLD = {
    "ltcore register --help": [sys.executable, "-m", "ltcore", "register", "--help"],
    "import ltcore.pipeline": [sys.executable, "-c", "import ltcore.pipeline"],
}


@click.command()
@click.option("--split", type=click.Choice(["val", "test"]), default="test", show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Folder that holds chips/index.csv (else LTFORMER_DATA).")
@click.option("--scenes", "count", default=99, help="How many scenes of the split at most.")
@click.option("--rounds", default=2, show_default=True, help="Times that every method sees every pair.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "speed-register.json", show_default=True)
def main(split: str, data: Optional[Path], count: int, rounds: int, out: Path) -> None:
    """Times one registration, its peers, the files of it, and a cold start."""
    cv2.setNumThreads(1)  # CPU seconds of one thread can be compared
    peers, missing, peer_versions = packaged_peers()
    methods = [*products()[:1], *(each for each in [*feature_peers(), SiftEcc(), *peers] if each.name in _PEERS)]
    facts = {
        "side_px": _SIDE_PX,
        "split": split,
        "seed": _SEED,
        "machine": machine(),
        "peer_versions": peer_versions,
        "missing": {name: why for name, why in missing.items() if name in _PEERS},
        "cold_start": {name: _cold(command, 5) for name, command in _COLD.items()},
    }
    rows: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary, _Worker() as worker:
        for number, (case, pair) in enumerate(made_pairs(wide_scenes(data, split)[:count], Path(temporary))):
            for method in [] if number else methods:
                run(method, pair)  # warm: weights are read and kernels chosen before the first row
            for _ in range(rounds):
                rows += [{**_row(run(method, pair)), "case": case} for method in methods]
                files.append({**worker.register(pair, Path(temporary) / f"out-{len(files)}"), "case": case})
            click.echo(f"{case:18} {pair.scene:28} " + _last_times(rows, len(methods)))
            stages = {"peak_rss_mb": round(worker.peak_rss_mb), "cpu_seconds_by_stage": _by_stage(files)}
            result = {**facts, "summary": _summary(rows), "worker": stages, "rows": rows}
            out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")  # a run cut short leaves what it has


def _last_times(rows: list[dict[str, Any]], count: int) -> str:
    return " ".join(f"{row['cpu_seconds']:.2f}" for row in rows[-count:])


def wide_scenes(data: Optional[Path], split: str) -> list[Scene]:
    """Returns the middles of all scenes that are large enough."""
    scenes = load_scenes(data or Path(os.environ["LTFORMER_DATA"]), split, _SIDE_PX)
    return [scene for scene in scenes if scene.size == (_SIDE_PX, _SIDE_PX)]


def made_pairs(scenes: list[Scene], folder: Path) -> Iterator[tuple[str, Pair]]:
    """Yields case and pair: the red and the displaced near-infrared band of a scene."""
    for scene in scenes:
        for name, kind in _CASES.items():
            warp = displaced(kind, np.array(scene.size, float), generator(_SEED, scene.name, kind, "speed"))
            georeference = {} if name == WITHOUT else scene.any_georeference
            reference = write_band(folder / "reference.tif", scene.red, georeference)
            sensed = write_band(folder / "sensed.tif", resampled(scene.nir, warp, scene.size), georeference)
            checks = check_grid(warp, scene.size, scene.size)
            yield name, Pair(kind, scene.name, reference, sensed, bool(georeference), checks, _FAMILIES[kind])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("method", "scene", "verdict", "rmse_px", "seconds", "cpu_seconds")}


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the medians of each method and case; failures count as errors without limit (null)."""
    found = []
    for case, method in dict.fromkeys((row["case"], row["method"]) for row in rows):
        part = [row for row in rows if (row["case"], row["method"]) == (case, method)]
        error = statistics.median(np.inf if row["rmse_px"] is None else row["rmse_px"] for row in part)
        times = {name: round(statistics.median(row[name] for row in part), 3) for name in ("seconds", "cpu_seconds")}
        known = round(error, 3) if np.isfinite(error) else None
        found.append({"case": case, "method": method, "runs": len(part), **times, "rmse_px": known})
    return found


class _Worker:
    """The process that the plugin speaks to."""

    def __enter__(self) -> _Worker:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, "-m", "ltcore.worker"], text=True, **pipes)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    @property
    def peak_rss_mb(self) -> float:
        """Its largest memory so far."""
        return peak_rss_mb(self._process.pid)

    def register(self, pair: Pair, out: Path) -> dict[str, Any]:
        """Returns the object of `ltcore register --json`; all files of it are written."""
        job = to_json_object(RegistrationJob(RasterSource(pair.reference), RasterSource(pair.sensed), out))
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        print(json.dumps({"id": 1, "method": "register", "params": job}), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            answer = json.loads(line)
            if "result" in answer:
                return dict(answer["result"])
            if "error" in answer:
                raise RuntimeError(answer["error"]["what"])
        raise RuntimeError("the worker ended")


def _by_stage(files: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Returns the median CPU time of each stage, case by case; the first run, which loads libraries, is left out."""
    found = {}
    for case in dict.fromkeys(each["case"] for each in files):
        part = [each["cpu_seconds"] for each in files[1:] or files if each["case"] == case]
        found[case] = {name: round(statistics.median(times[name] for times in part), 4) for name in part[0]}
    return found


def _cold(command: list[str], times: int) -> dict[str, float]:
    """Returns the median wall and CPU time of a command in a fresh interpreter."""
    walls, cpus = [], []
    for _ in range(times):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - this file's own commands
        walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"seconds": round(statistics.median(walls), 3), "cpu_seconds": round(statistics.median(cpus), 3)}


if __name__ == "__main__":
    main()
