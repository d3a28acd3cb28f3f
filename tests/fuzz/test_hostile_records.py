"""Run records that somebody made up: a solution that can be used, or one sentence, soon and in little memory."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import time
import tracemalloc

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import seed as seeded

from ltcore.errors import InputError, LtcoreError
from ltcore.geometry.models import ALL_MODELS, fit_model
from ltcore.progress import CancelledError, NullProgress
from ltcore.raster.grid import GeoGrid
from ltcore.record import read_record, replayed_job, run_record, write_record
from ltcore.solution import WarpJob, read_solution, warp_with_solution
from tests.data.make_rasters import make_raster
from tests.data.make_result import make_result
from tests.soaking import cases, note, seed

GRID = GeoGrid(64, 48)
LONGEST_S = 20.0  # of processor time
SENTENCE_CHARACTERS = 500

numbers = st.one_of(
    st.sampled_from([0, -1, 1e300, -1e300, 1e-300, float("nan"), float("inf"), 10**18, 10**400, 2**31]),
    st.floats(-1e9, 1e9),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(["", "1", "tps", "../../x", "/dev/zero", "a\0b"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@pytest.fixture(scope="module", params=ALL_MODELS)
def record(request, tmp_path_factory):
    """A whole record of each model."""
    folder = tmp_path_factory.mktemp("record")
    source = np.random.default_rng(0).uniform(0, [GRID.width, GRID.height], (60, 2))
    bent = source + [3.25, -2.5] + 0.5 * np.sin(source[:, ::-1] / 20)
    path = folder / "record.json"
    made = make_result(folder, transform=fit_model(request.param, source, bent), grids=(GRID, GRID))
    write_record(path, run_record(made, {"record": "record.json"}))
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def sensed(tmp_path_factory):
    return make_raster(tmp_path_factory.mktemp("sensed") / "s.tif", size=(GRID.width, GRID.height))


def places_in(value, path=()):
    """Yields the path of every part of a JSON value."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places_in(part, (*path, key))


def harmed(record, harms):
    changed = copy.deepcopy(record)
    for where, harm, is_removed in harms:
        read = [place for place in places_in(changed) if place and place[0] in ("transform", "inputs", "job", "format")]
        path = read[int(where * (len(read) - 1))]
        part = changed
        for key in path[:-1]:
            part = part[key]
        if is_removed:
            del part[path[-1]]
        else:
            part[path[-1]] = harm
    return changed


def assert_sentence(error):
    assert len(str(error)) < SENTENCE_CHARACTERS, str(error)
    assert "Traceback" not in str(error)


harms = st.lists(st.tuples(st.floats(0, 1), values, st.booleans()), min_size=1, max_size=3)


@seeded(seed())
@settings(
    max_examples=cases(25, 300),
    deadline=None,
    database=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(harms=harms)
def test_a_harmed_record_is_used_or_refused(tmp_path, record, sensed, harms):
    path, start_s = tmp_path / "record.json", time.process_time()
    path.write_text(json.dumps(harmed(record, harms)))
    kind = "result"
    try:
        warp_with_solution(WarpJob(sensed, path, tmp_path / "w.tif"), NullProgress())
    except LtcoreError as error:
        assert_sentence(error)
        kind = "refused"
    try:
        replayed_job(path, tmp_path / "out", overwrite=False)
    except InputError as error:
        assert_sentence(error)
    seconds = time.process_time() - start_s
    note("hostile records", kind=kind, seconds=seconds)
    assert seconds < LONGEST_S


@seeded(seed())
@settings(max_examples=cases(100, 1000), deadline=None, database=None, derandomize=False)
@given(matrix=st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=3, max_size=3))
@example(matrix=[[1e300, 0, 0], [0, 1e300, 0], [0, 0, 1e-300]])
@example(matrix=[[1e-200, 0, 0], [0, 1e-200, 0], [0, 0, 1]])
@example(matrix=[[1, 0, 1e300], [0, 1, 0], [0, 0, 1]])
def test_any_matrix_is_one_that_can_be_inverted_or_is_refused(tmp_path_factory, matrix):
    folder = tmp_path_factory.mktemp("matrix")
    made = run_record(make_result(folder, grids=(GRID, GRID)), {})
    made["transform"].update(model="projective", matrix=matrix)
    (folder / "record.json").write_text(json.dumps(made))
    try:
        found = read_solution(folder / "record.json", GRID)
    except InputError as error:
        assert_sentence(error)
        return
    there = found.transform(np.array([[0.0, 0.0], [GRID.width, GRID.height]]))
    assert np.isfinite(found.transform.inverse().matrix).all()
    assert np.isfinite(there).all() or np.allclose(matrix[2][:2], 0) is False


def changed_text(record, old, new):
    text = json.dumps(record)
    assert old in text
    return text.replace(old, new, 1)


def refused(tmp_path, text):
    (tmp_path / "record.json").write_text(text)
    tracemalloc.start()
    start_s = time.process_time()
    with pytest.raises(InputError) as found:
        read_solution(tmp_path / "record.json", GRID)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_sentence(found.value)
    assert time.process_time() - start_s < LONGEST_S
    assert peak < 400e6
    return str(found.value)


@pytest.fixture
def plain(tmp_path):
    return run_record(make_result(tmp_path, grids=(GRID, GRID)), {})


@pytest.fixture
def spline(tmp_path):
    source = np.random.default_rng(0).uniform(0, [GRID.width, GRID.height], (60, 2))
    return run_record(make_result(tmp_path, transform=fit_model("tps", source, source), grids=(GRID, GRID)), {})


def test_a_key_given_twice_is_refused(tmp_path, plain):
    assert "twice" in refused(tmp_path, changed_text(plain, '"format":', '"format": "x", "format":'))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none_are_refused(tmp_path, plain, number):
    refused(tmp_path, changed_text(plain, "3.25", number))


@pytest.mark.parametrize("part", ["inputs", "transform", "job"])
@pytest.mark.parametrize("harm", [[1], "x", 1, True], ids=str)
def test_parts_of_another_kind_are_refused(tmp_path, plain, part, harm):
    assert part in refused(tmp_path, json.dumps({**plain, part: harm}))


@pytest.mark.parametrize("harm", ["1", True, [1.0], None])
def test_what_looks_like_a_number_is_none(tmp_path, plain, harm):
    plain["transform"]["matrix"][0][0] = harm
    refused(tmp_path, json.dumps(plain))


def test_a_matrix_of_another_model_is_refused(tmp_path, plain):
    plain["transform"]["matrix"][2] = [0.001, 0.0, 1.0]
    assert "shift" in refused(tmp_path, json.dumps(plain))


def test_a_spline_of_a_million_controls_is_refused(tmp_path, spline):
    many = [[0.1, 0.2]] * 1_000_000
    spline["transform"]["parameters"].update(controls=many, weights=many)
    refused(tmp_path, json.dumps(spline))


@pytest.mark.parametrize("name", ["controls", "hull"])
def test_a_spline_of_a_few_thousand_places_is_refused(tmp_path, spline, name):
    parameters = spline["transform"]["parameters"]
    parameters[name] = [[0.1, 0.2]] * 5000
    parameters["weights"] = [[0.0, 0.0]] * len(parameters["controls"])
    assert "5000" in refused(tmp_path, json.dumps(spline))


def test_a_spline_that_folds_is_refused(tmp_path, spline):
    parameters = spline["transform"]["parameters"]
    parameters["weights"] = (1e3 * np.random.default_rng(1).normal(size=np.shape(parameters["weights"]))).tolist()
    assert "folds" in refused(tmp_path, json.dumps(spline))


def test_a_grid_of_the_whole_world_is_refused(tmp_path, plain):
    plain["inputs"]["reference"]["grid"].update(width=2_000_000_000, height=2_000_000_000)
    assert "2000000000" in refused(tmp_path, json.dumps(plain))


def test_a_flood_of_empty_lists_is_refused(tmp_path):
    refused(tmp_path, "[" + "[]," * 1_000_000 + "[]]")


def test_a_file_of_gigabytes_is_not_read(tmp_path, plain):
    path = tmp_path / "record.json"
    with path.open("wb") as stream:
        stream.truncate(4 * 2**30)  # sparse
    tracemalloc.start()
    with pytest.raises(InputError, match="bytes"):
        read_record(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "record.json")
    for path in (tmp_path / "record.json", tmp_path / "none.json", tmp_path, tmp_path / ("a" * 300), "/dev/zero"):
        with pytest.raises(InputError):
            read_record(type(tmp_path)(path))


def test_long_words_of_a_record_are_cut(tmp_path, plain):
    refused(tmp_path, json.dumps({**plain, "format_version": "9" * 100_000}))
    plain["transform"]["model"] = "a" * 100_000
    refused(tmp_path, json.dumps(plain))


class Impatient(NullProgress):
    """Notes the longest time between two questions whether to stop, and stops after a while.

    Of processor time: on a busy machine everything takes longer.
    """

    def __init__(self):
        self.start_s = self.last_s = time.process_time()
        self.longest_s = 0.0

    def is_cancelled(self):
        now = time.process_time()
        self.longest_s, self.last_s = max(self.longest_s, now - self.last_s), now
        return now - self.start_s > 5


def test_a_polynomial_that_folds_can_be_cancelled_within_a_second(tmp_path):
    grid, random = GeoGrid(2000, 2000), np.random.default_rng(1)
    source = random.uniform(0, 2000, (60, 2))
    record = run_record(make_result(tmp_path, transform=fit_model("poly3", source, source), grids=(grid, grid)), {})
    coefficients = np.array(record["transform"]["parameters"]["coefficients"])
    coefficients[3], coefficients[5], coefficients[6:] = (1.0, 0.3), (0.5, -1.0), random.normal(size=(4, 2))
    record["transform"]["parameters"]["coefficients"] = coefficients.tolist()
    (tmp_path / "record.json").write_text(json.dumps(record))
    sensed = make_raster(tmp_path / "s.tif", size=(2000, 2000))
    progress = Impatient()
    with contextlib.suppress(CancelledError, LtcoreError):
        warp_with_solution(WarpJob(sensed, tmp_path / "record.json", tmp_path / "w.tif"), progress)
    assert progress.longest_s < 1.0
