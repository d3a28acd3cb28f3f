"""The tie points as a QGIS layer: fields, copy from the engine's GeoPackage."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsFeature, QgsFeatureSink, QgsField, QgsFields, QgsVectorLayer

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
