"""Reads raster parameters as facts, with one sentence about each that cannot be used; for the main thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingUtils, QgsRasterLayer

from ..layers import InputProblem, RasterInput, raster_input, subdatasets
from ..texts import tr
from .base import LTFormerAlgorithm, as_text, is_given


def raster_of(
    algorithm: LTFormerAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
) -> RasterInput:
    """Returns the raster of a parameter.

    Raises:
        InputProblem: there is none, or the engine cannot open it.
    """
    layer = algorithm.parameterAsRasterLayer(parameters, name, context)
    if layer is not None and layer.isValid():
        return raster_input(layer)
    label = algorithm.parameterDefinition(name).description()
    if not is_given(parameters.get(name)):
        raise InputProblem(tr("No {label} was given.").format(label=label.lower()))
    raise InputProblem(_why_no_raster(parameters[name], label, context))


def rasters_of(
    algorithm: LTFormerAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
) -> list[RasterInput]:
    """Returns the rasters of a parameter that takes several.

    Raises:
        InputProblem: there is none, or the engine cannot open one of them.
    """
    label = algorithm.parameterDefinition(name).description()
    value = parameters.get(name)
    values = value if isinstance(value, (list, tuple)) else [value]
    given = [one for one in values if is_given(one)]
    if not given:
        raise InputProblem(tr("No {label} was given.").format(label=label.lower()))
    return [_raster(one, label, context) for one in given]


def _raster(value: Any, label: str, context: QgsProcessingContext) -> RasterInput:
    layer = value if isinstance(value, QgsRasterLayer) else QgsProcessingUtils.mapLayerFromString(str(value), context)
    if isinstance(layer, QgsRasterLayer) and layer.isValid():
        return raster_input(layer)
    raise InputProblem(_why_no_raster(value, label, context))


def _why_no_raster(value: Any, label: str, context: QgsProcessingContext) -> str:
    """Says why a value that was given is no raster."""
    text = as_text(value)
    layer = QgsProcessingUtils.mapLayerFromString(text, context) if isinstance(value, str) else value
    if layer is not None and not isinstance(layer, QgsRasterLayer) and hasattr(layer, "geometryType"):
        return tr("The {label} '{value}' is a vector layer; choose a raster.").format(label=label.lower(), value=text)
    if isinstance(value, str) and not Path(text.split("|", maxsplit=1)[0]).exists() and ":" not in text[2:]:
        return tr("The {label} '{value}' does not exist.").format(label=label.lower(), value=text)
    parts = subdatasets(text) if isinstance(value, str) else []
    if len(parts) > 1:
        return tr("The {label} '{value}' holds {count} rasters; choose one of them, for example {part}.").format(
            label=label.lower(), value=text, count=len(parts), part=parts[0]
        )
    return tr("The {label} '{value}' is no raster that GDAL can open.").format(label=label.lower(), value=text)
