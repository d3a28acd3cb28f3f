"""CITATION.cff, metadata.txt and the workflow agree with the project; the rest is tests/boundaries/test_metadata.py."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import yaml

import ltcore

ROOT = Path(__file__).resolve().parents[2]


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_citation_is_of_this_version():
    citation = read("CITATION.cff")
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
    assert citation["version"] == ltcore.__version__
    assert citation["license"] == "GPL-2.0-or-later"
    assert citation["references"][0]["doi"] in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_plugin_repository_is_told_what_changed():
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    assert general["changelog"].startswith(f"{ltcore.__version__} ")
    assert "%" not in " ".join(general.values())  # QGIS reads the file with interpolation
    assert len(general["tags"].split(",")) >= 5


def test_the_workflow_runs_what_continuous_integration_runs():
    jobs = read(".github/workflows/ci.yml")["jobs"]
    steps = [step.get("run") for step in jobs["debian"]["steps"]]
    assert ".ci/run" in steps
    assert (ROOT / ".ci/run").is_file()
    paths = re.findall(r"tests/[\w/.]+", " ".join(str(step.get("run")) for step in jobs["library"]["steps"]))
    assert paths
    assert all((ROOT / path).exists() for path in paths)


def test_the_templates_are_forms():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert path.name == "config.yml" or {"name", "description", "body"} <= set(form)
