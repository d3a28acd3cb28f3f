"""A tie point layer of QGIS, whatever its format, as the GeoPackage that the engine reads."""

from __future__ import annotations

from pathlib import Path

from osgeo import ogr, osr
from qgis.core import NULL, QgsCoordinateReferenceSystem, QgsFeature, QgsProcessingFeatureSource

from .layers import InputProblem
from .texts import tr

NEEDED_FIELDS = ("sensed_x", "sensed_y", "enabled")
_NO_CRS = 'LOCAL_CS["Undefined Cartesian SRS"]'  # what the GeoPackage standard has for it


def write_tie_point_file(source: QgsProcessingFeatureSource, path: Path) -> int:
    """Writes the points as layer `tie_points`; returns how many.

    Raises:
        InputProblem: a point has no place in one of the images, or the file cannot be written.
    """
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    if dataset is None:
        raise InputProblem(tr("'{path}' could not be written.").format(path=path))
    layer = dataset.CreateLayer("tie_points", _crs(source.sourceCrs()), ogr.wkbPoint)
    for name in NEEDED_FIELDS:
        layer.CreateField(ogr.FieldDefn(name, ogr.OFTInteger if name == "enabled" else ogr.OFTReal))
    dataset.StartTransaction()
    count = 0
    for feature in source.getFeatures():
        layer.CreateFeature(_written(feature, layer.GetLayerDefn()))
        count += 1
    dataset.CommitTransaction()
    layer = dataset = None  # this closes the file
    return count


def _written(feature: QgsFeature, definition: ogr.FeatureDefn) -> ogr.Feature:
    values = {name: feature[name] for name in NEEDED_FIELDS}
    lacks_place = feature.geometry().isNull() or any(values[name] in (None, NULL) for name in ("sensed_x", "sensed_y"))
    if lacks_place:
        raise InputProblem(
            tr(
                "Point {number} has no position in both images: give it sensed_x and sensed_y, or delete it. Points "
                "drawn by hand have none."
            ).format(number=feature.id())
        )
    point = feature.geometry().asPoint()
    made, place = ogr.Feature(definition), ogr.Geometry(ogr.wkbPoint)
    place.AddPoint_2D(point.x(), point.y())
    made.SetGeometry(place)
    for name in ("sensed_x", "sensed_y"):
        made.SetField(name, float(values[name]))
    made.SetField("enabled", int(values["enabled"] not in (None, NULL, 0, False)))
    return made


def _crs(crs: QgsCoordinateReferenceSystem) -> osr.SpatialReference:
    """Returns the CRS for GDAL; one that is neither on the Earth nor of a map stands for none."""
    found = osr.SpatialReference()
    found.SetFromUserInput(crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT2_2019) if crs.isValid() else _NO_CRS)
    found.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return found
