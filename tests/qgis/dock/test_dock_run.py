"""The dock with the real engine: run, cancel, a dead worker, and nothing left behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QCoreApplication

from ltformer_qgis import engine
from ltformer_qgis.dock.panel import MatchesDock


@pytest.fixture
def dock(qgis_iface, orchard):
    dock = MatchesDock(qgis_iface)
    dock.inputs.choose(orchard.red, orchard.nir, {})
    dock.inputs.descriptor.setCurrentIndex(dock.inputs.descriptor.findData("rootsift"))
    yield dock
    dock.shut_down()
    dock.deleteLater()
    QCoreApplication.processEvents()


def wait_for(condition, limit_s=90.0):
    """Lets QGIS live until the condition is true; returns how long that took, s."""
    start_s = time.monotonic()
    while not condition():
        QCoreApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() - start_s < limit_s
    return time.monotonic() - start_s


def run_to_the_end(dock):
    dock.inputs.run_button.click()
    wait_for(lambda: dock.session.quality is not None and not dock.runner.current)


def test_a_run_ends_in_points_a_fit_and_a_verdict(dock):
    run_to_the_end(dock)
    assert dock.session.quality.verdict == "PASS"
    assert dock.verdict.verdict.text() == "PASS"
    assert dock.table.rows.rowCount() == len(dock.session.table) > 500
    assert dock.inputs.run_button.isEnabled()
    worst = dock.table.rows.index(0, 0)
    dock.table.table.selectRow(worst.row())
    before = len(dock.session.table)
    dock.table.delete.trigger()
    assert len(dock.session.table) == before - 1
    assert dock.session.quality is not None


def test_cancel_returns_within_a_second_and_the_next_run_works(dock):
    dock.inputs.run_button.click()
    wait_for(lambda: dock.inputs.bar.value() > 0)
    dock.inputs.cancel_button.click()
    assert wait_for(lambda: not dock.runner.current) < 1.5  # 1 s, and what a busy machine adds
    assert dock.session.pair is None
    run_to_the_end(dock)
    assert dock.session.quality.verdict == "PASS"


def test_a_killed_worker_is_a_message_and_the_next_run_works(dock, qgis_iface):
    dock.inputs.run_button.click()
    wait_for(lambda: dock.inputs.bar.value() > 0)
    os.kill(running_worker(), signal.SIGKILL)
    wait_for(lambda: not dock.runner.current)
    assert "SIGKILL" in dock.inputs.status.text()
    run_to_the_end(dock)
    assert dock.session.quality.verdict == "PASS"


def test_shutting_down_in_a_run_leaves_no_worker(dock):
    dock.inputs.run_button.click()
    wait_for(lambda: dock.inputs.bar.value() > 0)
    pid = running_worker()
    dock.shut_down()
    engine.stop_all()
    wait_for(lambda: not is_alive(pid), 5.0)


def test_one_missing_layer_is_a_sentence(dock):
    QgsProject.instance().removeAllMapLayers()
    dock.inputs.run_button.click()
    assert "two raster layers" in dock.inputs.status.text()
    assert not dock.runner.current


def running_worker():
    """Returns the process id of this process's newest worker."""
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (folder / "cmdline").read_bytes()
        except OSError:  # it ended
            continue
        if parent == os.getpid() and b"ltcore.worker" in command:
            children.append(int(folder.name))
    return max(children)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
