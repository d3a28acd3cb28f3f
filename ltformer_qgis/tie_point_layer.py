"""The tie points as a QGIS layer: fields, copy from the engine's GeoPackage, style."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsProcessingLayerPostProcessorInterface,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)

from .compat import FIELD_DOUBLE, FIELD_INTEGER
from .errors import EngineError
from .texts import tr

_INTEGERS = ("id", "enabled")
_FIELDS = (
    "id",
    "enabled",
    "sensed_x",
    "sensed_y",
    "reference_x",
    "reference_y",
    "residual_px",
    "dx_px",
    "dy_px",
    "heldout_px",
    "score",
    "cov_xx",
    "cov_xy",
    "cov_yy",
)
# Residual limits (px) and colours from good to bad: blue to red (ColorBrewer RdYlBu), safe for colour-blind eyes.
_CLASSES = ((0.0, 0.5, "#2c7bb6"), (0.5, 1.0, "#abd9e9"), (1.0, 2.0, "#fdae61"), (2.0, None, "#d7191c"))
_OUTLIER_COLOUR = "#9a9a9a"


def tie_point_fields() -> QgsFields:
    """Returns the fields of the tie point sink; pixel coordinates are pixel-edge, as in GDAL."""
    fields = QgsFields()
    for name in _FIELDS:
        fields.append(QgsField(name, FIELD_INTEGER if name in _INTEGERS else FIELD_DOUBLE))
    return fields


def open_tie_points(path: Path) -> QgsVectorLayer:
    """Returns the engine's tie points.

    Raises:
        EngineError: the file cannot be read.
    """
    layer = QgsVectorLayer(str(path), "tie points", "ogr")
    if not layer.isValid():
        raise EngineError(tr("The tie points that the engine wrote cannot be read."), f"{path}.")
    return layer


def copy_tie_points(layer: QgsVectorLayer, sink: QgsFeatureSink) -> int:
    """Copies all tie points into a sink with `tie_point_fields`; returns how many."""
    fields, names = tie_point_fields(), layer.fields().names()
    count = 0
    for source in layer.getFeatures():
        feature = QgsFeature(fields)
        feature.setGeometry(source.geometry())
        for name in _FIELDS:
            if name in names:
                value = source[name]
                feature[name] = int(value) if name in _INTEGERS and value is not None else value
        if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
            raise EngineError(tr("The tie points could not be written."), sink.lastError())
        count += 1
    return count


class TiePointStyle(QgsProcessingLayerPostProcessorInterface):
    """Styles the loaded tie points: inliers by residual, outliers as grey crosses.

    Args:
        has_crs: whether the reference has one. Formats and QGIS itself make one up for a layer without CRS; drawn
            with that, the points would leave the plain image they belong to.
    """

    def __init__(self, *, has_crs: bool) -> None:
        super().__init__()
        self._has_crs = has_crs

    def postProcessLayer(self, layer: QgsMapLayer, _context: object, _feedback: object) -> None:
        if not isinstance(layer, QgsVectorLayer):
            return
        if not self._has_crs:
            layer.setCrs(QgsCoordinateReferenceSystem())
        root = QgsRuleBasedRenderer.Rule(None)
        for low, high, colour in _CLASSES:
            limits = [f'"residual_px" >= {low}'] + ([f'"residual_px" < {high}'] if high is not None else [])
            label = f"{low:g} to {high:g} px" if high is not None else tr("over {low:g} px").format(low=low)
            self._add_rule(root, colour, "circle", (f'"enabled" = 1 AND {" AND ".join(limits)}', label))
        self._add_rule(root, _OUTLIER_COLOUR, "cross", ('"enabled" = 0', tr("outlier")))
        layer.setRenderer(QgsRuleBasedRenderer(root))
        layer.triggerRepaint()

    @staticmethod
    def _add_rule(root: QgsRuleBasedRenderer.Rule, colour: str, shape: str, rule: tuple[str, str]) -> None:
        outline = "#ffffff" if shape == "circle" else colour
        symbol = QgsMarkerSymbol.createSimple({"name": shape, "color": colour, "outline_color": outline, "size": "2"})
        expression, label = rule
        root.appendChild(QgsRuleBasedRenderer.Rule(symbol, 0, 0, expression, label))


# Alive as long as the plugin: QGIS keeps no reference, and styles when the algorithm is gone.
TIE_POINT_STYLES = {has_crs: TiePointStyle(has_crs=has_crs) for has_crs in (True, False)}
