"""`python -m benchmarks.speed.train`: steps and patches a second of a training, by one process and by two.

The trainer's own log is read, so what is measured is what a user sees. On a GPU the settings for one are used: patches
sampled on it, compiled steps, bfloat16.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Optional

import click
import torch

from training.pack import save_tiles
from training.train import read_split

from .machine import RESULTS, machine

_CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"
_WARM_STEPS = 2  # in which memory is taken and, on a GPU, the step compiled and recorded


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Index of the tiles, or its folder (else LTFORMER_DATA).")
@click.option("--steps", default=7, show_default=True, help="Steps timed, each counts.")
@click.option("--tiles", "count", default=48, show_default=True, help="Tiles of the train split that are used.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "speed-train.json", show_default=True)
def main(data: Optional[Path], steps: int, count: int, out: Path) -> None:
    """Times training steps."""
    on = machine()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = _CONFIGS / ("d128.yaml" if device == "cuda" else "d128-cpu.yaml")
    runs = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        save_tiles({"train": read_split(data, "train", 64)[:count]}, folder / "tiles.safetensors")
        for processes in (1, 2) if device == "cpu" else range(1, torch.cuda.device_count() + 1):
            runs.append(_measured(config, device, processes, steps, folder))
            click.echo(json.dumps(runs[-1]))
    result = {"device": device, "config": config.name, "machine": on, "runs": runs}
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(out)


def _measured(config: Path, device: str, processes: int, steps: int, folder: Path) -> dict[str, Any]:
    """Returns the medians of the steps after the first two; CPU time and memory are those of the whole run."""
    out = folder / f"run-{processes}"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    settings = {"steps": steps + _WARM_STEPS, "minutes": 0, "log_steps": 1, "validation_tiles": 0, "threads": 1}
    command = [sys.executable, *(launcher if processes > 1 else []), "-m", "training.train", str(config)]
    command += ["--data", str(folder / "tiles.safetensors"), "--out", str(out), "--device", device]
    command += [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    before = _children_cpu_s()
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})  # noqa: S603 - made here
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()][_WARM_STEPS:]
    return {
        "processes": processes,
        "steps": len(rows),
        **{name: round(statistics.median(row[name] for row in rows), 3) for name in ("steps_per_s", "patches_per_s")},
        "cpu_seconds_a_step": round((_children_cpu_s() - before) / (steps + _WARM_STEPS), 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3),
    }


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
