"""The plugin is ready for Qt 6: enums by their full names, nothing that Qt 6 took away, Qt through QGIS alone."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.boundaries.sources import ROOT, files, name_of, text_of, tree_of

FILES = files("ltformer_qgis")
KNOWS_VERSIONS = ROOT / "ltformer_qgis/compat.py"  # the one file that may name what only some versions have
GONE = {
    "exec_", "print_", "QRegExp", "QTextCodec", "QDesktopWidget", "QStringRef", "QMatrix", "QLinkedList", "desktop",
    "globalPos", "globalX", "globalY", "localPos", "screenPos", "windowPos", "setMargin", "fromTime_t", "toTime_t",
    "availableGeometry", "setCodec", "MidButton", "AA_EnableHighDpiScaling",
}  # fmt: skip
MOVED_TO_QTGUI = {
    "QAction",
    "QActionGroup",
    "QShortcut",
    "QUndoCommand",
    "QUndoStack",
    "QUndoGroup",
    "QFileSystemModel",
}


def imported(tree):
    """Returns name -> object for everything that a file takes from QGIS and Qt."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "qgis":
            module = importlib.import_module(node.module)
            for alias in node.names:
                if hasattr(module, alias.name):
                    found[alias.asname or alias.name] = getattr(module, alias.name)
    return found


def chain(node):
    """Returns ["Qt", "Orientation", "Horizontal"] for such an expression, else []."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def is_enum_value(value):
    """Tells a value of an enum of PyQt, QGIS or Python from all other objects."""
    return type(type(value)).__name__ in ("enumtype", "EnumMeta", "EnumType") and not isinstance(value, type)


def short_enums(tree):
    """Returns expressions that name an enum's value without the enum: QFrame.Box for QFrame.Shape.Box."""
    known, found = imported(tree), []
    for node in ast.walk(tree):
        names = chain(node)
        if len(names) < 2 or names[0] not in known:
            continue
        value = known[names[0]]
        for name in names[1:]:
            owner, value = value, getattr(value, name, None)
            if is_enum_value(value) and type(value) is not owner:
                found.append(f"{node.lineno}: {'.'.join(names)}")
                break
            if value is None:
                break
    return found


def test_the_check_sees_short_names():
    pytest.importorskip("qgis.core")
    code = "from qgis.PyQt.QtCore import Qt\nfrom qgis.core import QgsProcessing\n"
    good = "Qt.Orientation.Horizontal\nQgsProcessing.SourceType.TypeFile\nQt.CheckState\n"
    assert short_enums(ast.parse(code + good)) == []
    bad = "Qt.Horizontal\nQgsProcessing.TypeVectorPoint\nf(Qt.Key_A | Qt.ControlModifier)\n"
    assert len(short_enums(ast.parse(code + bad))) == 4


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_enums_have_their_full_names(path):
    pytest.importorskip("qgis.core")
    if path != KNOWS_VERSIONS:
        assert short_enums(tree_of(path)) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_that_qt_6_took_away_is_used(path):
    tree = tree_of(path)
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not used & GONE
    assert "PyQt5" not in text_of(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_moved_is_taken_from_one_place(path):
    if path == KNOWS_VERSIONS:
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module in ("qgis.PyQt.QtWidgets", "qgis.PyQt.QtGui"):
            assert not {alias.name for alias in node.names} & MOVED_TO_QTGUI
