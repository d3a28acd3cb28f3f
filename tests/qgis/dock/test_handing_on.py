"""Results loaded into the dock and handed on, with the real engine."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QCoreApplication

from ltformer_qgis.core import TiePoints
from ltformer_qgis.dock.panel import MatchesDock
from tests.qgis.conftest import ROOT, SAMPLES

from .test_dock_run import wait_for


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A registration of the orchard pair by the command line."""
    folder = tmp_path_factory.mktemp("run") / "out"
    pair = [str(SAMPLES / "orchard" / f"{name}.tif") for name in ("red", "nir")]
    command = [sys.executable, "-m", "ltcore", "register", *pair, "--out", str(folder), "--descriptor", "rootsift"]
    subprocess.run([*command, "--no-warp", "--no-report"], check=True, cwd=ROOT, capture_output=True)
    return folder


@pytest.fixture
def dock(qgis_iface, qgis_new_project):
    dock = MatchesDock(qgis_iface)
    dock.texts = []
    dock.workflow.said.connect(lambda text, _bad: dock.texts.append(text))
    dock.exporter.said.connect(lambda text, _bad: dock.texts.append(text))
    yield dock
    dock.shut_down()
    dock.deleteLater()
    QCoreApplication.processEvents()


@pytest.fixture
def loaded_dock(dock, run_folder):
    dock.workflow.load_record(run_folder / "record.json")
    wait_for(lambda: dock.session.quality is not None)
    return dock


def test_a_record_brings_its_rasters_points_and_verdict(loaded_dock):
    names = {layer.name() for layer in QgsProject.instance().mapLayers().values()}
    assert names == {"red", "nir"}
    assert loaded_dock.session.quality.verdict == "PASS"
    assert loaded_dock.inputs.reference.currentLayer().name() == "red"
    loaded_dock.workflow.load_record(loaded_dock.workflow.new_folder() / "record.json")
    assert "cannot be read" in loaded_dock.texts[-1]
    assert len(QgsProject.instance().mapLayers()) == 2


@pytest.mark.parametrize("name", ["tie_points.gpkg", "gcps.points"])
def test_points_of_a_file_are_fitted_and_judged(dock, orchard, run_folder, name):
    layers = (orchard.red, orchard.nir)
    dock.workflow.import_points(run_folder / name, layers, (1, 1), {})
    wait_for(lambda: dock.session.quality is not None)
    assert dock.session.quality.verdict == "PASS"
    assert dock.session.table.enabled.sum() > 500


def test_gcps_of_the_edited_points_and_no_others(loaded_dock, tmp_path):
    session = loaded_dock.session
    session.set_enabled(session.table.ids[:7], False)
    off = len(session.table) - int(session.table.enabled.sum())
    loaded_dock.exporter.export_gcps(tmp_path / "nir.points")
    wait_for((tmp_path / "nir.points").exists)
    rows = [line.split(",") for line in (tmp_path / "nir.points").read_text().splitlines()[1:]]
    assert len(rows) == len(session.table)
    assert sum(row[4] == "0" for row in rows) == off


def test_the_warped_raster_is_written_and_added(loaded_dock, tmp_path):
    loaded_dock.exporter.warp(tmp_path / "aligned.tif")
    wait_for(lambda: len(QgsProject.instance().mapLayers()) == 3)
    raster = gdal.Open(str(tmp_path / "aligned.tif"))
    assert (raster.RasterXSize, raster.RasterYSize) == (1280, 960)


def test_what_fails_is_not_warped_and_says_so(loaded_dock, tmp_path):
    loaded_dock.session.set_enabled(loaded_dock.session.table.ids[5:], False)
    loaded_dock.exporter.warp(tmp_path / "aligned.tif")
    wait_for(lambda: "No warped raster" in " ".join(loaded_dock.texts))
    assert not (tmp_path / "aligned.tif").exists()


def test_a_point_set_by_hand_joins_the_others(loaded_dock):
    session = loaded_dock.session
    count = len(session.table)
    sensed = np.array([650.0, 480.0])
    reference = session.transform(sensed)[0]
    loaded_dock.workflow.snap(reference, sensed + np.array([3.0, -2.0]))
    wait_for(lambda: len(session.table) == count + 1)
    assert np.hypot(*session.fit.residuals_px[-1]) < 0.7
    assert session.selection == {int(session.table.ids[-1])}
    assert isinstance(session.table.points, TiePoints)
    session.undo_stack.undo()
    assert len(session.table) == count


def test_for_the_georeferencer_the_points_stand_beside_the_raster(dock, run_folder, tmp_path):
    for name in ("red", "nir"):
        shutil.copy(SAMPLES / "orchard" / f"{name}.tif", tmp_path)
    from ltformer_qgis.dock.results import _layer_for  # noqa: PLC0415

    layers = tuple(_layer_for(str(tmp_path / f"{name}.tif"), tmp_path) for name in ("red", "nir"))
    dock.workflow.import_points(run_folder / "tie_points.gpkg", layers, (1, 1), {})
    wait_for(lambda: dock.session.quality is not None)
    dock.exporter.write_for_georeferencer()
    wait_for((tmp_path / "nir.tif.points").exists)
    wait_for(lambda: any("Open Raster" in text for text in dock.texts))
