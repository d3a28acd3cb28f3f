"""Which Python the engine gets, in which environment, and what is said when none works; setting one up."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import processing
import pytest
from qgis.core import QgsProcessingException, QgsSettings

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


def test_qgis_itself_is_never_taken_for_its_python(monkeypatch, tmp_path):
    for name in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/usr/bin/qgis")
    assert environment.qgis_pythons() == []
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").write_text("")
    assert environment.qgis_pythons() == [tmp_path / "bin/python3"]


def test_the_threads_of_the_options_reach_the_engine(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "OMP_NUM_THREADS" not in child_environment(Candidate(Path(sys.executable), "variable"))
    settings.store(threads=3)
    try:
        assert child_environment(Candidate(Path(sys.executable), "variable"))["OMP_NUM_THREADS"] == "3"
        QgsSettings().setValue("ltformer/threads", "many")  # edited by hand
        assert settings.threads() == 0
    finally:
        QgsSettings().remove("ltformer/threads")


# ltformer:checkenvironment


def test_the_report_names_versions_devices_and_weights(provider, monkeypatch, tmp_path):
    monkeypatch.setenv("LTFORMER_PYTHON", sys.executable)
    path = tmp_path / "report.html"
    results = processing.run("ltformer:checkenvironment", {"ACTION": "report", "REPORT": str(path)})
    assert results["READY"] is True
    assert results["PYTHON"] == sys.executable
    assert results["DEVICE"].startswith(("CPU", "GPU", "cuda", "CUDA"))
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


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ACTION": "destroy"}, "'destroy' is no choice for ACTION; it is one of report, create"),
        ({"ACTION": "create", "WHEELS": "/none"}, "The folder of wheels '/none' does not exist"),
        ({"ACTION": "create", "PYTORCH": "rocm"}, "'rocm' is no choice for PYTORCH; it is one of cpu, cuda"),
    ],
)
def test_bad_choices_are_refused_before_any_work(provider, tmp_path, changes, sentence):
    with pytest.raises(QgsProcessingException, match=sentence):
        processing.run("ltformer:checkenvironment", {"REPORT": str(tmp_path / "r.html"), **changes})
    assert not (tmp_path / "r.html").exists()


def test_the_log_of_the_set_up_is_in_the_report(provider, monkeypatch, tmp_path):
    monkeypatch.setenv("LTFORMER_PYTHON", "/nowhere/python")
    monkeypatch.setattr("ltformer_qgis.environment_report.private_folder", lambda: tmp_path / "ltformer" / "venv")
    (tmp_path / "ltformer").mkdir()
    (tmp_path / "ltformer/setup.log").write_text("Collecting <torch>\n")
    processing.run("ltformer:checkenvironment", {"REPORT": str(tmp_path / "r.html")})
    assert "Collecting &lt;torch&gt;" in (tmp_path / "r.html").read_text(encoding="utf-8")
