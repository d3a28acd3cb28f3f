"""What the guide quotes exists: messages in the code, labels of plugin and QGIS, options of the commands."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import ltcore.cli
from tests.docs.guide import GUIDE, PAGES, ROOT

CODE = ("ltcore", "ltformer_qgis", "training")
MESSAGE = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
# Long options of programs that are not ours.
FOREIGN_OPTIONS = {"--host", "--nthreads", "--nworkers", "--no-deps", "--help", "--port"}
# Labels of QGIS itself; its menus are compared in tests/qgis/desktop.
QGIS_LABELS = {
    "Raster", "Plugins", "Manage and Install Plugins", "Install from ZIP", "Install Plugin", "Installed", "Uninstall",
    "Processing", "Processing Toolbox", "Results Viewer", "Settings", "Options", "Network", "User Profiles",
    "Open Active Profile Folder", "Help", "About", "Log Messages", "Python Error", "Advanced Parameters", "Not set",
    "Run as Batch Process", "Autofill", "Select Files", "Fill by Expression", "File", "Open Raster", "Load GCP Points",
    "Start Georeferencing", "Transformation Settings", "Helmert", "Polynomial 1", "Polynomial 2", "Polynomial 3",
    "Projective", "Thin Plate Spline",
}  # fmt: skip
ABOUT_QGIS = ("install", "first-match", "dock", "georeferencer", "batch-and-models", "retraining", "troubleshooting")


def sentences():
    """Returns all texts in the code with … for what is filled in; parts that Python joins are one."""
    found = []
    for path in (file for folder in CODE for file in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"\{[^{}]*\}", "…", node.value))
    return found


SENTENCES = sentences()
MESSAGES = MESSAGE.findall((GUIDE / "troubleshooting.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_quoted_message_is_in_the_code(message):
    assert any(message in sentence for sentence in SENTENCES)


def test_an_invented_message_is_seen():
    assert len(MESSAGES) > 60
    assert not any("The rasters are too beautiful." in sentence for sentence in SENTENCES)


def options():
    """Returns the long options of all our commands."""
    commands = list(ltcore.cli.cli.commands.values())
    commands += [command for group in commands for command in getattr(group, "commands", {}).values()]
    commands += [
        importlib.import_module(f"training.{name}").main for name in ("dataset", "train", "export", "evaluate")
    ]
    return {
        name for command in commands for option in command.params for name in (*option.opts, *option.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_options_exist(page):
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text(encoding="utf-8")))
    assert named <= options() | FOREIGN_OPTIONS


@pytest.mark.parametrize("name", ABOUT_QGIS)
def test_labels_are_those_of_the_plugin_or_of_qgis(name):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (GUIDE / f"{name}.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    labels = {sentence.replace("&", "").replace("…", "") for sentence in SENTENCES} | QGIS_LABELS
    named = {part for label in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text) for part in label.split(" > ")}
    assert not {label for label in named if label.replace("…", "") not in labels}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_pictures_are_there_and_say_what_they_show(page):
    for text, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert len(text) > 5
        assert (page.parent / target).is_file()


def test_the_first_page_leads_to_all_others():
    index = (GUIDE / "index.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES} - {"index.md"} == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


def test_numbers_of_the_verdict_are_those_of_the_code():
    limits = ltcore.config.VerdictConfig()
    page = (GUIDE / "verdict.md").read_text(encoding="utf-8")
    for fail, warn in (
        (f"{limits.fail_inliers}", f"{limits.warn_inliers}"),
        (f"{limits.fail_inlier_share:.0%}", f"{limits.warn_inlier_share:.0%}"),
        (f"{limits.fail_heldout_px} px", f"{limits.warn_heldout_px} px"),
        (f"{limits.fail_coverage:.0%}", f"{limits.warn_coverage:.0%}"),
        (f"{limits.fail_structure:g}", f"{limits.warn_structure:g}"),
        (f"{limits.fail_local_px} px", f"{limits.warn_local_px} px"),
    ):
        assert f"| {fail.replace('%', ' %')} | {warn.replace('%', ' %')} |" in page


def test_the_readme_shows_commands_of_the_guide():
    assert "docs/guide/index.md" in Path(ROOT / "README.md").read_text(encoding="utf-8")
