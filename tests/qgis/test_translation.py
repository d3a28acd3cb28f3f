"""Translations: they know every text of the code, keep its placeholders, and QGIS shows them."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from qgis.PyQt.QtCore import QCoreApplication

from ltformer_qgis import texts
from tests.qgis.profiles import ROOT

FILES = sorted((ROOT / "ltformer_qgis/i18n").glob("*.ts"))
PLACEHOLDER = re.compile(r"\{[^}]*\}")


@pytest.fixture(scope="module")
def script():
    loader = importlib.machinery.SourceFileLoader("translations", str(ROOT / "script/translations"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("translations", loader))
    loader.exec_module(module)
    return module


def test_there_is_a_translation():
    assert [path.name for path in FILES] == ["ltformer_de.ts"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_translated_with_its_placeholders(script, path):
    known = script.translations_in(path)
    lacking = [text for text in script.texts_in_code() if not known.get(text)]
    assert not lacking, "run script/translations, then fill in what it lists"
    for text, translation in known.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translation)), text
        assert ("&" in text) == ("&" in translation), text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_is_as_qt_wants_it(path):
    root = ET.parse(path).getroot()
    assert root.get("language") == path.stem.rpartition("_")[2]
    assert root.findtext("context/name") == texts.CONTEXT
    assert not root.findall(".//translation[@type='unfinished']")


def test_the_script_keeps_what_is_known_and_finds_what_is_new(script):
    text = script.as_ts("de", ["Ok", "a & b < c"], {"a & b < c": "x & y", "gone": "weg"})
    assert '<translation type="unfinished"' in text
    assert "gone" not in text
    assert "<translation>x &amp; y</translation>" in text


def test_qgis_speaks_german_where_the_user_does(qgis_app, monkeypatch, tmp_path):
    (tmp_path / "i18n").mkdir()
    compiled = tmp_path / "i18n/ltformer_de.qm"
    tool = shutil.which("lrelease") or shutil.which("/usr/lib/qt5/bin/lrelease")
    subprocess.run([tool, "-silent", str(FILES[0]), "-qm", str(compiled)], check=True)
    monkeypatch.setattr(texts, "PLUGIN_FOLDER", tmp_path)
    assert texts.installed_translator("fr_FR") is None
    translator = texts.installed_translator("de_AT")
    try:
        assert texts.tr("Tie points") == "Verknüpfungspunkte"
    finally:
        QCoreApplication.removeTranslator(translator)
    assert texts.tr("Tie points") == "Tie points"
