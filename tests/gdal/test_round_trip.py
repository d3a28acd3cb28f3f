"""Warp, then register again: nothing is left to correct, whatever the displacement was."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.config import FeatureConfig, FitConfig, OutputConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.geometry.transforms import apply_matrix
from ltcore.outputs import write_outputs
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, texture_at, to_bytes

SIDE = 300
CONFIG = RegistrationConfig(
    features=FeatureConfig(descriptor="rootsift", max_keypoints=800),
    fit=FitConfig(max_tie_points=400),
    output=OutputConfig(report=False),
)


def displaced(path: Path, matrix: np.ndarray) -> RasterSource:
    """A raster that shows at pixel s what lies at matrix(s) of the reference."""
    x, y = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    at = apply_matrix(matrix, np.column_stack([x.ravel(), y.ravel()])).reshape(SIDE, SIDE, 2)
    values = to_bytes(texture_at(at[..., 0], at[..., 1]))
    return RasterSource(make_raster(path, values, geotransform=NORTH_UP, epsg=UTM_33N))


@settings(max_examples=3, deadline=None)
@given(st.floats(-3, 3), st.floats(0.97, 1.03), st.floats(-12, 12), st.floats(-12, 12))
def test_what_was_warped_needs_no_more_warping(angle_deg, scale, along, down):
    c, s = scale * np.cos(np.radians(angle_deg)), scale * np.sin(np.radians(angle_deg))
    middle, offset = np.array([SIDE / 2, SIDE / 2]), np.array([along, down])
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    matrix[:2, 2] = middle + offset - matrix[:2, :2] @ middle
    with tempfile.TemporaryDirectory() as name:  # not tmp_path: hypothesis runs all examples in one test
        folder = Path(name)
        pair = displaced(folder / "reference.tif", np.eye(3)), displaced(folder / "sensed.tif", matrix)
        job = RegistrationJob(*pair, folder / "first", config=CONFIG)
        first = register(job, NullProgress())
        assert first.quality.verdict == "PASS"
        write_outputs(first, NullProgress())
        warped = RasterSource(folder / "first" / "warped.tif")
        second = register(replace(job, sensed=warped), NullProgress())
    assert second.quality.verdict == "PASS"
    around = np.array([[30.0, 30.0], [270, 30], [270, 270], [30, 270], [150, 150]])
    assert np.linalg.norm(second.fit.transform(around) - around, axis=1).max() < 0.1
