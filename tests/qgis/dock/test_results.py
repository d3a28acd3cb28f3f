"""Run records that are loaded into the dock, whoever made them."""

from __future__ import annotations

import json

import pytest

from ltformer_qgis.dock.results import is_record, session_of_record
from ltformer_qgis.layers import InputProblem

HEAD = {"format": "ltcore registration record", "format_version": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        '{"format": NaN}',
        json.dumps(HEAD),
        json.dumps({**HEAD, "inputs": []}),
        json.dumps({**HEAD, "inputs": {"reference": {"path": 1}, "sensed": {}}}),
        json.dumps({**HEAD, "inputs": {role: {"path": "a\0b", "band": 1} for role in ("reference", "sensed")}}),
    ],
    ids=range(7),
)
def test_a_record_that_is_none_is_a_sentence(tmp_path, text):
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(InputProblem, match=r"record\.json|is not there"):
        session_of_record(tmp_path / "record.json")


def test_no_record_names_the_network_or_another_folder(tmp_path, orchard):
    inputs = {"reference": orchard.red.source(), "sensed": "/vsicurl/http://127.0.0.1:9/a.tif"}
    record = {**HEAD, "inputs": {role: {"path": path, "band": 1} for role, path in inputs.items()}, "job": {}}
    (tmp_path / "record.json").write_text(json.dumps(record))
    with pytest.raises(InputProblem, match="is not there"):
        session_of_record(tmp_path / "record.json")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "points.gpkg").write_bytes(b"")
    record["inputs"]["sensed"]["path"] = orchard.nir.source()
    record.update(outputs={"tie_points": "other/points.gpkg"}, transform={"model": "shift"})
    (tmp_path / "record.json").write_text(json.dumps(record))
    with pytest.raises(InputProblem, match=r"points\.gpkg' are not there"):
        session_of_record(tmp_path / "record.json")


def test_tie_points_of_other_programs_are_no_record(tmp_path):
    (tmp_path / "points.json").write_text('{"type": "FeatureCollection", "features": []}')
    assert not is_record(tmp_path / "points.json")
