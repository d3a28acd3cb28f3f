"""Waits in tests while Qt's events go on."""

from __future__ import annotations

import time

from qgis.core import QgsApplication


def wait_until(condition, limit_s=60.0):
    """Handles events until the condition holds; fails after the limit."""
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "the condition did not come true"
        QgsApplication.processEvents()
        time.sleep(0.02)
