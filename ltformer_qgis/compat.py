"""The only place that knows QGIS and Qt versions (QGIS 3.22 with Qt 5 to QGIS 4 with Qt 6)."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsMapLayerProxyModel,
    QgsProcessing,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterNumber,
    QgsUnitTypes,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QMetaType

try:  # these moved to QtGui with Qt 6
    from qgis.PyQt.QtGui import QAction, QUndoCommand, QUndoStack
except ImportError:
    from qgis.PyQt.QtWidgets import QAction, QUndoCommand, QUndoStack

_SINCE_3_36 = hasattr(Qgis, "ProcessingSourceType")

NUMBER_INTEGER = (
    Qgis.ProcessingNumberParameterType.Integer if _SINCE_3_36 else QgsProcessingParameterNumber.Type.Integer
)
RASTER = Qgis.ProcessingSourceType.Raster if _SINCE_3_36 else QgsProcessing.TypeRaster
VECTOR_LINE = Qgis.ProcessingSourceType.VectorLine if _SINCE_3_36 else QgsProcessing.TypeVectorLine
VECTOR_POINT = Qgis.ProcessingSourceType.VectorPoint if _SINCE_3_36 else QgsProcessing.TypeVectorPoint
VECTOR_POLYGON = Qgis.ProcessingSourceType.VectorPolygon if _SINCE_3_36 else QgsProcessing.TypeVectorPolygon
FLAG_ADVANCED = (
    Qgis.ProcessingParameterFlag.Advanced if _SINCE_3_36 else QgsProcessingParameterDefinition.Flag.FlagAdvanced
)
WKB_POINT, WKB_LINE = QgsWkbTypes.Type.Point, QgsWkbTypes.Type.LineString
METRES = Qgis.DistanceUnit.Meters if hasattr(Qgis, "DistanceUnit") else QgsUnitTypes.DistanceMeters
WARNING_LEVEL = Qgis.MessageLevel.Warning
_LAYER_FILTER = Qgis.LayerFilter if hasattr(Qgis, "LayerFilter") else QgsMapLayerProxyModel.Filter
RASTER_LAYERS = _LAYER_FILTER.RasterLayer

# QgsField takes a QMetaType from 3.38 on, before that a QVariant type; both are the same numbers.
if hasattr(QMetaType, "Type") and Qgis.QGIS_VERSION_INT >= 33800:
    FIELD_INTEGER, FIELD_DOUBLE = QMetaType.Type.Int, QMetaType.Type.Double
else:
    from qgis.PyQt.QtCore import QVariant

    FIELD_INTEGER, FIELD_DOUBLE = QVariant.Int, QVariant.Double

__all__ = [
    "FIELD_DOUBLE",
    "FIELD_INTEGER",
    "FLAG_ADVANCED",
    "METRES",
    "NUMBER_INTEGER",
    "RASTER",
    "RASTER_LAYERS",
    "VECTOR_LINE",
    "VECTOR_POINT",
    "VECTOR_POLYGON",
    "WARNING_LEVEL",
    "WKB_LINE",
    "WKB_POINT",
    "QAction",
    "QUndoCommand",
    "QUndoStack",
]


def add_advanced(algorithm: object, parameter: QgsProcessingParameterDefinition) -> None:
    """Adds a parameter to an algorithm, folded away under 'Advanced parameters'."""
    parameter.setFlags(parameter.flags() | FLAG_ADVANCED)
    algorithm.addParameter(parameter)
