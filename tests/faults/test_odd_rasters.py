"""Rasters of odd kinds, sizes, places and names: the right answer or a sentence, and never a changed input."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.soaking import digests, note

from .engine import Engine
from .odd_rasters import ODD, SHIFT

LEFT_OUT = {"1 bit", "mirrored"}  # they show too little of the scene, or its mirror image: FAIL is right
WINDOWS = {"spaces and quotes", "lines", "links", "links in a circle"}  # its file names have no such characters


@pytest.fixture(scope="module")
def engine():
    found = Engine()
    yield found
    found.close()


@pytest.mark.parametrize("name", ODD)
def test_the_answer_is_right_or_a_sentence(tmp_path, engine, name):
    if os.name == "nt" and name in WINDOWS:
        pytest.skip("no such names on Windows")
    reference, sensed, words = ODD[name](tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = digests(*files)
    asked = engine.register(reference, sensed, tmp_path / "out")
    note("odd rasters", name=name, kind=asked.kind, seconds=asked.seconds)
    assert asked.is_sound, asked
    assert [path for path in tmp_path.rglob("*") if path.is_file() and tmp_path / "out" not in path.parents] == files
    assert digests(*files) == before
    if words is not None:
        assert asked.kind == "input", asked
        assert words in asked.text
        assert not (tmp_path / "out").exists()
        return
    assert asked.kind == "result", asked
    if name in LEFT_OUT:
        assert asked.result["verdict"] == "FAIL"
        return
    assert asked.result["verdict"] == "PASS", asked.result["reasons"]
    grid = np.array(asked.result["transform"]["check_grid"])
    assert np.abs(grid[:, 2:] - grid[:, :2] - SHIFT).max() < 0.3


def test_one_file_may_be_both_inputs(tmp_path, engine):
    reference, _, _ = ODD["rotated"](tmp_path)
    asked = engine.register(reference, reference, tmp_path / "out")
    assert asked.kind == "result", asked
    assert asked.result["verdict"] == "PASS"


@pytest.mark.parametrize("name", ["warped.tif", "record.json", "gcps.vrt"])
@pytest.mark.parametrize("through_link", [False, True])
def test_outputs_may_lie_beside_the_inputs_but_never_upon_them(tmp_path, engine, name, through_link):
    reference, sensed, _ = ODD["rotated"](tmp_path)
    target = tmp_path / name
    if through_link:
        target.symlink_to(sensed)
    else:
        sensed = sensed.rename(target)
    before = digests(reference, sensed)
    asked = engine.register(reference, sensed, tmp_path)
    assert asked.kind == "input", asked
    assert "would be overwritten" in asked.text
    assert digests(reference, sensed) == before


def test_the_folder_of_the_inputs_takes_the_outputs(tmp_path, engine):
    reference, sensed, _ = ODD["rotated"](tmp_path)
    before = digests(reference, sensed)
    assert engine.register(reference, sensed, tmp_path).kind == "result"
    assert digests(reference, sensed) == before
    assert (tmp_path / "record.json").is_file()
