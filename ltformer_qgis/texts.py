"""Texts of the plugin: translation, its folder and its version."""

from __future__ import annotations

import configparser
from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication

PLUGIN_FOLDER = Path(__file__).resolve().parent
ROOT_FOLDER = PLUGIN_FOLDER.parent  # holds ltcore, weights and metadata.txt


def tr(text: str) -> str:
    """Returns the text in the user's language."""
    return QCoreApplication.translate("LTFormer", text)


def version() -> str:
    """Returns the version that metadata.txt states."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT_FOLDER / "metadata.txt", encoding="utf-8")
    return metadata.get("general", "version", fallback="unknown")
