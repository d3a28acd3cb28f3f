"""The plugin in the real QGIS Desktop on a virtual screen: what users do with mouse and keyboard, and what is left."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import pytest
from osgeo import gdal

from tests.docs.guide import PAGES
from tests.qgis.profiles import ROOT, Profile, has_desktop

pytestmark = pytest.mark.skipif(not has_desktop(), reason="needs QGIS Desktop and xvfb-run")

HERE = Path(__file__).resolve().parent
LOAD_LIMIT_MS = 300
EDIT_LIMIT_MS = 100  # of computing: on a busy machine the clock on the wall shows the others' work
CANCEL_LIMIT_MS = 1500  # a second, and what a busy machine adds
FREEZE_LIMIT_MS = 300  # of QGIS's own computing between two rounds of its event loop
MENU_PATH = re.compile(r"(?<!\*)\*([^*\n]+ > [^*]+)\*(?!\*)")  # as the guide writes it: *Raster > LTFormer ... > ...*


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The plugin's ZIP."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "script/package", folder], check=True, capture_output=True)
    return next(folder.glob("*.zip"))


@pytest.fixture(scope="session")
def small_pair(pair, tmp_path_factory):
    """A window of the pair, 200 x 180 px: runs take a second or two."""
    folder = tmp_path_factory.mktemp("small")
    for path in pair:
        gdal.Translate(str(folder / path.name), str(path), srcWin=[40, 20, 200, 180])
    return [folder / path.name for path in pair]


@pytest.fixture
def play(archive, small_pair, tmp_path):
    """Plays a story in a clean profile; returns what it noted and the profile."""
    profile = Profile(tmp_path / "profile")

    def played(story):
        seen = profile.desktop(
            HERE / story,
            400,
            STORIES=str(HERE),
            ZIP=str(archive),
            REFERENCE=str(small_pair[0]),
            SENSED=str(small_pair[1]),
            OUT=str(tmp_path),
        )
        assert "error" not in seen, seen["error"]
        assert seen.pop("exit_code") == 0
        return seen, profile

    return played


def test_match_from_its_dialog_leaves_qgis_alive_and_nothing_behind(play):
    seen, profile = play("toolbox_story.py")
    assert seen["layers"] == ["Tie points", "Warped raster"]
    assert seen["load_ms"] < LOAD_LIMIT_MS
    assert seen["longest_freeze_ms"] < FREEZE_LIMIT_MS
    assert not profile.worker_pids()
    assert profile.leftovers() == []


def test_points_are_mended_in_the_dock_handed_on_and_found_again_in_the_project(play, small_pair, tmp_path):
    seen, profile = play("dock_story.py")
    found, deleted, undone, redone = seen["numbers"]
    assert found["verdict"] == "PASS"
    assert [count - seen["rows"][0] for count in seen["rows"]] == [0, -1, 0, -1]
    assert float(deleted["RMSE"].split()[0]) < float(found["RMSE"].split()[0])
    assert undone == found
    assert redone == deleted
    assert min(computed for _, _, computed in seen["edit_ms"]) < EDIT_LIMIT_MS
    assert min(computed for _, _, computed in seen["edit_with_overlay_ms"]) < EDIT_LIMIT_MS
    assert seen["reopened"] == {"rows": seen["rows"][-1], "numbers": redone}
    assert seen["layers"] == ["nir", "visible", "warped"]
    warped, reference = gdal.Open(str(tmp_path / "warped.tif")), gdal.Open(str(small_pair[0]))
    assert warped.GetGeoTransform() == reference.GetGeoTransform()
    points = [line for line in (tmp_path / "gcps.points").read_text().splitlines()[2:] if line.split(",")[4] == "1"]
    assert f"{len(points)} / {seen['rows'][-1]}" == redone["Points on"]
    assert not profile.worker_pids()
    assert profile.leftovers() == []


def test_faults_end_in_a_sentence_and_ten_runs_leave_nothing(play):
    seen, profile = play("faults_story.py")
    assert seen["cancel_ms"] < CANCEL_LIMIT_MS
    assert seen["said_after_cancel"] == "Cancelled."
    assert "killed by signal SIGKILL" in seen["said_after_kill"]
    assert (seen["after_cancel"], seen["after_kill"]) == ("PASS", "PASS")
    assert all(count <= seen["held_before"][what] for what, count in seen["held_after"].items()), seen
    assert seen["longest_freeze_ms"] < FREEZE_LIMIT_MS
    assert not profile.worker_pids()  # although QGIS was closed while a run went on
    assert profile.leftovers() == []


def test_the_georeferencer_opens_the_raster_with_the_points_in_the_right_place(play):
    """QGIS fits its own Helmert transform to the points: what it leaves over is what the dock's fit leaves over."""
    seen, profile = play("georeferencer_story.py")
    fitted = [float(text) for text in seen["residuals"]]
    on, count = (int(word) for word in seen["dock"]["Points on"].split("/"))
    assert len(fitted) == count
    rmse = math.sqrt(sum(residual**2 for residual in sorted(fitted)[:on]) / on)
    assert rmse == pytest.approx(float(seen["dock"]["RMSE"].split()[0]), rel=0.25)
    assert not profile.worker_pids()


def test_menus_that_the_guide_names_are_in_qgis_and_its_dialogs_open(play):
    seen, _ = play("dialogs_story.py")
    menus = [entry.replace("…", "") for entry in seen["menus"]]
    known = {entry.split(" > ")[0] for entry in menus}
    named = {path.replace("…", "") for page in PAGES for path in MENU_PATH.findall(page.read_text(encoding="utf-8"))}
    assert len(named) > 10
    for path in named:
        leads = (f"{path} > ".startswith(f"{entry} > ") or entry.startswith(f"{path} > ") for entry in menus)
        assert path.split(" > ")[0] not in known or any(leads), path  # the Georeferencer has menus of its own
