"""Tie points that people edit, as the plugin's dock sends them: examined, set by hand, written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ltcore.config import RasterSource, RegistrationConfig, RegistrationJob, to_json_object
from ltcore.editing import examine, write_edited
from ltcore.errors import InputError
from ltcore.progress import NullProgress
from ltcore.record import read_record
from ltcore.snap import snap
from tests.data.make_rasters import make_raster, texture, to_bytes

SHIFT = np.array([7.3, -4.6])  # sensed -> reference, px
GEOTRANSFORM = (500_000.0, 2.0, 0.0, 5_600_000.0, 0.0, -2.0)
SIZE = (400, 320)
QUIET = NullProgress()


def shifted(image, shift):
    """The image moved by a whole number of pixels and a fraction of one, by the Fourier shift theorem."""
    spectrum = np.fft.fft2(image)
    fy, fx = np.fft.fftfreq(image.shape[0])[:, None], np.fft.fftfreq(image.shape[1])
    return np.fft.ifft2(spectrum * np.exp(2j * np.pi * (fx * shift[0] + fy * shift[1]))).real


@pytest.fixture(scope="module", params=["plain", "georeferenced"])
def pair(request, tmp_path_factory):
    """Two rasters that show one texture, the sensed one shifted; perhaps both with the same georeference."""
    folder = tmp_path_factory.mktemp(request.param)
    ground = texture(*SIZE, 5)
    options = {} if request.param == "plain" else {"geotransform": GEOTRANSFORM, "epsg": 32633}
    reference = make_raster(folder / "reference.tif", to_bytes(ground), **options)
    sensed = make_raster(folder / "sensed.tif", 255 - to_bytes(shifted(ground, SHIFT)), **options)
    return reference, sensed


def job_of(pair, out_dir="unused", **output):
    config = to_json_object(RegistrationConfig())
    config["output"].update(output)
    job = to_json_object(RegistrationJob(RasterSource(pair[0]), RasterSource(pair[1]), out_dir))
    return {**job, "config": config}


def points_file(folder, moved=(0.0, 0.0), bad=0):
    """True points of the pair, all moved alike, the first `bad` of them 20 px off but on."""
    random = np.random.default_rng(3)
    sensed = random.uniform(20, np.array(SIZE) - 20, (80, 2))
    reference = sensed + SHIFT + moved + random.normal(0, 0.1, (80, 2))
    reference[:bad] += 20
    path = folder / "points.npz"
    np.savez(
        path,
        sensed_xy=sensed,
        reference_xy=reference,
        score=np.ones(80),
        covariance_px2=np.tile(np.eye(2) * 0.04, (80, 1, 1)),
        enabled=np.ones(80, bool),
    )
    return path


def edit_of(pair, points, model="shift", out_dir="unused", deleted=0, **output):
    return {"job": job_of(pair, str(out_dir), **output), "points": str(points), "model": model, "deleted": deleted}


def test_true_points_pass_and_the_answer_is_json(pair, tmp_path):
    answer = examine(edit_of(pair, points_file(tmp_path)), QUIET)
    assert answer["quality"]["verdict"] == "PASS"
    assert answer["structure"] > 12
    assert sum(answer["shared"]) > 50
    assert json.loads(json.dumps(answer)) == answer


def test_points_that_are_all_wrong_alike_fail_by_the_images(pair, tmp_path):
    answer = examine(edit_of(pair, points_file(tmp_path, moved=(25.0, 12.0))), QUIET)
    assert answer["quality"]["heldout_rmse_px"] < 0.2
    assert answer["quality"]["verdict"] == "FAIL"
    assert "structure" in " ".join(answer["quality"]["reasons"])


def test_auto_finds_the_model_and_the_good_points(pair, tmp_path):
    answer = examine(edit_of(pair, points_file(tmp_path, bad=10), "auto"), QUIET)
    assert answer["model"] == "shift"
    assert not any(answer["enabled"][:10])
    assert all(answer["enabled"][10:])
    kept = examine(edit_of(pair, points_file(tmp_path, bad=10)), QUIET)  # whoever wants them on has them on
    assert all(kept["enabled"])


def test_deleted_points_count_as_not_agreeing(pair, tmp_path):
    answer = examine(edit_of(pair, points_file(tmp_path), deleted=400), QUIET)
    assert answer["quality"]["tie_points"] == 480
    assert answer["quality"]["verdict"] == "FAIL"


def test_a_file_that_is_none_is_a_sentence(pair, tmp_path):
    path = tmp_path / "points.npz"
    path.write_bytes(b"no points")
    with pytest.raises(InputError, match="cannot be read"):
        examine(edit_of(pair, path), QUIET)


def test_the_files_of_an_edited_registration_say_so(pair, tmp_path):
    answer = write_edited(edit_of(pair, points_file(tmp_path), out_dir=tmp_path / "out", report=False), QUIET)
    assert set(answer["outputs"]) == {"tie_points", "points_file", "gcps_vrt", "warped", "record"}
    record = read_record(tmp_path / "out" / "record.json")
    assert record["provenance"]["edited"] is True
    assert record["transform"]["model"] == "shift"
    found = np.array(record["transform"]["matrix"])[:2, 2]
    np.testing.assert_allclose(found, SHIFT, atol=0.05)


def test_what_fails_is_not_warped(pair, tmp_path):
    points = points_file(tmp_path, moved=(25.0, 12.0))
    answer = write_edited(edit_of(pair, points, out_dir=tmp_path / "out", report=False), QUIET)
    assert "warped" not in answer["outputs"]
    assert "verdict is FAIL" in answer["notes"][0]


@pytest.mark.parametrize("clicked_off", [(0.0, 0.0), (6.0, -5.0)])
def test_a_point_set_by_hand_is_found_to_a_fraction_of_a_pixel(pair, clicked_off):
    matrix = [[1.0, 0.0, SHIFT[0] + clicked_off[0]], [0.0, 1.0, SHIFT[1] + clicked_off[1]], [0.0, 0.0, 1.0]]
    found = snap({"job": job_of(pair), "reference_xy": [200.4, 150.2], "matrix": matrix}, QUIET)
    assert found["clear"]
    offset = np.array(found["reference_xy"]) - found["sensed_xy"]
    np.testing.assert_allclose(offset, SHIFT, atol=0.1)
    np.testing.assert_allclose(found["reference_xy"], [200.4, 150.2], atol=0.71)


def test_a_point_far_from_where_it_was_clicked_is_not_made_up(pair):
    matrix = [[1.0, 0.0, SHIFT[0] + 60], [0.0, 1.0, SHIFT[1]], [0.0, 0.0, 1.0]]
    found = snap({"job": job_of(pair), "reference_xy": [200.0, 150.0], "matrix": matrix}, QUIET)
    assert not found["clear"]
    assert found["why"]


def test_a_point_outside_is_not_made_up(pair):
    matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    found = snap({"job": job_of(pair), "reference_xy": [2.0, 2.0], "matrix": matrix}, QUIET)
    assert not found["clear"]
    assert "needed" in found["why"]
