"""Finished files reach their destinations all together or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ltformer_qgis.delivery import Delivery
from ltformer_qgis.errors import EngineError


@pytest.fixture
def made(tmp_path):
    """Two files of the engine."""
    folder = tmp_path / "engine"
    folder.mkdir()
    paths = [folder / "a.tif", folder / "b.json"]
    for path in paths:
        path.write_text(f"new {path.name}")
    return paths


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def deliver(made, targets):
    delivery = Delivery(dict(zip(made, targets)))
    delivery.stage()
    delivery.commit()


def test_files_arrive_and_replace_older_ones_with_their_statistics(made, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.tif").write_text("old")
    (out / "a.tif.aux.xml").write_text("old")
    deliver(made, [out / "a.tif", out / "deep" / "b.json"])
    assert names(out) == ["a.tif", "deep"]
    assert (out / "a.tif").read_text() == "new a.tif"
    assert names(out / "deep") == ["b.json"]


def test_a_destination_that_cannot_be_written_leaves_the_others_alone(made, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.tif").write_text("old")
    (out / "b.json").mkdir()  # a folder where the file should go
    with pytest.raises(EngineError, match=r"b\.json' could not be written"):
        deliver(made, [out / "a.tif", out / "b.json"])
    assert names(out) == ["a.tif", "b.json"]
    assert (out / "a.tif").read_text() == "old"


def test_another_disk_is_reached_by_copying(made, tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.EXDEV, "another device", str(self), None, str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    deliver(made, [tmp_path / "a.tif", tmp_path / "b.json"])
    assert (tmp_path / "b.json").read_text() == "new b.json"


def test_a_full_disk_leaves_nothing(made, tmp_path, monkeypatch):
    def full(*_paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "out"
    monkeypatch.setattr(Path, "rename", full)
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(EngineError, match="No space left on device"):
        deliver(made, [out / "a.tif", out / "b.json"])
    assert names(out) == []
