"""Entry of the QGIS plugin: this folder is the plugin's folder."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:
    """Returns the plugin; `iface` is None in qgis_process."""
    # Relative, so that the plugin's modules keep their own names whatever else is installed. Imported here,
    # because Python tools that only pass through this folder have no QGIS.
    from .ltformer_qgis.plugin import LTFormerPlugin  # noqa: PLC0415

    return LTFormerPlugin(iface)
