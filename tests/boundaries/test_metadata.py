"""Facts that stand in several files agree: versions, package contents, requirements, QGIS versions."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

import ltcore

ROOT = Path(__file__).resolve().parents[2]
# What the QGIS plugin repository asks for, and what this plugin promises.
REQUIRED = (
    "name", "version", "qgisMinimumVersion", "qgisMaximumVersion", "hasProcessingProvider", "description", "about",
    "author", "email", "repository", "tracker", "homepage", "license", "tags", "category", "icon", "experimental",
    "deprecated",
)  # fmt: skip


def read(name):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(ROOT / name, encoding="utf-8")
    return parser


@pytest.fixture(scope="module")
def metadata():
    return dict(read("metadata.txt")["general"])


def test_the_version_is_the_same_everywhere(metadata):
    assert metadata["version"] == ltcore.__version__


def test_the_changelog_begins_with_what_is_not_released_and_goes_down_in_versions():
    found = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found[0] == "[Unreleased]"
    released = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", heading) for heading in found[1:]]
    assert all(released)
    versions = [tuple(map(int, one.groups())) for one in released]
    assert versions == sorted(set(versions), reverse=True)
    present = tuple(map(int, read("metadata.txt")["general"]["version"].split(".")))
    assert all(version <= present for version in versions)


def test_metadata_is_complete(metadata):
    assert not [name for name in REQUIRED if not metadata.get(name, "").strip()]
    assert metadata["hasProcessingProvider"] == "yes"
    assert (metadata["qgisMinimumVersion"], metadata["qgisMaximumVersion"]) == ("3.22", "4.99")
    assert metadata["license"] == "GPL-2.0-or-later"
    assert "External dependencies" in metadata["about"]
    assert (ROOT / metadata["icon"]).is_file()


def test_pb_tool_names_what_is_there():
    config = read("pb_tool.cfg")
    listed = [name for key in ("python_files", "extras", "extra_dirs") for name in config["files"][key].split()]
    assert config["plugin"]["name"] == "ltformer"
    assert not [name for name in listed if not (ROOT / name).exists()]
    assert set(listed) >= {"__init__.py", "metadata.txt", "LICENSE", "README.md", "ltformer_qgis", "ltcore", "weights"}
    for key in ("main_dialog", "compiled_ui_files", "resource_files", "locales"):
        assert config["files"][key] == ""  # pb_tool would compile them; this plugin has none


def test_pb_tool_names_every_part_that_the_plugin_needs():
    listed = read("pb_tool.cfg")["files"]["extra_dirs"].split()
    packages = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    assert {"ltformer_qgis", "ltcore"} <= set(packages)
    assert not {"training", "tests", "benchmarks", "samples"} & set(listed)


def test_the_licence_is_the_gpl():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 2" in text
