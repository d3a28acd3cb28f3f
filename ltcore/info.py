"""What this installation has: for bug reports, and to explain why a GPU is not used."""

from __future__ import annotations

import platform
from typing import Any

from .config import FeatureConfig
from .errors import LtcoreError
from .ltformer.describe import make_describer
from .ltformer.weights import list_weights
from .raster.drivers import raster_drivers
from .versions import versions


def environment_report() -> dict[str, Any]:
    """Returns versions, platform, device and backend (with the reasons for them), weights and GDAL's drivers, as JSON
    values."""
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "device": _device(),
        "backend": _backend(),
        "weights": [
            {"name": spec.name, "descriptor_dim": spec.descriptor_dim, "sha256": spec.sha256, "licence": spec.licence}
            for spec in list_weights()
        ],
        "gdal_raster_drivers": raster_drivers(),
    }


def _device() -> dict[str, str]:
    try:
        from .ltformer.backends import choose_device  # noqa: PLC0415 - the report must work without torch
    except ImportError as error:
        return {"device": "none", "reason": f"PyTorch is not installed ({error}): only RootSIFT is available."}
    device, reason = choose_device("auto")
    return {"device": str(device), "reason": reason}


def _backend() -> dict[str, str]:
    """Returns what would run the default network here: it is loaded and tried, as for a registration."""
    try:
        describer = make_describer(FeatureConfig())
    except LtcoreError as error:
        return {"backend": "none", "reason": str(error)}
    return {"backend": describer.backend, "reason": describer.backend_reason}
