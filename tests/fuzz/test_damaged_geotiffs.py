"""Damaged GeoTIFFs: an answer or a sentence, no hang, no crash, no changed input, and nothing wrong called good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from osgeo import gdal

from tests.faults.engine import Engine
from tests.soaking import cases, digests, note, seed

from .corruption import damages, make_originals

TRUTH_TOLERANCE_PX = 1.5  # between a damaged pair and the whole one
SAME_SHARE = 0.5  # of the pixels: below it, another picture was registered


@pytest.fixture(scope="module")
def engine():
    found = Engine()
    yield found
    found.close()


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return make_originals(tmp_path_factory.mktemp("originals"))


@pytest.fixture(scope="module")
def truth(originals, engine, tmp_path_factory):
    whole = [originals["plain", role] for role in ("reference", "sensed")]
    asked = engine.register(*whole, tmp_path_factory.mktemp("truth"))
    assert asked.kind == "result", asked
    assert asked.result["verdict"] != "FAIL", asked.result["reasons"]
    return np.array(asked.result["transform"]["check_grid"])


def same_share(path, original):
    """Share of the pixels that are what they were; 0 where the size is another."""
    pixels, expected = gdal.Open(str(path)).ReadAsArray(), gdal.Open(str(original)).ReadAsArray()
    return float((pixels == expected).mean()) if pixels.shape == expected.shape else 0.0


@seeded(seed())
@settings(
    max_examples=cases(12, 500),
    deadline=None,
    database=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damage=damages)
def test_damage_is_told_or_does_no_harm(tmp_path, engine, originals, truth, damage):
    original = originals[damage.layout, damage.role]
    files = {role: originals[damage.layout, role] for role in ("reference", "sensed")}
    files[damage.role] = tmp_path / "damaged.tif"
    files[damage.role].write_bytes(damage.of(original.read_bytes()))
    before = digests(*files.values())
    asked = engine.register(files["reference"], files["sensed"], tmp_path / "out")
    verdict = asked.result["verdict"] if asked.result else ""
    note("damaged GeoTIFFs", kind=asked.kind, verdict=verdict, seconds=asked.seconds, damage=repr(damage))
    assert asked.is_sound, asked
    assert digests(*files.values()) == before
    assert not list(tmp_path.glob("*.aux.xml"))
    if verdict == "PASS" and same_share(files[damage.role], original) > SAME_SHARE:
        grid = np.array(asked.result["transform"]["check_grid"])
        assert np.abs(grid[:, 2:] - grid[:, :2] - (truth[:, 2:] - truth[:, :2])).max() < TRUTH_TOLERANCE_PX
