"""script/release: what it refuses, what it makes, and that the wheel works where it is installed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import ltcore

ROOT = Path(__file__).resolve().parents[2]
VERSION = ltcore.__version__
ADDRESSED = ("metadata.txt", "pyproject.toml", "CITATION.cff", ".github/ISSUE_TEMPLATE/config.yml")


def release(root, *arguments):
    command = [sys.executable, str(root / "script/release"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a dry run."""
    folder = tmp_path_factory.mktemp("release")
    done = release(ROOT, "--dry-run", folder)
    assert done.returncode == 0, done.stderr
    assert f"dry run of {VERSION}" in done.stdout
    return folder


def test_a_dry_run_makes_all_files_with_their_sums_and_no_tag(made):
    names = {path.name for path in made.iterdir()}
    assert names == {
        f"ltformer-{VERSION}.zip", f"ltformer_coregistration-{VERSION}-py3-none-any.whl",
        f"ltformer_coregistration-{VERSION}.tar.gz", "release-notes.md", "SHA256SUMS",
    }  # fmt: skip
    lines = (made / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert sums == {name: hashlib.sha256((made / name).read_bytes()).hexdigest() for name in names - {"SHA256SUMS"}}
    assert "### " in (made / "release-notes.md").read_text(encoding="utf-8")
    assert not [path for path in (ROOT / "build", *ROOT.glob("ltformer*.egg-info")) if path.exists()]
    tags = subprocess.run(["git", "tag"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"v{VERSION}" not in tags.splitlines()


def test_the_wheel_holds_library_weights_and_recipes_and_no_plugin(made):
    with zipfile.ZipFile(next(made.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(f"ltformer_coregistration-{VERSION}.dist-info/METADATA").decode()
    packages = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "ltcore").rglob("*.py")}
    assert {str(Path(name).parent) for name in names if name.startswith("ltcore") and name.endswith(".py")} == packages
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "ltcore").rglob("*.j2")}
    weights = {f"ltcore/weights/ltformer-d128.{kind}" for kind in ("json", "safetensors", "onnx")}
    assert {*templates, *weights, "training/configs/d128.yaml"} <= set(names)
    assert {name.split("/")[0] for name in names} == {
        "ltcore", "training", f"ltformer_coregistration-{VERSION}.dist-info"
    }  # fmt: skip
    assert f"\nVersion: {VERSION}\n" in metadata


@pytest.fixture(scope="module")
def installed(made, tmp_path_factory):
    """A fresh environment with the wheel; the libraries that it needs are those of the tests."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    wheel = next(made.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheel], check=True, capture_output=True)
    packages = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    # Folders named in a .pth file are not searched for further ones: the working tree stays out.
    shared = [sysconfig.get_paths()["purelib"], "/usr/lib/python3/dist-packages"]
    (packages / "libraries.pth").write_text("\n".join(shared), encoding="utf-8")
    return folder


def run(folder, *command):
    """Returns what a command prints that runs in a folder without the variables of the tests."""
    variables = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_wheel_runs_from_its_own_files(installed, tmp_path):
    assert str(installed) in run(tmp_path, installed / "bin/python", "-c", "import ltcore; print(ltcore.__file__)")
    info = json.loads(run(tmp_path, installed / "bin/ltcore", "info", "--json"))
    assert [card["name"] for card in info["weights"]] == ["ltformer-d128"]
    pair = [ROOT / "samples/georeferenced" / name for name in ("visible.tif", "nir.tif")]
    result = json.loads(run(tmp_path, installed / "bin/ltcore", "register", *pair, "--out", "out", "--json"))
    assert result["verdict"] == "PASS"
    assert (tmp_path / "out/report.html").is_file()


# --- what is refused, in a copy of the repository


@pytest.fixture
def copy(tmp_path):
    """A clone whose tree is clean; the scripts and stated versions are those of the working tree."""
    folder = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, folder], check=True)
    for name in ("script/release", "CHANGELOG.md", *ADDRESSED):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    commit(folder)
    return folder


def commit(folder):
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "-C", folder, "add", "-A"], check=True)
    subprocess.run(["git", "-C", folder, *identity, "commit", "-q", "--allow-empty", "-m", "x"], check=True)


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def make_ready(folder):
    """Does what the maintainer does before a release."""
    change(folder / "CHANGELOG.md", "## [Unreleased]\n", f"## [Unreleased]\n\n## [{VERSION}] - 2026-01-31\n")
    for name in ADDRESSED:
        change(folder / name, "example.org", "ltformer.test")


def test_placeholders_and_a_missing_section_are_refused_before_any_work(copy):
    done = release(copy)
    assert done.returncode == 1
    assert done.stdout == ""
    for name in ADDRESSED:
        assert f"{name} has placeholder addresses" in done.stderr
    assert f"no section '## [{VERSION}]" in done.stderr
    assert "not committed" not in done.stderr
    assert not (copy / "dist").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda copy: (copy / "README.md").write_text("other", encoding="utf-8"), "changes that are not committed"),
        (lambda copy: change(copy / "CITATION.cff", f"version: {VERSION}", "version: 9.9.9"), "Versions differ"),
        (lambda copy: subprocess.run(["git", "-C", copy, "tag", f"v{VERSION}"], check=True), "has a tag already"),
    ],
)
def test_each_obstacle_is_named(copy, spoil, said):
    make_ready(copy)
    commit(copy)
    spoil(copy)
    done = release(copy)
    assert done.returncode == 1
    assert said in done.stderr
    assert "placeholder" not in done.stderr
    assert "no section" not in done.stderr


def test_nothing_stands_in_the_way_of_a_ready_tree(copy, tmp_path):
    make_ready(copy)
    commit(copy)
    done = release(copy, "--dry-run", tmp_path / "made")
    assert done.returncode == 0, done.stderr
    assert f"dry run of {VERSION}: ready." in done.stdout
    assert (tmp_path / "made/release-notes.md").read_text(encoding="utf-8").startswith("First version")


def with_steps(folder, check):
    """Makes a copy ready whose script/check and script/test only say that they ran; check ends with a code."""
    make_ready(folder)
    for name, code in (("check", check), ("test", 0)):
        (folder / "script" / name).write_text(f"#!/bin/sh\necho {name} ran\nexit {code}\n", encoding="utf-8")
    commit(folder)
    for key in ("name", "email"):
        subprocess.run(["git", "-C", folder, "config", f"user.{key}", "test"], check=True)


def test_a_release_checks_and_tests_first_and_tags_last(copy, tmp_path):
    with_steps(copy, check=0)
    done = release(copy, tmp_path / "made")
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("check ran") < done.stdout.index("test ran")
    assert f"v{VERSION} is tagged" in done.stdout
    tags = subprocess.run(["git", "-C", copy, "tag", "--points-at", "HEAD"], capture_output=True, text=True, check=True)
    assert tags.stdout.split() == [f"v{VERSION}"]
    assert (tmp_path / "made/SHA256SUMS").is_file()


def test_a_check_that_fails_ends_a_release(copy, tmp_path):
    with_steps(copy, check=1)
    done = release(copy, tmp_path / "made")
    assert done.returncode == 1
    assert "script/check failed; nothing was made" in done.stderr
    assert "test ran" not in done.stdout
    assert not (tmp_path / "made").exists()
    assert subprocess.run(["git", "-C", copy, "tag"], capture_output=True, text=True, check=True).stdout == ""
