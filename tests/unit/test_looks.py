import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.frame import Scene
from ltcore.geometry.transforms import Transform
from ltcore.levels import Level
from ltcore.looks import Look, looks_at
from ltcore.raster.radiometry import Stretch
from ltcore.raster.read import RasterView, Window


def level_of(reference, sensed):
    view = RasterView(None, (1,), (1.0,), *sensed)
    scene = Scene(view, Stretch(0, 1))
    return Level(scene, scene, Window(0, 0, *reference), np.ones(2), np.ones(2), Transform("affine", np.eye(3)))


sides = st.tuples(st.integers(32, 1400), st.integers(32, 1400))


@given(reference=sides, sensed=sides, one_pixel_size=st.booleans(), keypoints=st.integers(50, 5000))
def test_no_look_is_repeated_or_makes_an_image_too_large_or_too_small(reference, sensed, one_pixel_size, keypoints):
    looks = looks_at(level_of(reference, sensed), one_pixel_size, keypoints)
    assert len(set(looks)) == len(looks)
    assert looks[0] == Look(1.0, 1.0, min(600, keypoints))
    for look in looks:
        assert look.keypoints <= keypoints
        for zoom, side in ((look.reference, reference), (look.sensed, sensed)):
            assert zoom == 1 or (max(side) / zoom <= 1400 and min(side) / zoom >= 64)
        assert look.reference == look.sensed or not one_pixel_size


@pytest.mark.parametrize(("one_pixel_size", "count"), [(True, 3), (False, 9)])
def test_unknown_pixel_sizes_are_worth_more_looks(one_pixel_size, count):
    assert len(looks_at(level_of((400, 300), (300, 400)), one_pixel_size, 2000)) == count
