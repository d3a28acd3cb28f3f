"""Every suite on small scenes of its own: what it yields, and that its truth is true."""

from dataclasses import replace

import numpy as np
import pytest
from osgeo import gdal

from benchmarks.registration import crossscene, geometry, gsd, noise, related, smallshift, unrelated
from benchmarks.registration.ecc import SiftEcc
from benchmarks.registration.opencv_peers import rootsift
from benchmarks.registration.related import contrast
from benchmarks.registration.scenes import Scene
from benchmarks.registration.scoring import run
from benchmarks.registration.warps import NODATA
from tests.data.make_rasters import NORTH_UP, UTM_33N, texture

GEOREFERENCE = {"geotransform": NORTH_UP, "epsg": UTM_33N}


def scene(name, place, seed, size=(240, 220)):
    grey = (texture(*size, seed=seed) * 200).astype(np.float32)
    return Scene(name, place, grey, grey + 10, GEOREFERENCE, 0.1)


@pytest.fixture
def scenes(monkeypatch):
    """Two scenes of one place, one of another; for gsd large enough to be reduced by four."""
    found = [scene("a1", "a", 1), replace(scene("a1", "a", 1), name="a2"), scene("b", "b", 2)]
    for suite in (smallshift, geometry, crossscene, gsd, related, unrelated, noise):
        monkeypatch.setattr(suite, "load_scenes", lambda data, split, side=0: found)
    return found


def listed(suite, tmp_path):
    return [(pair, run(rootsift(), pair)) for pair in suite.pairs(None, "val", tmp_path, 0)]


@pytest.mark.usefixtures("scenes")
@pytest.mark.parametrize(
    "suite", [smallshift, geometry, crossscene, gsd, related], ids=lambda suite: suite.__name__.split(".")[-1]
)
def test_the_truth_of_a_suite_is_what_a_matcher_finds_on_a_textured_scene(suite, tmp_path):
    found = [(pair, row) for pair, row in listed(suite, tmp_path) if pair.kind != "d"]
    errors = [np.inf if row["rmse_px"] is None else row["rmse_px"] for _, row in found]
    assert found
    assert np.quantile(errors, 0.7) < 0.6, [(row["kind"], row["rmse_px"]) for _, row in found]


@pytest.mark.usefixtures("scenes")
def test_noise_is_measured_against_the_pixels_that_hold_data(tmp_path):
    spreads, without_data = {}, 0
    for pair in noise.pairs(None, "val", tmp_path, 0):
        image = gdal.Open(str(pair.sensed)).ReadAsArray()
        valid = image != NODATA
        without_data += (~valid).sum()
        spreads.setdefault(pair.kind, []).append(image[valid].std())
    assert without_data > 0  # -9999 counted as a grey value would make noise of 5 % one of 300 %
    clean = scene("a1", "a", 1).nir
    for level in (0.1, 0.2, 0.4):
        for way in ("turned", "shifted"):
            found = np.median(spreads[f"{way}, noise of {100 * level:.0f} %"])
            assert found == pytest.approx(np.hypot(clean.std(), level * contrast(clean)), rel=0.15)


def test_contrast_and_grey_values_know_nothing_of_pixels_without_data():
    image = np.linspace(100, 200, 10_000, dtype=np.float32).reshape(100, 100)
    holed = np.where(np.arange(100) < 10, NODATA, image).astype(np.float32)
    assert contrast(holed) == pytest.approx(contrast(image), rel=0.02)
    grey = related._gamma(holed, np.random.default_rng(0))[holed != NODATA]
    assert len(np.unique(grey)) > 100


@pytest.mark.usefixtures("scenes")
def test_cross_scene_pairs_join_two_dates_of_one_place(tmp_path):
    names = {pair.scene for pair, _ in listed(crossscene, tmp_path)}
    assert names == {"a1 and a2", "a2 and a1"}


@pytest.mark.usefixtures("scenes")
def test_unrelated_pairs_have_no_truth(tmp_path):
    found = list(unrelated.pairs(None, "val", tmp_path, 0))
    kinds = {"other place", "mirrored", "noise", "blank", "stripes", "clouds", "repeated", "overlap under 5 %"}
    assert {pair.kind for pair in found} == kinds
    assert all(pair.checks is None for pair in found)
    assert run(rootsift(), found[0])["must_be_refused"]


def test_windows_of_water_are_taken_from_water_alone(monkeypatch, tmp_path):
    sea = scene("sea", "sea", 3, size=(500, 220))
    wet = replace(sea, nir=sea.red / 2)
    monkeypatch.setattr(unrelated, "load_scenes", lambda data, split: [sea, wet])
    found = [pair.scene for pair in unrelated.pairs(None, "val", tmp_path, 0) if pair.kind == "water"]
    assert found == ["sea"] * 4  # three windows in a row: two pairs, with and without georeference


@pytest.mark.usefixtures("scenes")
def test_geometry_turns_by_any_angle_and_scales_by_up_to_two(tmp_path):
    scales = [pair.facts["scale"] for pair in geometry.pairs(None, "val", tmp_path, 0)]
    assert 0.5 <= min(scales) < 1 < max(scales) <= 2


def test_ecc_refines_what_sift_found(shifted):
    row = run(SiftEcc(), shifted)
    assert row["rmse_px"] < 0.1


def test_scenes_are_cut_to_their_middle_with_their_georeference():
    whole = scene("a", "a", 1)
    middle = whole.middle(100)
    assert middle.size == (100, 100)
    np.testing.assert_array_equal(middle.red, whole.red[60:160, 70:170])
    assert middle.georeference["geotransform"] == (500_140.0, 2.0, 0.0, 5_599_880.0, 0.0, -2.0)
