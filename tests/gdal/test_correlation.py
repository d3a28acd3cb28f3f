"""The whole overlap correlated at once."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig, RegistrationJob, VerdictConfig
from ltcore.correlation import correlated_fit
from ltcore.errors import DeviceError, WeightsError
from ltcore.frame import build_frame
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.raster.read import open_raster
from ltcore.record import read_record
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, shifted_pair, texture, texture_at, to_bytes

SIZE = (240, 200)
PLACED = {"geotransform": NORTH_UP, "epsg": UTM_33N}


def fit_of(reference, sensed, max_offset="40"):
    sources = RasterSource(reference), RasterSource(sensed)
    frame = build_frame(*(open_raster(source) for source in sources), *sources, max_offset)
    return correlated_fit(frame, VerdictConfig())


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(x=st.floats(-28, 28), y=st.floats(-28, 28))
def test_any_shift_within_the_largest_offset_is_found_to_a_pixel(tmp_path, x, y):
    fit = fit_of(*shifted_pair(tmp_path, (x, y), SIZE, **PLACED))
    assert np.abs(fit.transform.matrix[:2, 2] - [x, y]).max() <= 1
    assert fit.passes


def test_reversed_contrast_makes_no_difference(tmp_path):
    reference, sensed = shifted_pair(tmp_path, (9.0, -5.0), SIZE, **PLACED)
    values = open_raster(RasterSource(sensed)).ReadAsArray()
    turned = make_raster(tmp_path / "turned.tif", 255 - values, **PLACED)
    fits = [fit_of(reference, path) for path in (sensed, turned)]
    assert np.array_equal(fits[0].transform.matrix, fits[1].transform.matrix)
    assert fits[1].structure == pytest.approx(fits[0].structure, rel=0.05)


def test_a_shift_beyond_the_largest_offset_is_not_believed(tmp_path):
    assert not fit_of(*shifted_pair(tmp_path, (60.0, 0.0), SIZE, **PLACED)).passes


def test_unrelated_ground_is_not_believed(tmp_path):
    paths = [make_raster(tmp_path / f"{seed}.tif", to_bytes(texture(*SIZE, seed)), **PLACED) for seed in (1, 2)]
    assert fit_of(*paths).structure < 6


def test_equal_rows_are_not_believed(tmp_path):
    """Every period agrees, so none is better than at every other offset."""
    rows = np.tile(np.sin(np.arange(200) * 2 * np.pi / 20)[:, None] * 100 + 120, (1, 240)).astype(np.uint8)
    paths = [make_raster(tmp_path / f"{name}.tif", rows, **PLACED) for name in "ab"]
    assert not fit_of(*paths).passes


@pytest.mark.parametrize("max_offset", ["0", "5000"])
def test_the_largest_offset_may_be_nothing_or_more_than_the_image(tmp_path, max_offset):
    fit = fit_of(*shifted_pair(tmp_path, (0.4, 0.3), SIZE, **PLACED), max_offset)
    assert np.abs(fit.transform.matrix[:2, 2]).max() <= 1
    assert fit.passes


def test_large_images_are_correlated_smaller_and_answer_in_full_pixels(tmp_path):
    x, y = np.meshgrid(np.arange(2100) + 0.5, np.arange(300) + 0.5)
    reference = make_raster(tmp_path / "a.tif", to_bytes(texture_at(x, y)), **PLACED)
    sensed = make_raster(tmp_path / "b.tif", to_bytes(texture_at(x + 24, y - 9)), **PLACED)
    fit = fit_of(reference, sensed)
    assert fit.factor == pytest.approx(1.5)
    assert np.abs(fit.transform.matrix[:2, 2] - [24, -9]).max() <= 2


def test_without_a_prior_there_is_nothing_to_correlate(tmp_path):
    with pytest.raises(ValueError, match="prior"):
        fit_of(*shifted_pair(tmp_path, (0, 0), SIZE), "100")


def test_where_correlation_is_sure_no_network_is_loaded(tmp_path):
    reference, sensed = shifted_pair(tmp_path, (9.0, -5.0), SIZE, **PLACED)
    args = ["ltcore", "register", str(reference), str(sensed), "--out", str(tmp_path / "out"), "--no-report"]
    code = (
        f"import sys; sys.argv = {args!r}; from ltcore.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'torch', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    record = read_record(tmp_path / "out" / "record.json")
    assert (record["provenance"]["descriptor"], record["backend"]) == ("correlation", "numpy")
    assert record["weights"]["name"] == "ltformer-d128"


@pytest.mark.parametrize("asked", [{"device": "cuda:99"}, {"weights": "no-such"}, {"backend": "onnx", "device": "mps"}])
def test_what_was_asked_for_and_is_not_there_is_an_error_though_it_is_not_needed(tmp_path, asked):
    reference, sensed = (RasterSource(path) for path in shifted_pair(tmp_path, (9.0, -5.0), SIZE, **PLACED))
    job = RegistrationJob(reference, sensed, tmp_path, config=RegistrationConfig(features=FeatureConfig(**asked)))
    with pytest.raises((DeviceError, WeightsError)):
        register(job, NullProgress())
