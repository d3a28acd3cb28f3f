"""The coarse stage turns the windows as the descriptor's card says."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from osgeo import gdal

from ltcore.coarse import coarse_fit
from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig
from ltcore.features.sift import describe_rootsift
from ltcore.frame import build_frame
from ltcore.geometry.transforms import Transform
from ltcore.ltformer.describe import Describer, RootSiftDescriber
from ltcore.progress import NullProgress
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, shifted_pair, texture, to_bytes

CONFIG = RegistrationConfig(features=FeatureConfig(max_keypoints=300))


class _Recorder(Describer):
    """RootSIFT that remembers at which angles it was asked."""

    name, backend, device_reason = "recorder", "opencv", "a test"

    def __init__(self, orientation, *, sees_polarity=False):
        self.orientation, self.sees_polarity = orientation, sees_polarity
        self.asked = []

    def describe(self, image, keypoints, angles_deg, progress):
        self.asked.append((keypoints.angle_deg, np.asarray(angles_deg), float(image.mean())))
        return describe_rootsift(image, keypoints, np.broadcast_to(np.asarray(angles_deg, float), len(keypoints)))


@pytest.fixture
def one_look(monkeypatch):
    """The pair is looked at as it is only, whether that finds a transform or not."""
    monkeypatch.setattr("ltcore.looks._ZOOMS", ())
    monkeypatch.setattr("ltcore.looks._ZOOMS_OF_ONE_SIZE", ())


def _asked(folder, describer, **georeference):
    paths = shifted_pair(folder, (9.0, -5.0), (300, 260), **georeference)
    sources = [RasterSource(path) for path in paths]
    frame = build_frame(*(gdal.Open(str(path)) for path in paths), *sources, "100")
    coarse_fit(frame, describer, CONFIG, CONFIG.verdict, NullProgress())
    return describer.asked


def _turns(asked):
    """How much each description was turned against the keypoints' angles; None for upright windows."""
    turns = []
    for own, angles, _ in asked:
        difference = np.unique(np.round((angles - own) % 360, 6))
        turns.append(None if not angles.any() else difference.item())
    return turns


@pytest.mark.usefixtures("one_look")
@pytest.mark.parametrize(
    ("orientation", "turns"), [("sift_dual", [0, 0, 180]), ("sift", [0, 0]), ("upright", [None, None])]
)
def test_without_a_prior_the_card_decides(tmp_path, orientation, turns):
    assert _turns(_asked(tmp_path, _Recorder(orientation))) == turns


@pytest.mark.usefixtures("one_look")
@pytest.mark.parametrize("orientation", ["sift_dual", "sift", "upright"])
def test_with_a_prior_windows_are_upright(tmp_path, orientation):
    asked = _asked(tmp_path, _Recorder(orientation), geotransform=NORTH_UP, epsg=UTM_33N)
    assert _turns(asked) == [None, None]


@pytest.mark.usefixtures("one_look")
@pytest.mark.parametrize(
    ("orientation", "turns"), [("sift_dual", [0, 0, 180]), ("sift", [0, 0, 0]), ("upright", [None, None, None])]
)
def test_a_descriptor_that_sees_polarity_gets_the_reversed_image_too(tmp_path, orientation, turns):
    asked = _asked(tmp_path, _Recorder(orientation, sees_polarity=True))
    assert _turns(asked) == turns
    assert asked[2][2] == pytest.approx(255 - asked[1][2], abs=0.01)


def fit_of(paths, describer, config=CONFIG):
    sources = [RasterSource(path) for path in paths]
    frame = build_frame(*(gdal.Open(str(path)) for path in paths), *sources, "100")
    return coarse_fit(frame, describer, config, config.verdict, NullProgress())


def test_a_pair_that_does_not_match_is_looked_at_at_every_size_but_described_once_a_size(tmp_path):
    paths = [make_raster(tmp_path / f"{seed}.tif", to_bytes(texture(300, 260, seed))) for seed in (1, 2)]
    describer = _Recorder("sift_dual")
    fit = fit_of(paths, describer)
    assert not fit.passes
    assert len(describer.asked) == 9  # three sizes of each, the sensed one by both orientations


SAMPLE = Path(__file__).parents[2] / "samples" / "georeferenced"


@pytest.mark.parametrize(("smaller", "turns"), [(3, 1), (4, 2)])
def test_pixel_sizes_that_differ_much_match_where_one_image_is_looked_at_larger(tmp_path, smaller, turns):
    visible, nir = (
        np.atleast_3d(gdal.Open(str(SAMPLE / name)).ReadAsArray().T).T[0] for name in ("visible.tif", "nir.tif")
    )
    size = (nir.shape[1] // smaller, nir.shape[0] // smaller)
    small = cv2.resize(nir, size, interpolation=cv2.INTER_AREA)
    reference = make_raster(tmp_path / "a.tif", visible)
    fits = [
        fit_of([reference, make_raster(tmp_path / name, image)], RootSiftDescriber(), RegistrationConfig())
        for name, image in (("whole.tif", nir), ("small.tif", np.rot90(small, turns).copy()))
    ]
    assert isinstance(fits[1].transform, Transform)
    assert fits[1].passes
    assert fits[1].limits.fail_structure > fits[0].limits.fail_structure
    middles = np.array(nir.shape[::-1]) / 2, np.array(np.rot90(small, turns).shape[::-1]) / 2
    places = [fit.transform(middle[None]) for fit, middle in zip(fits, middles)]
    assert np.abs(places[1] - places[0]).max() < 3
    assert np.linalg.det(fits[1].transform.matrix[:2, :2]) == pytest.approx(smaller**2, rel=0.02)
