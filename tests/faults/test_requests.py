"""Hostile and broken requests to the worker, and files of points, areas and records: each is answered, in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data.make_rasters import NORTH_UP, UTM_33N, shifted_pair

from .engine import QUICK, Engine


@pytest.fixture(scope="module")
def engine():
    found = Engine()
    yield found
    found.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return shifted_pair(tmp_path_factory.mktemp("pair"), (3.0, -2.0), geotransform=NORTH_UP, epsg=UTM_33N)


def job(pair, out, **more):
    sources = {role: {"path": str(path)} for role, path in zip(("reference", "sensed"), pair)}
    return {**sources, "out_dir": str(out), "config": QUICK, **more}


BAD_NAMES = [
    "a\0b",
    "a" * 300,
    "a" * 10_000,
    "\ud800",
    "$(touch {mark})",
    "`touch {mark}`",
    "a; touch {mark}",
    "| touch {mark}",
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("place", ["reference", "sensed", "aoi", "weights", "tie_points", "solution", "record"])
def test_a_bad_name_is_refused(tmp_path, engine, pair, name, place):
    mark = tmp_path / "mark"
    name = name.replace("{mark}", str(mark))
    asked = job(pair, tmp_path / "out")
    if place in ("reference", "sensed"):
        method, params = "register", {**asked, place: {"path": name}}
    elif place == "aoi":
        method, params = "register", {**asked, "aoi": name}
    elif place == "weights":
        method, params = "register", {**asked, "config": {"features": {"descriptor": "ltformer", "weights": name}}}
    elif place == "tie_points":
        method, params = "refit", {"job": asked, "tie_points": name}
    else:
        method, params = "warp", {"sensed": str(pair[1]), "solution": name, "out_path": str(tmp_path / "w.tif")}
    found = engine.ask(method, params)
    if place == "weights" and found.kind == "result":  # georeferenced rasters that agree need no network
        return
    assert found.kind == "input", found
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a\0b", "a" * 300, "\ud800"])
def test_outputs_cannot_go_to_a_bad_name(tmp_path, engine, pair, name):
    found = engine.ask("register", job(pair, tmp_path / name))
    assert found.kind == "input", found


SETTINGS = [
    {"fit": {"threshold_px": float("inf")}},
    {"fit": {"threshold_px": float("nan")}},
    {"fit": {"coarse_threshold_px": float("inf")}},
    {"fit": {"seed": -1}},
    {"fit": {"seed": 2**70}},
    {"fit": {"max_tie_points": 10**12}},
    {"verdict": {"fail_heldout_px": float("nan")}},
    {"verdict": {"fail_structure": float("inf")}},
    {"match": {"max_offset": "-1"}},
    {"match": {"max_offset": "1e9"}},
    {"features": {"device": "cuda:99999999999999999999"}},
    {"features": {"device": "cpu; reboot"}},
    {"features": {"__class__": "x"}},
    {"output": {"resampling": "__import__('os')"}},
    {"output": None},
    [],
    "x",
    {"fit": []},
]


@pytest.mark.parametrize("config", SETTINGS, ids=str)
def test_bad_settings_are_named(tmp_path, engine, pair, config):
    found = engine.ask("register", job(pair, tmp_path / "out", config=config))
    assert found.kind == "input", found


LINES = [
    b"[" * 100_000,
    b'{"id": 1, "method": "register", "params": ' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"id": 1, "method": "register", "params": {"a": ' + b'{"a":' * 300 + b"1" + b"}" * 301 + b"}",
    b'{"id": 1, "method": "__class__"}',
    b'{"id": 1, "method": "register", "params": {"out_dir": 1e400}}',
    b'{"id": 1, "method": "register", "params": {"reference": {"path": ' + b"9" * 5000 + b"}}}",
    b"\xff\xfe\x00",
    b'{"id": 1, "method": "warp", "params": {"sensed": "' + b"a" * 900_000 + b'"}}',
    b"x" * (1 << 21),
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_any_line_is_answered_and_the_worker_lives(engine, line):
    pid = engine.pid
    found = engine.send(line, timeout_s=30)
    assert found.kind in ("input", "request"), found
    assert engine.ask("ping", {}).result["pid"] == pid


@pytest.mark.parametrize(
    "method", ["refit", "import_points", "warp", "export_gcps", "examine", "write_edited", "snap", "assess"]
)
@pytest.mark.parametrize("params", [{}, {"a": 1}, {"reference": 1, "sensed": [], "tie_points": {}}], ids=str)
def test_params_of_something_else_are_refused(engine, method, params):
    found = engine.ask(method, params)
    assert found.kind in ("input", "request"), found


def polygon(ring):
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


AREAS = [
    ("nan.geojson", polygon([[15.0, 50.5], [float("nan"), 51], [16, 50.6], [15.0, 50.5]])),
    ("infinite.geojson", polygon([[15.0, 50.5], [1e999, 51], [16, 50.6], [15.0, 50.5]])),
    ("far.geojson", polygon([[1e300, 0], [1e300, 1e300], [0, 1e300], [1e300, 0]])),
    ("open.geojson", polygon([[0, 0], [1, 1]])),
    ("deep.geojson", "[" * 100_000),
    ("nan.csv", 'WKT,a\n"POLYGON((nan nan, 1 1, 2 2, nan nan))",1\n'),
    ("infinite.csv", 'WKT,a\n"POLYGON((0 0, inf 1, 2 2, 0 0))",1\n'),
    ("laughs.kml", '<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a0 "ha">'
     + "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};&a{n - 1};&a{n - 1};">' for n in range(1, 30))
     + "]><kml><Document><name>&a29;</name></Document></kml>"),
    ("outside.gml", '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><g>&x;</g>'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), AREAS, ids=[name for name, _ in AREAS])
def test_an_area_that_is_none_is_a_sentence(tmp_path, engine, pair, name, text):
    (tmp_path / name).write_text(text)
    found = engine.ask("register", job(pair, tmp_path / "out", aoi=str(tmp_path / name)), timeout_s=30)
    assert found.kind == "input", found
    assert "root:" not in found.text


def test_an_area_with_curves_is_read(tmp_path, engine, pair):
    circle = "CURVEPOLYGON(CIRCULARSTRING(500000 5599808,500256 5600000,500512 5599808,500256 5599616,500000 5599808))"
    (tmp_path / "a.csv").write_text(f'WKT,a\n"{circle}",1\n')
    found = engine.ask("register", job(pair, tmp_path / "out", aoi=str(tmp_path / "a.csv")))
    assert found.kind == "result", found
    assert found.result["verdict"] != "FAIL"


HEAD = '{"format": "ltcore registration record", "format_version": 1'
RECORDS = [
    "",
    "[" * 100_000,
    "null",
    HEAD + "}",
    HEAD + ', "transform": {"model": "affine", "matrix": [[NaN]]}}',
    '{"format": "ltcore registration record", "format_version": 1e999}',
    HEAD + ', "transform": {"model": "__import__"}, "inputs": []}',
]


@pytest.mark.parametrize("text", RECORDS, ids=range(len(RECORDS)))
def test_a_record_that_is_none_is_a_sentence(tmp_path, engine, pair, text):
    (tmp_path / "record.json").write_text(text)
    out = tmp_path / "w.tif"
    params = {"sensed": str(pair[1]), "solution": str(tmp_path / "record.json"), "out_path": str(out)}
    found = engine.ask("warp", params)
    assert found.kind == "input", found
    assert not out.exists()


@pytest.mark.parametrize("harm", [float("nan"), float("inf"), 1e300, "x", None, [], {}, -1])
def test_no_number_of_a_record_can_break_the_warp(tmp_path, engine, pair, harm):
    done = engine.ask("register", job(pair, tmp_path / "out"))
    whole = json.loads((tmp_path / "out" / "record.json").read_text())
    assert done.result["verdict"] == "PASS"
    places = [
        ("transform", "matrix"),
        ("transform", "model"),
        ("inputs", "sensed"),
        ("inputs", "reference"),
        ("job", "sensed"),
    ]
    for part, key in places:
        record = json.loads(json.dumps(whole))
        record[part][key] = harm
        (tmp_path / "harmed.json").write_text(json.dumps(record))
        out = tmp_path / "w.tif"
        params = {"sensed": str(pair[1]), "solution": str(tmp_path / "harmed.json"), "out_path": str(out)}
        found = engine.ask("warp", params, timeout_s=60)
        assert found.is_sound, (part, key, found)
    for key in ("width", "height", "geotransform"):
        record = json.loads(json.dumps(whole))
        value = [harm] * 6 if key == "geotransform" else harm
        record["inputs"]["reference"]["grid"][key] = value if value != 1e300 else 0
        (tmp_path / "harmed.json").write_text(json.dumps(record))
        found = engine.ask("warp", {**params, "solution": str(tmp_path / "harmed.json")}, timeout_s=60)
        assert found.is_sound, (key, found)
        assert found.kind != "result" or (key == "geotransform" and harm in (1e300, -1))
    matrix = np.array(whole["transform"]["matrix"], dtype=object)
    matrix[1, 1] = harm
    whole["transform"]["matrix"] = matrix.tolist()
    (tmp_path / "harmed.json").write_text(json.dumps(whole))
    params = {"sensed": str(pair[1]), "solution": str(tmp_path / "harmed.json"), "out_path": str(tmp_path / "w.tif")}
    found = engine.ask("warp", params, timeout_s=60)
    assert found.is_sound, found
