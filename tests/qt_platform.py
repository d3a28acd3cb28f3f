"""Loaded by pytest before its plugins (-p in pyproject.toml): QGIS aborts without a screen unless Qt draws offscreen."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
