"""Sessions of the dock on real rasters and layers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qgis.core import QgsProject, QgsRasterLayer

from ltcore.config import VerdictConfig, to_json_object
from ltcore.geometry.transforms import Transform
from ltformer_qgis.core import TiePoints
from ltformer_qgis.dock.judge import Judge
from ltformer_qgis.dock.pixel_frame import PixelFrame
from ltformer_qgis.dock.session import Pair, Session, State
from ltformer_qgis.dock.tables import table_from
from tests.qgis.conftest import SAMPLES

TRUTH = Transform("affine", [[1.002, 0.004, -15.0], [-0.004, 0.998, 4.0], [0, 0, 1]])
FRAME = PixelFrame(1280, 960)


def tie_points(count: int, bad: int = 0) -> TiePoints:
    """`count` points 0.2 px around the truth, the first `bad` of them 30 px off."""
    random = np.random.default_rng(count)
    sensed = random.uniform(20, [1260, 940], (count, 2))
    reference = TRUTH(sensed) + random.normal(0, 0.2, (count, 2))
    reference[:bad] += 30.0
    return TiePoints(reference, sensed, random.uniform(0.3, 1, count), np.tile(np.eye(2) * 0.04, (count, 1, 1)))


def answer(transform=TRUTH, structure=20.0, **changes):
    """What the engine answers when it compared the images under a transform, JSON only."""
    x, y = np.meshgrid(np.linspace(64, 1216, 10), np.linspace(48, 912, 10))
    sensed = np.column_stack([x.ravel(), y.ravel()])
    return {
        "prior": np.eye(3).tolist(),
        "limits": to_json_object(VerdictConfig()),
        "to_cells": [[8 / 1280, 0, 0], [0, 8 / 960, 0], [0, 0, 1]],
        "shared": [True] * 64,
        "structure": structure,
        "check_grid": np.hstack([sensed, transform(sensed)]).tolist(),
        "failure": None,
        "pixel_size_map": None,
        **changes,
    }


@pytest.fixture
def loaded():
    """Makes a session of `count` points, `bad` of them 30 px off and on, examined under the truth."""

    def make(count=400, bad=0, judge=True):
        session = Session()
        points = tie_points(count, bad)
        state = State(table_from(points, np.ones(count, bool)), "affine")
        session.load(Pair("reference", "sensed", FRAME, FRAME), state, Judge(answer()) if judge else None)
        return session

    return make


@pytest.fixture
def orchard(qgis_new_project):
    """The orchard pair as layers of the project."""
    layers = [QgsRasterLayer(str(SAMPLES / "orchard" / f"{name}.tif"), name) for name in ("red", "nir")]
    QgsProject.instance().addMapLayers(layers)
    return SimpleNamespace(red=layers[0], nir=layers[1])
