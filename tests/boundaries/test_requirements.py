"""What pip may install: one version of everything, and for the plugin the SHA-256 of every wheel, on every system."""

from __future__ import annotations

import ast
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "ltformer_qgis"
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
}
PYTHONS = ("3.11", "3.12", "3.13")
NOT_PINNED = {"numpy"}  # QGIS's own
NOT_FOR_PIP = {"torch-wheels.txt", "known-holes.txt"}


def entries(path):
    """Yields (requirement, hashes) of a file of pip."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith(("#", "-r")):
            wanted, *hashes = re.split(r"\s+--hash=", line.split(" #")[0].strip())
            yield Requirement(wanted), hashes


def test_every_requirement_has_one_version():
    files = [path for path in (ROOT / "requirements").glob("*.txt") if path.name not in NOT_FOR_PIP]
    assert len(files) > 3
    for path in files:
        for requirement, _ in entries(path):
            assert re.fullmatch(r"==[\w.+!-]+", str(requirement.specifier)), f"{path.name}: {requirement}"


@pytest.mark.parametrize("file", ["requirements-worker.txt", "requirements-cuda.txt"])
def test_the_plugin_knows_the_sha256_of_every_wheel(file):
    found = list(entries(PLUGIN / file))
    assert len(found) > 10
    for requirement, hashes in found:
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement
        assert re.fullmatch(r"==[\w.+!-]+", str(requirement.specifier)), requirement
    assert "://" not in (PLUGIN / file).read_text(encoding="utf-8")


def test_the_requirements_in_the_plugin_are_those_of_the_product():
    ours = {canonicalize_name(r.name): str(r.specifier) for r, _ in entries(PLUGIN / "requirements-worker.txt")}
    assert ours == {canonicalize_name(r.name): str(r.specifier) for r, _ in entries(ROOT / "requirements/run.txt")}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_is_missing_on_any_system(system, python):
    """pip is told not to look for dependencies: they must all be in the files."""
    here = {**SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.9", "extra": ""}
    files = (PLUGIN / "requirements-worker.txt", PLUGIN / "requirements-cuda.txt")
    chosen = [r for file in files for r, _ in entries(file) if r.marker is None or r.marker.evaluate(here)]
    names = {canonicalize_name(r.name) for r in chosen} | NOT_PINNED
    for requirement in chosen:
        try:
            needed = [Requirement(text) for text in metadata.requires(requirement.name) or []]
        except metadata.PackageNotFoundError:  # NVIDIA's, which the tests do without
            continue
        missing = [r for r in needed if r.marker is None or r.marker.evaluate(here)]
        assert not [r for r in missing if canonicalize_name(r.name) not in names], requirement


def test_the_oldest_python_is_the_one_they_were_found_for():
    named = re.search(r'OLDEST_PYTHON = "(\d+)\.(\d+)"', (ROOT / "script/lock").read_text(encoding="utf-8"))
    tree = ast.parse((PLUGIN / "private_python.py").read_text(encoding="utf-8"))
    values = {n.targets[0].id: n.value for n in tree.body if isinstance(n, ast.Assign)}
    assert ast.literal_eval(values["OLDEST_PYTHON"]) == tuple(map(int, named.groups()))


def test_wheels_of_pytorchs_own_index_are_known():
    lines = (ROOT / "requirements/torch-wheels.txt").read_text(encoding="utf-8").splitlines()
    known = {line.split()[0] for line in lines if not line.startswith("#")}
    hashes = next(
        hashes for requirement, hashes in entries(PLUGIN / "requirements-worker.txt") if requirement.name == "torch"
    )
    assert known
    assert {f"sha256:{each}" for each in known} <= set(hashes)


def known_holes():
    """Yields (package, versions, name, reason to keep them all the same)."""
    for line in (ROOT / "requirements/known-holes.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            package, versions, name, reason = (part.strip() for part in line.split("|"))
            yield package, SpecifierSet(versions), name, reason


def pinned_versions():
    for file in ("run.txt", "batch.txt", "train.txt", "test.txt"):
        for requirement, _ in entries(ROOT / "requirements" / file):
            yield canonicalize_name(requirement.name), str(requirement.specifier)[2:]


def test_no_version_has_a_known_hole():
    holes = list(known_holes())
    assert len(holes) > 10
    found = [
        (name, package, version)
        for package, versions, name, reason in holes
        for pinned, version in pinned_versions()
        if pinned == package and versions.contains(version) and not reason
    ]
    assert not found


def test_no_reason_is_kept_for_a_version_that_is_gone():
    pinned = list(pinned_versions())
    for package, versions, name, reason in known_holes():
        assert not reason or any(
            pinned_name == package and versions.contains(version) for pinned_name, version in pinned
        ), name
