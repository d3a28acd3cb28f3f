"""Results of earlier runs as sessions: the record, the tie points beside it, and the layers they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer, QgsUnitTypes, QgsVectorLayer

from ..core import ALL_MODELS, InputError, TiePoints, read_json
from ..layers import InputProblem, raster_input
from ..texts import tr
from .pixel_frame import PixelFrame
from .session import Pair, State
from .tables import table_from

_UNKNOWN_VARIANCE = 0.04  # px^2 of a point whose file says none: 0.2 px along each axis
_RECORD_FORMAT = "ltcore registration record"


def read_record(path: Path) -> dict[str, Any]:
    """Returns a run record.

    Raises:
        InputProblem: it cannot be read or is none.
    """
    try:
        record = read_json(path)
    except InputError as error:
        raise InputProblem(tr("'{name}' cannot be read: {error}.").format(name=path.name, error=error)) from error
    if not isinstance(record, dict) or record.get("format") != _RECORD_FORMAT:
        raise InputProblem(tr("'{name}' is no run record of LTFormer.").format(name=path.name))
    return record


def is_record(path: Path) -> bool:
    """Returns whether a JSON file is a run record; other programs write tie points as JSON, too."""
    try:
        read_record(path)
    except InputProblem:
        return False
    return True


def session_of_record(path: Path) -> tuple[Pair, State]:
    """Returns the session of a run whose record lies beside its tie points.

    Raises:
        InputProblem: a file is missing or cannot be used; the text says which.
    """
    try:
        return _session_of(read_record(path), path)
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # it may hold anything
        raise InputProblem(tr("'{name}' is no run record of LTFormer.").format(name=path.name)) from error


def _session_of(record: dict[str, Any], path: Path) -> tuple[Pair, State]:
    layers = {role: _layer_for(record["inputs"][role]["path"], path.parent) for role in ("reference", "sensed")}
    job = dict(record["job"])
    for role, layer in layers.items():
        job[role] = {"path": raster_input(layer).path, "band": record["inputs"][role]["band"]}
    pair = pair_of(layers["reference"], layers["sensed"], job, str(path))
    points = path.parent / Path(record["outputs"].get("tie_points", "tie_points.gpkg")).name
    table = table_from(*read_tie_points(points, pair.reference))
    return pair, State(table, model_or(record["transform"]["model"]))


def pair_of(reference: QgsRasterLayer, sensed: QgsRasterLayer, job: dict[str, Any], record: str = "") -> Pair:
    """Returns the pair of two layers of the project."""
    crs = reference.crs()
    unit = QgsUnitTypes.toAbbreviatedString(crs.mapUnits()) if crs.isValid() else ""
    return Pair(reference.id(), sensed.id(), frame_of(reference), frame_of(sensed), job, record, unit)


def frame_of(layer: QgsRasterLayer) -> PixelFrame:
    """Returns the pixel frame of a file raster.

    Raises:
        InputProblem: QGIS draws it elsewhere than its pixels say, as it does with ground control points or RPCs.
    """
    raster = raster_input(layer)
    dataset = gdal.OpenEx(raster.path, gdal.OF_RASTER)
    frame = PixelFrame(dataset.RasterXSize, dataset.RasterYSize, raster.geotransform)
    corners = frame.to_layer([[0, 0], [frame.width, 0], [0, frame.height], [frame.width, frame.height]])
    shown = layer.extent()
    found = [shown.xMinimum(), shown.yMinimum(), shown.xMaximum(), shown.yMaximum()]
    if np.abs(np.array(found) - [*corners.min(axis=0), *corners.max(axis=0)]).max() > 2 * frame.pixel_size:
        raise InputProblem(
            tr(
                "QGIS draws '{name}' through its ground control points, so points cannot be shown on it. Warp it first "
                "(Raster > Projections > Warp)."
            ).format(name=raster.name)
        )
    return frame


def read_tie_points(path: Path, reference: PixelFrame) -> tuple[Any, np.ndarray]:
    """Returns tie points of a GeoPackage and which are enabled; a point that was moved in QGIS stays where it was put.

    Raises:
        InputProblem: there is no such file, or it holds no tie points.
    """
    if not path.is_file():
        raise InputProblem(tr("The tie points '{path}' are not there.").format(path=path))
    layer = QgsVectorLayer(f"{path}|layername=tie_points", "tie points", "ogr")
    needed = {"sensed_x", "sensed_y", "enabled"}
    if not layer.isValid() or not needed <= set(layer.fields().names()):
        raise InputProblem(tr("'{name}' holds no tie points of LTFormer.").format(name=path.name))
    return points_of_layer(layer, reference)


def points_of_layer(layer: QgsVectorLayer, reference: PixelFrame) -> tuple[Any, np.ndarray]:
    """Returns the tie points of a layer with the fields of tie_points.gpkg, and which are enabled."""
    names = layer.fields().names()

    def number(feature: Any, name: str, default: float) -> float:
        value = feature[name] if name in names else None
        return float(value) if isinstance(value, (int, float)) else default

    rows = []
    for feature in layer.getFeatures():
        place = feature.geometry().asPoint()
        own = [number(feature, name, np.nan) for name in ("sensed_x", "sensed_y")]
        cov = [number(feature, name, default) for name, default in (("cov_xx", np.nan), ("cov_xy", 0), ("cov_yy", 0))]
        rows.append([place.x(), place.y(), *own, number(feature, "score", 0.0), *cov, number(feature, "enabled", 1)])
    values = np.array(rows, dtype=np.float64).reshape(-1, 9)
    values = values[np.isfinite(values[:, :4]).all(axis=1)]
    unknown = ~np.isfinite(values[:, 5])
    values[unknown, 5:8] = [_UNKNOWN_VARIANCE, 0.0, _UNKNOWN_VARIANCE]
    covariance = values[:, [5, 6, 6, 7]].reshape(-1, 2, 2)
    points = TiePoints(reference.to_pixel(values[:, :2]), values[:, 2:4], values[:, 4], covariance)
    return points, values[:, 8] > 0


def model_or(name: Any, default: str = "affine") -> str:
    """Returns a model's name if there is such a one."""
    return name if name in ALL_MODELS else default


def _layer_for(text: str, folder: Path) -> QgsRasterLayer:
    """Returns the project's layer of a file that a record names; adds it where there is none.

    A relative path is that of the folder the run was started in, so it is looked for above the record, too.
    """
    name = Path(text).name
    found = next((path for path in _places(text, folder) if path.exists()), None)
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal":
            source = Path(layer.source().split("|", 1)[0])
            if source == found or (found is not None and source.exists() and source.samefile(found)):
                return layer
            if found is None and source.name == name:
                return layer
    if found is None:
        raise InputProblem(
            tr("The raster '{path}' is not there. Add it to the project, then load the result again.").format(path=text)
        )
    layer = QgsRasterLayer(str(found), found.stem)
    if not layer.isValid():
        raise InputProblem(tr("The raster '{path}' cannot be opened.").format(path=found))
    QgsProject.instance().addMapLayer(layer)
    return layer


def _places(text: str, folder: Path) -> list[Path]:
    path = Path(text)
    return [path] if path.is_absolute() else [home / path for home in (folder, *folder.parents)] + [folder / path.name]
