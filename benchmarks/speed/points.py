"""`python -m benchmarks.speed.points`: CPU time of a pair of 512 x 512 px against its tie points and keypoints."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import click
import cv2

from benchmarks.registration.pairs import Pair
from benchmarks.registration.product import kept_describer
from ltcore.config import RasterSource, RegistrationConfig, RegistrationJob
from ltcore.pipeline import register
from ltcore.progress import NullProgress

from .machine import RESULTS, machine
from .register import WITHOUT, made_pairs, wide_scenes

_TIE_POINTS = (250, 500, 1000, 2000)
_KEYPOINTS = (150, 300, 600)  # the first look takes no more


@click.command()
@click.option("--split", type=click.Choice(["val", "test"]), default="test", show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Folder that holds chips/index.csv (else LTFORMER_DATA).")
@click.option("--rounds", default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "speed-points.json", show_default=True)
def main(split: str, data: Optional[Path], rounds: int, out: Path) -> None:
    """Times a pair with a georeference against its tie points, and one without against its keypoints."""
    cv2.setNumThreads(1)
    usual, rows = RegistrationConfig(), []
    with tempfile.TemporaryDirectory() as temporary:
        for case, pair in made_pairs(wide_scenes(data, split)[:1], Path(temporary)):
            if case == "shift":
                for count in _TIE_POINTS:
                    config = replace(usual, fit=replace(usual.fit, max_tie_points=count))
                    rows.append({"what": "tie points", "asked": count, **_measured(pair, config, rounds)})
            if case == WITHOUT:
                for count in _KEYPOINTS:
                    config = replace(usual, features=replace(usual.features, max_keypoints=count))
                    rows.append({"what": "keypoints", "asked": count, **_measured(pair, config, rounds)})
    out.write_text(json.dumps({"machine": machine(), "rounds": rounds, "rows": rows}, indent=1) + "\n")
    click.echo(out)


def _measured(pair: Pair, config: RegistrationConfig, rounds: int) -> dict[str, Any]:
    """Returns the median CPU time of a warm run, and what it found."""
    job = RegistrationJob(RasterSource(pair.reference), RasterSource(pair.sensed), Path(), config=config)
    register(job, NullProgress(), kept_describer)
    times = []
    for _ in range(rounds):
        start = time.process_time()
        result = register(job, NullProgress(), kept_describer)
        times.append(time.process_time() - start)
    found = {name: result.counts[name] for name in ("tie_points", "reference_keypoints")}
    return {"cpu_seconds": round(statistics.median(times), 3), **found}


if __name__ == "__main__":
    main()
