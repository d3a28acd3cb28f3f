"""Settings of the whole suite that must stand before pytest-qgis starts QGIS."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
