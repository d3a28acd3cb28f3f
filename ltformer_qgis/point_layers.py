"""Layers of the engine as QGIS's own: their fields, and copies of their features."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsFeature, QgsFeatureSink, QgsField, QgsFields, QgsVectorLayer

from .compat import FIELD_DOUBLE, FIELD_INTEGER
from .errors import EngineError
from .texts import tr

# Pixel coordinates are pixel-edge, as in GDAL.
TIE_POINT_FIELDS = (
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
OFFSET_FIELDS = (
    "id",
    "dx_px",
    "dy_px",
    "length_px",
    "dx_map",
    "dy_map",
    "length_map",
    "direction_deg",
    "exaggeration",  # how many times as long the arrows are drawn
)
_INTEGERS = ("id", "enabled")


def fields_of(names: tuple[str, ...]) -> QgsFields:
    """Returns the fields of a sink for one of the layers above."""
    fields = QgsFields()
    for name in names:
        fields.append(QgsField(name, FIELD_INTEGER if name in _INTEGERS else FIELD_DOUBLE))
    return fields


def open_made(path: Path, table: str) -> QgsVectorLayer:
    """Returns a layer of a GeoPackage that the engine wrote.

    Raises:
        EngineError: the file cannot be read.
    """
    layer = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
    if not layer.isValid():
        raise EngineError(tr("The layer that the engine wrote cannot be read."), f"{path}.")
    return layer


def copy_features(layer: QgsVectorLayer, sink: QgsFeatureSink, names: tuple[str, ...]) -> int:
    """Copies all features into a sink with the fields `names`; returns how many."""
    fields, known = fields_of(names), layer.fields().names()
    count = 0
    for source in layer.getFeatures():
        feature = QgsFeature(fields)
        feature.setGeometry(source.geometry())
        for name in names:
            if name in known:
                value = source[name]
                feature[name] = int(value) if name in _INTEGERS and value is not None else value
        if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
            raise EngineError(tr("The layer could not be written."), sink.lastError())
        count += 1
    return count
