"""Where the georeference is wrong the search goes farther, says so, and asks for more."""

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ltcore.coarse import CoarseFit, stricter
from ltcore.config import (
    FeatureConfig,
    FitConfig,
    MatchConfig,
    RasterSource,
    RegistrationConfig,
    RegistrationJob,
    VerdictConfig,
)
from ltcore.frame import build_frame
from ltcore.geometry.transforms import Transform, apply_matrix
from ltcore.ltformer.describe import Describer
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.raster.read import open_raster
from ltcore.search import Found, _better
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, shifted_pair, texture_at, to_bytes

SIZE = (320, 280)
PLACED = {"geotransform": NORTH_UP, "epsg": UTM_33N}


def run(reference, sensed, max_offset="100"):
    config = RegistrationConfig(
        features=FeatureConfig(descriptor="rootsift", max_keypoints=800),
        match=MatchConfig(max_offset=max_offset),
        fit=FitConfig(max_tie_points=300),
    )
    return register(
        RegistrationJob(RasterSource(reference), RasterSource(sensed), Path("unused"), config=config), NullProgress()
    )


def error_px(result, matrix):
    x, y = np.meshgrid(np.linspace(0.2, 0.8, 6) * SIZE[0], np.linspace(0.2, 0.8, 6) * SIZE[1])
    grid = np.column_stack([x.ravel(), y.ravel()])
    return float(np.abs(result.fit.transform(grid) - apply_matrix(np.asarray(matrix, float), grid)).max())


@pytest.mark.parametrize(
    ("shift", "max_offset", "off_by"), [((30.0, 0.0), "10", 30), ((120.0, 90.0), "25", 150), ((20.0, 0.0), "10m", 20)]
)
def test_an_offset_beyond_the_largest_is_found_and_reported(tmp_path, shift, max_offset, off_by):
    result = run(*shifted_pair(tmp_path, shift, SIZE, **PLACED), max_offset=max_offset)
    assert result.quality.verdict in ("PASS", "WARN"), result.quality.reasons
    assert error_px(result, [[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) < 0.2
    limit = int(max_offset) if "m" not in max_offset else int(max_offset[:-1]) // 2
    expected = f"off by about {off_by} px, more than the largest offset of {limit} px"
    assert expected in " ".join(result.quality.reasons)


class Silent(Describer):
    """A descriptor that must not be asked."""

    name, backend, device_reason, backend_reason = "silent", "opencv", "a test", "a test"

    def describe(self, image, keypoints, angles_deg, progress):
        raise AssertionError("no descriptor is needed")


def test_where_the_whole_overlap_agrees_no_descriptor_is_asked(tmp_path):
    sources = [RasterSource(path) for path in shifted_pair(tmp_path, (12.0, 5.0), SIZE, **PLACED)]
    result = register(RegistrationJob(*sources, Path("unused")), NullProgress(), lambda _: Silent())
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert result.provenance["descriptor"] == "correlation"
    assert error_px(result, [[1, 0, 12], [0, 1, 5], [0, 0, 1]]) < 0.2


def found(frame, offset_px, structure, name):
    shift = Transform("shift", np.array([[1, 0, offset_px], [0, 1, 0], [0, 0, 1.0]]))
    return Found(frame, CoarseFit(shift, structure, 1.0, {}, VerdictConfig()), Silent(), name)


@pytest.mark.parametrize(
    ("offset_px", "words"), [(5, ""), (14, "lies 14 px apart; the structure of the images speaks")]
)
def test_the_better_structure_goes_on_and_a_disagreement_is_worth_a_word(tmp_path, offset_px, words):
    frame = frame_of(*shifted_pair(tmp_path, (0, 0), SIZE, **PLACED))
    pair = found(frame, 0.0, 9.0, "correlation"), found(frame, offset_px, 14.0, "rootsift")
    better = [_better(*pair), _better(*pair[::-1])]
    assert [each.found_by for each in better] == ["rootsift", "rootsift"]
    assert all(words in " ".join(each.frame.notes) for each in better)
    assert all(bool(each.frame.notes) is bool(words) for each in better)


def test_an_offset_within_the_largest_is_not_worth_a_word(tmp_path):
    result = run(*shifted_pair(tmp_path, (12.0, 5.0), SIZE, **PLACED))
    assert result.quality.verdict == "PASS"
    assert "off by about" not in " ".join(result.quality.reasons)


def test_a_georeference_turned_by_a_right_angle_is_found_and_reported(tmp_path):
    turned = np.array([[0.0, -1, 300], [1, 0, -10], [0, 0, 1]])
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    at = apply_matrix(turned, np.column_stack([x.ravel(), y.ravel()])).reshape(*x.shape, 2)
    reference = make_raster(tmp_path / "a.tif", to_bytes(texture_at(x, y)), **PLACED)
    sensed = make_raster(tmp_path / "b.tif", to_bytes(texture_at(at[..., 0], at[..., 1])), **PLACED)
    result = run(reference, sensed)
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert error_px(result, turned) < 0.2
    assert "georeference was" in result.quality.reasons[-1]


def test_a_pair_that_shows_nothing_in_common_fails_however_far_is_searched(tmp_path):
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    one, other = (make_raster(tmp_path / f"{s}.tif", to_bytes(texture_at(x, y, s)), **PLACED) for s in (1, 2))
    quality = run(one, other).quality
    assert quality.verdict == "FAIL"
    assert "within 100 px of where the georeference says" in quality.reasons[0]


def test_rows_that_repeat_beyond_the_largest_offset_are_no_match(tmp_path):
    """Crop rows with a gap: every period agrees, and the one right place lies out of reach of the first search."""
    rows = np.tile(np.sin(np.arange(280) * 2 * np.pi / 20)[:, None] * 100 + 120, (1, 320)).astype(np.uint8)
    reference = make_raster(tmp_path / "a.tif", rows, **PLACED)
    sensed = make_raster(tmp_path / "b.tif", np.roll(rows, 60, axis=0), **PLACED)
    assert run(reference, sensed, max_offset="5").quality.verdict == "FAIL"


def test_a_wider_search_needs_more_structure():
    limits, strict = VerdictConfig(), stricter(VerdictConfig())
    assert strict.fail_structure > limits.fail_structure
    assert strict.warn_structure > limits.warn_structure
    assert strict.fail_inliers == limits.fail_inliers


def frame_of(reference, sensed, search="given"):
    sources = RasterSource(reference), RasterSource(sensed)
    return build_frame(open_raster(sources[0]), open_raster(sources[1]), *sources, "20", search)


def test_each_search_reaches_farther(tmp_path):
    """The sensed raster lies in the middle of the reference."""
    reference = make_raster(tmp_path / "a.tif", size=(800, 600), **PLACED)
    inner = (NORTH_UP[0] + 300, 2.0, 0.0, NORTH_UP[3] - 200, 0.0, -2.0)
    sensed = make_raster(tmp_path / "b.tif", size=(200, 180), geotransform=inner, epsg=UTM_33N)
    given, wider, free = (frame_of(reference, sensed, search) for search in ("given", "wider", "free"))
    assert (given.overlap.x, given.overlap.width, given.max_offset_px) == (130, 240, 20)
    assert (wider.overlap.x, wider.overlap.width, wider.max_offset_px) == (70, 360, 80)
    assert (free.overlap.x, free.overlap.width, free.max_offset_px) == (0, 550, None)
    # The free search sees the sensed raster on a grid of its own, and still knows the way back.
    assert (free.sensed.view.width, free.sensed.view.height) == (200, 180)
    assert np.allclose(free.sensed.view.to_source([[10.0, 20.0]]), [[10, 20]])
    assert np.allclose(free.prior, given.prior)


@pytest.mark.parametrize(("kind", "words"), [("gcps", "4 ground control points"), ("rpcs", "(RPCs)")])
def test_georeference_that_is_not_used_is_named(tmp_path, kind, words):
    reference, plain = shifted_pair(tmp_path, (5.0, 3.0), SIZE)
    sensed = tmp_path / "placed.vrt"
    dataset = gdal.Translate(str(sensed), str(plain), format="VRT")
    if kind == "gcps":
        corners = [(0, 0), (SIZE[0], 0), (0, SIZE[1]), SIZE]
        gcps = [gdal.GCP(500_000 + 2 * x, 5_600_000 - 2 * y, 0, x, y) for x, y in corners]
        dataset.SetGCPs(gcps, "")
    else:
        dataset.SetMetadata({"LINE_OFF": "140", "SAMP_OFF": "160"}, "RPC")
    dataset.FlushCache()
    result = run(reference, sensed)
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert [words in reason for reason in result.quality.reasons] == [False, True]
    assert "gdalwarp" in result.quality.reasons[-1]


def test_plain_rasters_are_not_worth_a_word(tmp_path):
    assert frame_of(*shifted_pair(tmp_path, (5.0, 3.0), SIZE)).notes == ()


@pytest.mark.parametrize(("side", "finer"), [(200, 1), (120, 2), (40, 4)])
def test_a_small_overlap_is_seen_on_a_finer_grid(tmp_path, side, finer):
    """The largest offset stays what it was on the ground, and places come back in px of the rasters themselves."""
    reference = make_raster(tmp_path / "a.tif", size=(400, 400), **PLACED)
    coarse = (NORTH_UP[0], 800 / side, 0.0, NORTH_UP[3], 0.0, -800 / side)
    frame = frame_of(reference, make_raster(tmp_path / "b.tif", size=(side, side), geotransform=coarse, epsg=UTM_33N))
    assert frame.finer == finer
    assert frame.max_offset_px == 20 * finer
    assert (frame.reference.view.width, frame.sensed.view.width) == (side * finer, side * finer)
    assert frame.working_px == pytest.approx(400 / side / finer)
    assert frame.coarser_px == pytest.approx(400 / side)
    middle = np.array([[side * finer / 2, side * finer / 2]])
    assert np.allclose(frame.reference.view.to_source(middle), 200)
    assert np.allclose(frame.sensed.view.to_source(middle), side / 2)
