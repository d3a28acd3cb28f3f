"""What no file of the product may do: load objects, run text, ask a shell, parse XML, unpack archives, use the network.

Read from the syntax trees; docs/security.md says why. Ruff's rules S (bandit) look at the same files for the rest.
"""

from __future__ import annotations

import ast
import re

import pytest

from tests.boundaries.sources import ROOT, files, name_of, tree_of

PRODUCT = files("ltcore", "ltformer_qgis", "training")
LIBRARY = [path for path in PRODUCT if path.is_relative_to(ROOT / "ltcore")]
STARTS_PROCESSES = {"ltformer_qgis/processes.py", "ltformer_qgis/private_python.py", "training/export.py"}
NAMES_AN_ERROR = {"training/train.py"}  # of pickle, whose errors PyTorch raises

OBJECT_LOADERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
XML = {"xml", "lxml", "defusedxml", "xmlrpc"}
NETWORK = {
    "socket",
    "http",
    "urllib",
    "urllib3",
    "requests",
    "ftplib",
    "smtplib",
    "telnetlib",
    "socketserver",
    "aiohttp",
}
UNPACKERS = {"extract", "extractall", "unpack_archive"}


def nodes(path, *kinds):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, kinds)]


def modules(path):
    names = set()
    for node in nodes(path, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif not node.level:
            names.add(node.module.split(".")[0])
    return names


def calls(path):
    """Yields (dotted name, keywords) of every call."""
    for node in nodes(path, ast.Call):
        keywords = {keyword.arg: getattr(keyword.value, "value", keyword.value) for keyword in node.keywords}
        yield ast.unparse(node.func), keywords


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_file_holds_objects(path):
    assert not modules(path) & OBJECT_LOADERS or name_of(path) in NAMES_AN_ERROR
    for name, keywords in calls(path):
        assert name.split(".")[0] not in OBJECT_LOADERS, name
        if name == "torch.load":
            assert keywords.get("weights_only") is True
        if name in ("np.load", "numpy.load"):
            assert keywords.get("allow_pickle") is False
        assert name not in ("yaml.load", "yaml.unsafe_load", "yaml.full_load")


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_text_becomes_code_or_a_command(path):
    for name, keywords in calls(path):
        assert name not in ("eval", "exec", "compile", "os.system", "os.popen", "subprocess.getoutput"), name
        assert keywords.get("shell", False) is False, name
        starts = name.startswith(("subprocess.run", "subprocess.Popen", "subprocess.c", "os.exec", "os.spawn"))
        assert not starts or name_of(path) in STARTS_PROCESSES


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_xml_is_parsed_and_no_archive_unpacked(path):
    assert not modules(path) & XML
    assert not [name for name, _ in calls(path) if name.split(".")[-1] in UNPACKERS]


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_the_library_neither_calls_nor_listens(path):
    assert not modules(path) & NETWORK


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_opencv_opens_no_files(path):
    """GDAL reads all rasters; a known hole of OpenCV is in its readers (requirements/known-holes.txt)."""
    assert not [name for name, _ in calls(path) if name.startswith(("cv2.im", "cv2.Video", "cv2.FileStorage"))]


def test_pages_escape_what_files_say():
    makers = [keywords for path in PRODUCT for name, keywords in calls(path) if name.endswith("jinja2.Environment")]
    assert makers
    assert all(keywords.get("autoescape") is True for keywords in makers)


def test_rules_of_bandit_are_on():
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    chosen = re.search(r"^select = \[(.*?)\]", settings, re.DOTALL | re.MULTILINE)
    assert '"S"' in chosen[1]
    spared = re.findall(r'^"([^"]+)" = \[[^\]]*"S\d*"', settings, re.MULTILINE)
    assert spared == ["tests/**"]
