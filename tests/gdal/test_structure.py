import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltcore.aligned import read_aligned
from ltcore.config import RasterSource
from ltcore.evidence import gather_evidence
from ltcore.frame import build_frame
from ltcore.geometry.transforms import Transform, apply_matrix
from ltcore.raster.read import Window, open_raster
from ltcore.structure import best_shift, structure_score
from tests.data.make_rasters import make_raster, shifted_pair, texture_at, to_bytes

SIZE = (360, 300)
TRUTH = np.array([[1.1, -0.3, 40.0], [0.25, 1.05, -30.0], [1e-5, 2e-5, 1.0]])


def frame_of(reference, sensed, max_offset="100"):
    sources = RasterSource(reference), RasterSource(sensed)
    return build_frame(open_raster(sources[0]), open_raster(sources[1]), *sources, max_offset)


def warped_frame(folder):
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    at = apply_matrix(TRUTH, np.column_stack([x.ravel(), y.ravel()])).reshape(*x.shape, 2)
    reference = make_raster(folder / "a.tif", to_bytes(texture_at(x, y)))
    return frame_of(reference, make_raster(folder / "b.tif", to_bytes(texture_at(at[..., 0], at[..., 1]))))


def test_the_aligned_scene_shows_what_the_reference_shows(tmp_path):
    frame = warped_frame(tmp_path)
    window = Window(60, 50, 200, 180)
    aligned = read_aligned(frame.sensed, window, Transform("projective", TRUTH))
    reference = frame.reference.read(window)
    both = aligned.valid & reference.valid
    assert both.mean() > 0.5
    # The two stretches differ by a gain, so compare by correlation; half a pixel of error would cost 0.02.
    assert np.corrcoef(aligned.values[both], reference.values[both])[0, 1] > 0.995


def test_reading_in_parts_is_reading_at_once(tmp_path):
    frame = warped_frame(tmp_path)
    transform = Transform("projective", TRUTH)
    whole = read_aligned(frame.sensed, Window(0, 0, 200, 200), transform)
    part = read_aligned(frame.sensed, Window(100, 80, 60, 60), transform)
    assert np.array_equal(whole.valid[80:140, 100:160], part.valid)
    assert np.abs(whole.values[80:140, 100:160] - part.values)[part.valid].max() < 2


def test_a_window_the_sensed_scene_does_not_reach_is_empty(tmp_path):
    far = Transform("shift", np.array([[1, 0, 5000.0], [0, 1, 0], [0, 0, 1]]))
    assert not read_aligned(warped_frame(tmp_path).sensed, Window(0, 0, 50, 40), far).valid.any()


@pytest.mark.parametrize(("off", "agrees"), [((0, 0), True), ((1.5, -1), True), ((20, 0), False), ((0, 300), False)])
def test_only_the_right_place_agrees(tmp_path, off, agrees):
    frame = frame_of(*shifted_pair(tmp_path, (7, -4), SIZE))
    shift = Transform("shift", np.array([[1, 0, 7.0 + off[0]], [0, 1, -4.0 + off[1]], [0, 0, 1]]))
    score = structure_score(frame.reference, frame.sensed, frame.overlap, shift)
    assert score > 8 if agrees else score == 0


def test_unrelated_scenes_do_not_agree(tmp_path):
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    one, other = (make_raster(tmp_path / f"{seed}.tif", to_bytes(texture_at(x, y, seed))) for seed in (1, 2))
    frame = frame_of(one, other)
    assert structure_score(frame.reference, frame.sensed, frame.overlap, Transform("shift", np.eye(3))) < 5


@pytest.mark.parametrize("common", [10, 24, 40])
def test_little_common_ground_is_no_strong_evidence(tmp_path, common):
    """Most wrong offsets then compare nothing: their silence must not count as agreement of the right one."""
    frame = frame_of(*shifted_pair(tmp_path, (SIZE[0] - common, 0), SIZE))
    shift = Transform("shift", np.array([[1, 0, SIZE[0] - common], [0, 1, 0], [0, 0, 1.0]]))
    score = structure_score(frame.reference, frame.sensed, frame.overlap, shift)
    assert score == 0 if common < 16 else 3 < score < 60


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (0.5, 0.5), (0.0, 0.0)])
def test_coverage_is_the_share_of_occupied_cells(tmp_path, share, expected):
    frame = frame_of(*shifted_pair(tmp_path, (0, 0), SIZE))
    x, y = np.meshgrid(np.arange(4, SIZE[0] * share, 8), np.arange(4, SIZE[1], 8))
    found = gather_evidence(frame, Transform("shift", np.eye(3)), np.column_stack([x.ravel(), y.ravel()]))
    assert found.coverage == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("unique_px", "agrees"), [(0, True), (150, False)])
def test_ground_that_repeats_itself_farther_away_is_no_only_answer(tmp_path, unique_px, agrees):
    tiled = np.tile(to_bytes(texture_at(*np.meshgrid(np.arange(100.0), np.arange(100.0)))), (3, 4))
    frame = frame_of(make_raster(tmp_path / "a.tif", tiled), make_raster(tmp_path / "b.tif", tiled))
    here = Transform("shift", np.eye(3))
    score = structure_score(frame.reference, frame.sensed, frame.overlap, here, unique_px)
    assert score > 8 if agrees else score == 0


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(x=st.integers(-20, 20), y=st.integers(-20, 20), reach=st.integers(31, 400))
def test_the_best_shift_is_the_shift(tmp_path, x, y, reach):
    frame = frame_of(*shifted_pair(tmp_path, (x, y), (160, 120)))
    found = best_shift(frame.reference, frame.sensed, Window(0, 0, 160, 120), reach)
    assert np.abs(np.subtract(found, (x, y))).max() <= 1
