"""Which Python the engine gets, in which environment, and what is said when none works; setting one up."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import processing
import pytest
from qgis.core import QgsApplication, QgsProcessingException, QgsSettings

from ltformer_qgis import environment, private_python, settings
from ltformer_qgis.environment import Candidate, Probe, child_environment, find_python, probe
from ltformer_qgis.errors import EngineCancelled, EngineError
from tests.qgis.profiles import ROOT, bare_python

SETTING = "Processing/Configuration/" + settings.PYTHON_SETTING
USABLE = Probe(version=(3, 11, 2))


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No setting, no variable, an empty profile folder and no remembered probes."""
    monkeypatch.delenv("LTFORMER_PYTHON", raising=False)
    monkeypatch.setattr(environment, "_probes", {})
    for module in (environment, private_python):
        monkeypatch.setattr(module, "private_folder", lambda: tmp_path / "ltformer" / "venv")
    yield
    QgsSettings().remove(SETTING)


@pytest.fixture
def private(tmp_path):
    """A private environment that looks complete."""
    python = tmp_path / "ltformer/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "ltformer/venv/ltformer-ready").write_text("")
    return python


def origins():
    return [candidate.origin for candidate in environment.candidates()]


def test_the_order_is_setting_variable_private_qgis(monkeypatch, private):
    assert origins() == ["private", "qgis"]
    monkeypatch.setenv("LTFORMER_PYTHON", sys.executable)
    assert origins() == ["variable", "private", "qgis"]
    QgsSettings().setValue(SETTING, "/my/python")
    assert origins() == ["setting", "variable", "private", "qgis"]


def test_a_choice_may_be_relative_to_the_folder_or_the_home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LTFORMER_PYTHON", "venv/bin/python")
    assert environment.candidates()[0].path == tmp_path / "venv/bin/python"
    monkeypatch.setenv("LTFORMER_PYTHON", "~/venv/bin/python")
    assert environment.candidates()[0].path == Path.home() / "venv/bin/python"


def test_an_unfinished_private_environment_is_not_used(private):
    (private.parents[1] / "ltformer-ready").unlink()
    assert origins() == ["qgis"]


def test_the_first_usable_one_is_taken(monkeypatch, private):
    usable = {"qgis"}
    monkeypatch.setattr(
        environment, "probe", lambda c, *_: USABLE if c.origin in usable else Probe((3, 11), missing=("torch",))
    )
    assert find_python().origin == "qgis"
    usable.add("private")
    monkeypatch.setattr(environment, "_probes", {})
    assert find_python().origin == "private"


def test_an_explicit_choice_that_fails_is_an_error_and_nothing_else_is_tried(monkeypatch):
    monkeypatch.setenv("LTFORMER_PYTHON", "/nowhere/python")
    with pytest.raises(EngineError) as caught:
        find_python()
    message = str(caught.value)
    assert "/nowhere/python" in message
    assert "no such file" in message
    assert "Check and set up environment" in message
    assert "Python of QGIS" not in message


def test_the_real_probe_accepts_the_python_of_the_tests_and_names_what_a_bare_one_lacks(tmp_path):
    assert probe(Candidate(Path(sys.executable), "variable")).is_usable
    bare = probe(Candidate(bare_python(tmp_path), "variable"))
    assert not bare.is_usable
    assert "PyTorch" in bare.complaint


def test_something_that_is_no_python_is_said_to_be_none():
    assert "no working Python" in probe(Candidate(Path("/bin/ls"), "setting")).complaint


def test_a_python_that_hangs_is_given_up_when_the_user_cancels(monkeypatch, tmp_path):
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("LTFORMER_PYTHON", str(slow))
    start_s = time.monotonic()
    with pytest.raises(EngineCancelled):
        find_python(lambda: True)
    monkeypatch.setattr(environment, "_PROBE_TIMEOUT_S", 0.2)
    with pytest.raises(EngineError, match=r"did not answer within 0\.2 s"):
        find_python()
    assert time.monotonic() - start_s < 2


def test_a_numpy_that_breaks_gdal_is_told_apart_from_a_missing_library():
    found = Probe((3, 11), broken={"osgeo.gdal_array": "numpy.core.multiarray failed to import"})
    assert not found.is_usable
    assert found.complaint == "GDAL (osgeo): numpy.core.multiarray failed to import"


def test_an_old_python_is_refused_with_both_versions():
    assert Probe((3, 8, 10)).complaint == "it is Python 3.8.10, and 3.9 is the oldest that works"


def test_the_child_sees_the_plugin_and_none_of_qgis_own_variables(monkeypatch):
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "VIRTUAL_ENV", "PIP_TARGET", "GDAL_DATA", "PROJ_LIB"):
        monkeypatch.setenv(name, "/qgis")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    child = child_environment(Candidate(Path(sys.executable), "variable"))
    assert child["PYTHONPATH"] == str(ROOT)
    assert not {"PYTHONHOME", "PYTHONEXECUTABLE", "VIRTUAL_ENV", "PIP_TARGET", "GDAL_DATA", "PROJ_LIB"} & set(child)
    assert child["PIP_INDEX_URL"] == "https://mirror.example/simple"
    assert child["PATH"] == os.environ["PATH"]
    assert os.environ["PYTHONHOME"] == "/qgis"


def test_on_windows_a_foreign_python_does_not_see_the_folders_of_qgis(monkeypatch):
    monkeypatch.setattr(environment, "_IS_WINDOWS", True)
    monkeypatch.setattr(QgsApplication, "applicationDirPath", lambda: "/OSGeo4W/bin")
    monkeypatch.setenv("PATH", os.pathsep.join(["/OSGeo4W/bin", "/OSGeo4W/apps/qgis/bin", "/Windows"]))
    monkeypatch.setenv("GDAL_DATA", "/OSGeo4W/share/gdal")
    foreign = child_environment(Candidate(Path("/python.exe"), "setting"))
    assert foreign["PATH"] == "/Windows"
    assert "GDAL_DATA" not in foreign
    own = child_environment(Candidate(Path("/OSGeo4W/apps/Python39/python.exe"), "qgis"))
    assert own["PATH"].startswith("/OSGeo4W/bin")
    assert own["GDAL_DATA"] == "/OSGeo4W/share/gdal"


def test_qgis_itself_is_never_taken_for_its_python(monkeypatch, tmp_path):
    for name in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/usr/bin/qgis")
    assert environment.qgis_pythons() == []
    monkeypatch.setattr(environment, "_IS_WINDOWS", True)
    (tmp_path / "python.exe").write_text("")
    assert environment.qgis_pythons() == [tmp_path / "python.exe"]


# The private environment: made with the real venv and pip, and requirements that need no download.


class Quiet:
    """Progress that keeps what it is told and cancels on demand."""

    def __init__(self, cancel_after=10**9):
        self.left, self.fractions = cancel_after, []

    def report(self, fraction, _message=""):
        self.fractions.append(fraction)

    def is_cancelled(self):
        self.left -= 1
        return self.left < 0


@pytest.fixture
def few_requirements(monkeypatch, tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(f"pip=={processing_pip_version()}\n")
    monkeypatch.setattr(private_python, "REQUIREMENTS", path)
    return path


def processing_pip_version():
    import ensurepip  # noqa: PLC0415 - Debian ships it apart

    return ensurepip.version()


def test_a_private_environment_is_made_and_found(monkeypatch, few_requirements, tmp_path):
    monkeypatch.setattr(private_python, "probe", lambda _candidate: USABLE)
    progress, lines = Quiet(), []
    made = private_python.create(progress, lines.append)
    assert made.path.is_file()
    assert origins()[0] == "private"
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1.0
    assert any("already satisfied" in line for line in lines)
    assert "numpy==" in (tmp_path / "ltformer/venv/constraints.txt").read_text()


def test_one_that_does_not_work_is_removed_and_the_older_one_stays(monkeypatch, few_requirements, private, tmp_path):
    monkeypatch.setattr(private_python, "probe", lambda _candidate: Probe((3, 11), missing=("torch",)))
    with pytest.raises(EngineError, match=r"does not work.*it lacks.*PyTorch"):
        private_python.create(Quiet(), lambda _line: None)
    assert private.is_symlink()
    assert [path.name for path in (tmp_path / "ltformer").iterdir()] == ["venv"]


def test_cancelling_leaves_nothing(few_requirements, tmp_path):
    with pytest.raises(EngineCancelled):
        private_python.create(Quiet(cancel_after=3), lambda _line: None)
    assert list((tmp_path / "ltformer").iterdir()) == []


def test_what_pip_cannot_find_is_said(few_requirements, tmp_path):
    few_requirements.write_text("./no-such-package\n")
    with pytest.raises(EngineError, match="no-such-package"):
        private_python.create(Quiet(), lambda _line: None)
    assert list((tmp_path / "ltformer").iterdir()) == []


def test_too_little_space_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(private_python, "NEEDED_GB", 10**9)
    with pytest.raises(EngineError, match=r"GB are free in .* up to 1000000000 GB are needed"):
        private_python.create(Quiet(), lambda _line: None)


# ltformer:checkenvironment


def test_the_report_names_versions_devices_and_weights(provider, monkeypatch, tmp_path):
    monkeypatch.setenv("LTFORMER_PYTHON", sys.executable)
    path = tmp_path / "report.html"
    results = processing.run("ltformer:checkenvironment", {"ACTION": "report", "REPORT": str(path)})
    assert results["READY"] is True
    assert results["PYTHON"] == sys.executable
    text = path.read_text(encoding="utf-8")
    for words in ("torch", "gdal", "ltformer-d128", "cpu", sys.executable, "QGIS"):
        assert words.lower() in text.lower()


def test_the_report_says_what_is_missing_and_what_to_do(provider, monkeypatch, tmp_path):
    monkeypatch.setenv("LTFORMER_PYTHON", str(bare_python(tmp_path)))
    path = tmp_path / "report.html"
    results = processing.run("ltformer:checkenvironment", {"ACTION": 0, "REPORT": str(path)})
    assert results["READY"] is False
    text = path.read_text(encoding="utf-8")
    assert "PyTorch" in text
    assert "Check and set up environment" in text


def test_a_report_that_cannot_be_written_is_an_error(provider, monkeypatch, tmp_path):
    monkeypatch.setenv("LTFORMER_PYTHON", "/nowhere/python")
    with pytest.raises(QgsProcessingException, match="could not be written"):
        processing.run("ltformer:checkenvironment", {"REPORT": str(tmp_path)})
