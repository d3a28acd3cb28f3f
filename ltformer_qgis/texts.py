"""Texts of the plugin: translation, its folder and its version."""

from __future__ import annotations

import configparser
from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

PLUGIN_FOLDER = Path(__file__).resolve().parent
ROOT_FOLDER = PLUGIN_FOLDER.parent  # holds ltcore, weights and metadata.txt
CONTEXT = "LTFormer"  # of all texts in the .ts files


def tr(text: str) -> str:
    """Returns the text in the user's language."""
    return QCoreApplication.translate(CONTEXT, text)


def marked(text: str) -> str:
    """Returns the text as it is, and lets script/translations find it: `tr` follows where it is shown."""
    return text


def installed_translator(locale: str) -> QTranslator | None:
    """Returns the plugin's translator for a locale ("de", "de_AT"), installed; None where there is no translation."""
    translator = QTranslator()
    if not translator.load(QLocale(locale), "ltformer", "_", str(PLUGIN_FOLDER / "i18n")):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def version() -> str:
    """Returns the version that metadata.txt states."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT_FOLDER / "metadata.txt", encoding="utf-8")
    return metadata.get("general", "version", fallback="unknown")
