"""The part of ltcore that QGIS's own process loads: it needs numpy alone. All else runs in the engine.

tests/boundaries holds this module to that: what is named here must bring neither torch, cv2, scipy, pydantic nor osgeo.
"""

from __future__ import annotations

import importlib
from typing import Any

_ROOT = __package__.rpartition(".")[0]  # "ltformer" as QGIS loads the plugin, nothing in a clone of the repository


def _module(name: str) -> Any:
    return importlib.import_module(".".join(filter(None, (_ROOT, "ltcore", name))))


_types, _coverage, _result, _quality = (_module(name) for name in ("types", "coverage", "result", "quality"))
_transforms, _models, _refit = (_module(f"geometry.{name}") for name in ("transforms", "models", "refit"))

TiePoints = _types.TiePoints
CoverageCells, Evidence = _coverage.CoverageCells, _coverage.Evidence
TransformFit = _result.TransformFit
EstimationFailure = _transforms.EstimationFailure
ALL_MODELS, FEWEST_POINTS = _models.ALL_MODELS, _models.FEWEST_POINTS
refit, assess = _refit.refit, _quality.assess
local_offset_px = _module("neighbourhoods").local_offset_px
InputError, read_json = _module("errors").InputError, _module("json_files").read_json
