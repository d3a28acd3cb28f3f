"""The coarse stage turns the windows as the descriptor's card says."""

import numpy as np
import pytest
from osgeo import gdal

from ltcore.coarse import coarse_fit
from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig
from ltcore.features.sift import describe_rootsift
from ltcore.frame import build_frame
from ltcore.ltformer.describe import Describer
from ltcore.progress import NullProgress
from tests.data.make_rasters import NORTH_UP, UTM_33N, shifted_pair

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


def _asked(folder, describer, **georeference):
    paths = shifted_pair(folder, (9.0, -5.0), (300, 260), **georeference)
    sources = [RasterSource(path) for path in paths]
    frame = build_frame(*(gdal.Open(str(path)) for path in paths), *sources, "100")
    coarse_fit(frame, describer, CONFIG, NullProgress())
    return describer.asked


def _turns(asked):
    """How much each description was turned against the keypoints' angles; None for upright windows."""
    turns = []
    for own, angles, _ in asked:
        difference = np.unique(np.round((angles - own) % 360, 6))
        turns.append(None if not angles.any() else difference.item())
    return turns


@pytest.mark.parametrize(
    ("orientation", "turns"), [("sift_dual", [0, 0, 180]), ("sift", [0, 0]), ("upright", [None, None])]
)
def test_without_a_prior_the_card_decides(tmp_path, orientation, turns):
    assert _turns(_asked(tmp_path, _Recorder(orientation))) == turns


@pytest.mark.parametrize("orientation", ["sift_dual", "sift", "upright"])
def test_with_a_prior_windows_are_upright(tmp_path, orientation):
    asked = _asked(tmp_path, _Recorder(orientation), geotransform=NORTH_UP, epsg=UTM_33N)
    assert _turns(asked) == [None, None]


@pytest.mark.parametrize(
    ("orientation", "turns"), [("sift_dual", [0, 0, 180]), ("sift", [0, 0, 0]), ("upright", [None, None, None])]
)
def test_a_descriptor_that_sees_polarity_gets_the_reversed_image_too(tmp_path, orientation, turns):
    asked = _asked(tmp_path, _Recorder(orientation, sees_polarity=True))
    assert _turns(asked) == turns
    assert asked[2][2] == pytest.approx(255 - asked[1][2], abs=0.01)
