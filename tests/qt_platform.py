"""Loaded by pytest before its plugins (-p in pyproject.toml): without a screen QGIS needs Qt to draw offscreen."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
