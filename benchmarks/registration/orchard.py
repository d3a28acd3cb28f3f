"""Suite *orchard*: the real drone pair of samples/ against check points picked by hand. It belongs to test alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .pairs import CheckPoints, Pair

POINTS = Path(__file__).with_name("orchard_check_points.json")
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "orchard"


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:  # the suites' interface
    """Yields the pair on test, nothing on val: nothing is chosen by it."""
    if split != "test":
        return
    points = json.loads(POINTS.read_text())["points"]
    places = [np.array([point[side] for point in points], float) for side in ("sensed", "reference")]
    yield Pair("check points", "orchard", SAMPLES / "red.tif", SAMPLES / "nir.tif", False, CheckPoints(*places))
