"""Files, scripts and modules that the texts name are there: what was renamed is renamed in the texts, too."""

from __future__ import annotations

import re

import pytest

from tests.boundaries.test_links import PAGES, ROOT

FOLDERS = "ltcore|ltformer_qgis|training|benchmarks|tests|docs|script|samples|weights|reference_pages|requirements"
PATH = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]+)")
MODULE = re.compile(r"python -m ((?:ltcore|training|benchmarks|reference_pages)[\w.]*)")
MEANT = {
    "weights/NAME.json": "any weights",
    "weights/NAME.onnx": "any weights",
    "ltcore/weights": "a folder inside the wheel",
    "samples/georeferenced/missing.tif": "shows an error",
}
OLD = {"CHANGELOG.md"}  # tells of what was


def is_there(path):
    """Tells whether a path, a module or the beginning of a file's name ("docs/adr/0008") is in the repository."""
    return (ROOT / path).exists() or bool(list((ROOT / path).parent.glob(f"{(ROOT / path).name}[-.]*")))


def missing(text):
    paths = {found.rstrip("./-") for found in PATH.findall(text)} - set(MEANT)
    modules = {found.rstrip(".").replace(".", "/") for found in MODULE.findall(text)}
    return sorted(path for path in paths | modules if not is_there(path))


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in OLD], ids=lambda page: str(page.name))
def test_what_a_page_names_is_there(page):
    assert missing(page.read_text(encoding="utf-8")) == []


def test_a_file_that_is_gone_is_seen():
    assert missing("see `ltcore/pipeline.py`, ltcore/geometry and docs/adr/0008, by script/check.") == []
    assert missing("python -m training.train and python -m ltcore.worker") == []
    assert missing("see `ltcore/pipelines.py` and docs/adr/0099 by script/chekc; python -m training.trian") == [
        "docs/adr/0099", "ltcore/pipelines.py", "script/chekc", "training/trian"
    ]  # fmt: skip
