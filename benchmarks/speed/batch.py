"""`python -m benchmarks.speed.batch --pairs 200`: pairs of 512x512 px by one worker, by two, and by two of which one is
killed in the middle. Seconds depend on what else the machine does: its load stands beside them.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Optional

import click
import numpy as np

from benchmarks.registration.pairs import generator, write_band
from benchmarks.registration.report import RESULTS, code_state
from benchmarks.registration.scenes import load_scenes
from benchmarks.registration.smallshift import displaced
from benchmarks.registration.warps import resampled
from ltcore.batch.cluster import local_workers
from ltcore.batch.manifest import Pair, read_manifest
from ltcore.batch.outcome import Outcome
from ltcore.batch.run import BatchRun
from ltcore.errors import InputError
from ltcore.record import read_record
from ltcore.versions import versions

_SIDE_PX = 512


@click.command()
@click.option("--pairs", "count", default=200, show_default=True)
@click.option("--split", type=click.Choice(["val", "test"]), default="val", show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Folder that holds chips/index.csv (else LTFORMER_DATA).")
@click.option("--descriptor", default="ltformer", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "speed-batch.json", show_default=True)
def main(count: int, split: str, data: Optional[Path], descriptor: str, out: Path) -> None:
    """Measures a batch against the number of its workers."""
    code = code_state()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = _make_pairs(
            folder, data or Path(os.environ.get("LTFORMER_DATA", "local-data")), split, count, descriptor
        )
        runs = []
        for name, workers, kill in (("one", 1, False), ("two", 2, False), ("two, one killed", 2, True)):
            runs.append({"name": name, **_measured(read_manifest(manifest, folder / name), workers, kill)})
            click.echo(json.dumps(runs[-1]))
    report = {
        "pairs": count,
        "side_px": _SIDE_PX,
        "split": split,
        "descriptor": descriptor,
        "cores": os.cpu_count(),
        "speedup": runs[0]["seconds"] / runs[1]["seconds"],
        "dask_cpu_share": runs[1]["dask_cpu_seconds"] / runs[1]["worker_cpu_seconds"],
        "lost_by_the_kill": count - runs[2]["records"],
        "runs": runs,
        "versions": versions(),
        "code": code,
    }
    out.write_text(json.dumps(report, indent=1) + "\n")
    click.echo(out)


def _make_pairs(folder: Path, data: Path, split: str, count: int, descriptor: str) -> Path:
    """Writes red and displaced near-infrared middles of scenes, in turn, and returns the manifest of them."""
    scenes = [scene for scene in load_scenes(data, split, _SIDE_PX) if scene.size == (_SIDE_PX, _SIDE_PX)]
    rows = []
    for number in range(count):
        scene = scenes[number % len(scenes)]
        warp = displaced("a", np.array(scene.size, float), generator(0, scene.name, "batch", number))
        names = {role: f"{role}-{number}.tif" for role in ("reference", "sensed")}
        write_band(folder / names["reference"], scene.red, scene.any_georeference)
        write_band(folder / names["sensed"], resampled(scene.nir, warp, scene.size), scene.any_georeference)
        rows.append({**names, "reference_band": 1, "descriptor": descriptor})
    path = folder / "pairs.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _measured(pairs: tuple[Pair, ...], count: int, kill: bool) -> dict[str, Any]:
    """Runs a batch and returns its numbers.

    `overhead` is the share of the workers' wall time in which no pair ran, the wait for the last pair included;
    `dask_cpu_seconds` what this process, with scheduler and nannies, used while `worker_cpu_seconds` were used by the
    workers that lived to the end. On a busy machine only the latter two mean much.
    """
    load, start = os.getloadavg()[0], time.perf_counter()
    outcomes: list[Outcome] = []
    with local_workers(count) as workers:
        pids = list(workers.client.run(os.getpid).values())
        ready, cpu = time.perf_counter(), time.process_time()

        def tell(outcome: Outcome) -> None:
            outcomes.append(outcome)
            if kill and len(outcomes) == len(pairs) // 2:
                os.kill(pids[0], signal.SIGKILL)

        BatchRun(workers, False, tell).run(pairs)
        seconds = time.perf_counter() - ready
        cpu = time.process_time() - cpu
        # A worker that was killed may still be known to the scheduler.
        worker_cpu = sum(workers.client.run(_cpu_seconds, on_error="ignore").values())
        peak = max(workers.client.run(_peak_rss_kb, on_error="ignore").values())
    times = [outcome.seconds for outcome in outcomes]
    return {
        "workers": count,
        "start_seconds": ready - start,
        "seconds": seconds,
        "pair_seconds_median": float(np.median(times)),
        "pair_seconds_first": times[:count],
        "overhead": 1 - sum(times) / (count * seconds),
        "dask_cpu_seconds": cpu,
        "worker_cpu_seconds": worker_cpu,
        "peak_rss_mb": peak / 1e3,
        "verdicts": dict(Counter(outcome.verdict for outcome in outcomes)),
        "records": sum(_has_record(pair) for pair in pairs),
        "load_before": load,
        "load_after": os.getloadavg()[0],
    }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_rss_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _has_record(pair: Pair) -> bool:
    try:
        return bool(read_record(pair.job.out_dir / "record.json"))
    except InputError:
        return False


if __name__ == "__main__":
    main()
