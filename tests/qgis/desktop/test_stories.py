"""The plugin in the real QGIS Desktop on a virtual screen: what users do with mouse and keyboard, and what is left."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.qgis.profiles import ROOT, Profile, has_desktop

pytestmark = pytest.mark.skipif(not has_desktop(), reason="needs QGIS Desktop and xvfb-run")

HERE = Path(__file__).resolve().parent
LOAD_LIMIT_MS = 300
FREEZE_LIMIT_MS = 400  # of QGIS's event loop, on a busy machine; it is 40 on an idle one


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The plugin's ZIP."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "script/package", folder], check=True, capture_output=True)
    return next(folder.glob("*.zip"))


@pytest.fixture
def play(archive, pair, tmp_path):
    """Plays a story in a clean profile; returns what it noted and the profile."""
    profile = Profile(tmp_path / "profile")

    def played(story):
        seen = profile.desktop(
            HERE / story, STORIES=str(HERE), ZIP=str(archive), REFERENCE=str(pair[0]), SENSED=str(pair[1])
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
