"""Layers of the engine as QGIS's own: their fields, and copies of their features."""

from __future__ import annotations

from pathlib import Path

from osgeo import gdal
from qgis.core import QgsFeature, QgsFeatureSink, QgsField, QgsFields, QgsGeometry

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


def copy_features(path: Path, table: str, sink: QgsFeatureSink, names: tuple[str, ...]) -> None:
    """Copies a layer of a GeoPackage that the engine wrote into a sink with the fields `names`.

    GDAL reads it and not QGIS, which would keep the file open for a minute after: files open at the same time would
    add up from run to run, and Windows could not delete this one.

    Raises:
        EngineError: the file cannot be read, or the sink takes no more.
    """
    fields = fields_of(names)
    try:
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
        layer = dataset.GetLayerByName(table)
        known = {field.GetName() for field in layer.schema}
        for source in layer:
            feature = QgsFeature(fields)
            geometry = QgsGeometry()
            geometry.fromWkb(bytes(source.GetGeometryRef().ExportToWkb()))
            feature.setGeometry(geometry)
            for name in names:
                if name in known:
                    feature[name] = source.GetField(name)
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise EngineError(tr("The layer could not be written."), sink.lastError())
    except (RuntimeError, AttributeError) as error:  # AttributeError: without exceptions GDAL returns None
        raise EngineError(tr("The layer that the engine wrote cannot be read."), f"{path}: {error}.") from error
