"""The plugin's ZIP: what is in it, that it is the same twice, that QGIS installs it and it works there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from osgeo import gdal

from tests.qgis.profiles import ROOT, Profile, bare_python, has_desktop

HERE = Path(__file__).resolve().parent
LIMIT_BYTES = 25_000_000  # of the QGIS plugin repository


def package(folder):
    done = subprocess.run([ROOT / "script/package", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.zip"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return package(tmp_path_factory.mktemp("dist"))


def test_it_is_named_for_its_version_and_small_enough_for_the_repository(archive):
    version = next(line for line in (ROOT / "metadata.txt").read_text().splitlines() if line.startswith("version="))
    assert archive.name == f"ltformer-{version[len('version=') :]}.zip"
    assert archive.stat().st_size < LIMIT_BYTES


def test_it_holds_the_plugin_in_one_folder_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
    assert {name.split("/")[0] for name in names} == {"ltformer"}
    inner = {name.split("/", 1)[1] for name in names}
    assert inner >= {
        "__init__.py", "metadata.txt", "LICENSE", "README.md", "ltcore/worker.py", "ltformer_qgis/plugin.py",
        "ltformer_qgis/icon.svg", "ltformer_qgis/requirements-worker.txt", "weights/ltformer-d128.safetensors",
        "weights/ltformer-d128.json", "weights/ltformer-d128.onnx", "ltformer_qgis/i18n/ltformer_de.qm",
        "ltformer_qgis/styles/tie_points.qml",
        "ltformer_qgis/models/align_bands_and_ndvi.model3", "ltformer_qgis/icons/match.svg",
    }  # fmt: skip
    assert {name.split("/")[0] for name in inner if "/" in name} == {"ltcore", "ltformer_qgis", "weights"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".so", ".dll", ".dylib"))]


def test_the_same_commit_gives_the_same_bytes(archive, tmp_path):
    assert package(tmp_path).read_bytes() == archive.read_bytes()


@pytest.fixture
def unpacked(archive, tmp_path):
    """A profile into which the ZIP was unpacked."""
    profile = Profile(tmp_path / "profile")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(profile.plugins)
    profile.enable()
    return profile


def test_it_loads_where_torch_and_the_rest_are_missing_and_says_so_in_one_sentence(unpacked, tmp_path):
    bare = bare_python(tmp_path)
    blocked = tmp_path / "blocked"
    variables = {"PYTHONPATH": str(blocked), "LTFORMER_PYTHON": str(bare)}
    code, out, errors = unpacked.run("list", **variables)
    assert code == 0
    assert "ltformer:match" in out
    pair = [f"{name}={ROOT}/samples/georeferenced/{file}.tif" for name, file in
            (("REFERENCE", "visible"), ("SENSED", "nir"))]  # fmt: skip
    code, _, errors = unpacked.run("run", "ltformer:match", "--", *pair, f"WARPED={tmp_path}/w.tif", **variables)
    assert code == 1
    sentence = "The LTFormer engine is not set up: no Python with PyTorch, OpenCV and GDAL was found."
    assert any(sentence in line and "Run 'Check and set up environment'" in line for line in errors), errors
    assert not (tmp_path / "w.tif").exists()


@pytest.mark.skipif(not has_desktop(), reason="needs QGIS Desktop and xvfb-run")
def test_the_real_installer_installs_it_in_a_clean_profile_and_it_runs(archive, tmp_path):
    profile = Profile(tmp_path / "profile")
    seen = profile.desktop(HERE / "install_zip.py", ZIP=str(archive), LTFORMER_PYTHON=None)  # a user has none
    assert seen == {
        "file": "ltformer.ltformer_qgis.plugin", "provider": True,
        "entries": ["ltformer_checkenvironment", "ltformer_dock", "ltformer_match"], "in_menu": 3, "enabled": "true",
        "provider_after": False, "in_menu_after": 0, "loads_again": True, "exit_code": 0,
    }  # fmt: skip
    pair = [f"REFERENCE={ROOT}/samples/georeferenced/visible.tif", f"SENSED={ROOT}/samples/georeferenced/nir.tif"]
    wanted = [*pair, "DESCRIPTOR=1", f"WARPED={tmp_path}/warped.tif", f"REPORT={tmp_path}/report.html"]
    code, out, errors = profile.run("run", "ltformer:match", "--", *wanted, LTFORMER_PYTHON=sys.executable)
    assert code == 0, errors
    assert "PASS" in out
    assert gdal.Open(str(tmp_path / "warped.tif")).RasterXSize == 560
    assert (tmp_path / "report.html").is_file()
