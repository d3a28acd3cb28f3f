"""The guide's commands and examples, as they stand there, page by page in a clean folder with the samples.

What cannot be run here is marked on the page and listed as skipped, with the reason: pytest -rs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.guide import PAGES, ROOT, blocks_of, blocks_on, missing_lines
from tests.qgis.profiles import QGIS_PROCESS, Profile

LIMIT_S = 600  # a block, on a machine that many use
SHELL = ["bash", "-euo", "pipefail", "-c"]
RUN = [page for page in (ROOT / "README.md", *PAGES) if any(block.is_run for block in blocks_on(page))]
NOT_RUN = [block for page in PAGES for block in blocks_on(page) if block.reason]


@pytest.fixture
def folder(tmp_path):
    """A folder as a reader has it: the samples, the environment, and the settings of trainings."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "training").symlink_to(ROOT / "training")
    return tmp_path


@pytest.fixture
def environment():
    """The variables after `. .venv/bin/activate`."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}


@pytest.fixture
def qgis_environment(tmp_path_factory):
    """The variables where QGIS has the plugin enabled; qgis_process is the one that works."""
    home = tmp_path_factory.mktemp("qgis")
    profile = Profile(home / "profile")
    profile.link_working_tree()
    program = shutil.which(QGIS_PROCESS)
    (home / "bin").mkdir()
    if program:
        (home / "bin" / "qgis_process").symlink_to(program)
    return profile.environment(PATH=f"{home / 'bin'}:/usr/bin:/bin")


def run(block, folder, variables):
    """Runs a block; returns what it printed."""
    command = [*SHELL, block.text] if block.kind == "bash" else [sys.executable, "-c", block.text]
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{block} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize("page", RUN, ids=lambda path: path.stem)
def test_a_page_does_what_it_says(page, folder, environment, qgis_environment):
    printed = ""
    for block in blocks_on(page):
        if block.needs == "qgis" and shutil.which(QGIS_PROCESS) is None:
            pytest.skip(f"{block} needs qgis_process")
        if block.is_run:
            printed = run(block, folder, qgis_environment if block.needs == "qgis" else environment)
        elif block.kind == "text":
            missing = missing_lines(block.text, printed)
            assert not missing, f"{block} shows what was not printed: {missing}\nPrinted was:\n{printed}"


@pytest.mark.parametrize("block", NOT_RUN, ids=str)
def test_what_is_not_run_says_why(block):
    pytest.skip(block.reason)


def test_every_block_is_of_a_known_kind():
    kinds = {(str(block), block.kind) for page in PAGES for block in blocks_on(page)}
    assert {kind for _, kind in kinds} <= {"bash", "python", "text"}, kinds
    assert {block.needs for page in PAGES for block in blocks_on(page)} <= {"", "qgis"}


def test_a_block_that_fails_is_seen(folder, environment):
    for text in ("false | true", "echo $nothing", "ltcore warp nothing.tif --gcps no.json --out x.tif"):
        (block,) = blocks_of(f"```bash\n{text}\n```")
        with pytest.raises(AssertionError, match="ended with"):
            run(block, folder, environment)


def test_blocks_are_found_with_their_marks():
    text = (
        "a\n<!-- not run: no machine -->\n```bash\nx\n```\n\n<!-- needs: qgis -->\n```bash\ny\n```\n```text\nz\n```\n"
    )
    not_run, needs, shown = blocks_of(text)
    assert (not_run.reason, not_run.is_run, not_run.line) == ("no machine", False, 3)
    assert (needs.needs, needs.is_run, needs.text) == ("qgis", True, "y\n")
    assert (shown.kind, shown.is_run) == ("text", False)


def test_shown_output_may_differ_in_numbers_alone():
    printed = "[ 10%] Fitting\nPASS: 19 of 20 points, 0.14 px\nwarped out/a.tif\n"
    assert missing_lines("PASS: 20 of 20 points, 0.1 px\nwarped out/a.tif\n", printed) == []
    assert missing_lines("WARN: 20 of 20 points, 0.1 px\n", printed)
    assert missing_lines("warped out/a.tif\nPASS: 1 of 2 points, 3 px\n", printed)
