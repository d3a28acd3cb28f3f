"""`ltformer:exportgcps`: tie points, perhaps edited, as files for the Georeferencer, for GDAL and as a table."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeatureSource,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from .. import engine
from ..compat import VECTOR_POINT
from ..delivery import Delivery
from ..errors import EngineCancelled, EngineError
from ..feedback import FeedbackProgress
from ..layers import InputProblem, RasterInput
from ..texts import tr
from ..tie_point_file import NEEDED_FIELDS, write_tie_point_file
from .base import LTFormerAlgorithm, as_text, is_given, new_folder
from .raster_inputs import raster_of
from .run_error import run_error

# Destination parameter -> key of the engine's job.
_FILES = {"POINTS_FILE": "points_file", "VRT": "gcps_vrt", "CSV": "csv", "COPY": "plain_copy"}
_ENDINGS = {"VRT": ".vrt", "CSV": ".csv", "COPY": ".tif", "POINTS_FILE": ".points"}


class ExportGcps(LTFormerAlgorithm):
    """Hands the points to the engine, which knows the rules of the formats, and delivers what it wrote."""

    def __init__(self) -> None:
        super().__init__()
        self._sensed: RasterInput | None = None
        self._folder = Path()

    def name(self) -> str:
        return "exportgcps"

    def displayName(self) -> str:
        return tr("Export GCP file for the Georeferencer")

    def tags(self) -> list[str]:
        return tr("GCP,points,georeferencer,ground control points,tie points,VRT,CSV,LTFormer").split(",")

    def shortDescription(self) -> str:
        return tr("Writes tie points as a .points file that the Georeferencer opens in the right place.")

    def shortHelpString(self) -> str:
        return self.help_page(
            tr(
                "Writes the tie points of a layer, as they are now, as GCPs of the sensed raster: in the "
                "Georeferencer, open the sensed raster, then File > Load GCP Points. Disabled points stay disabled."
            ),
            tr(
                "The Georeferencer ignores the rotation of a raster with a rotated geotransform, so its points would "
                "land on wrong pixels: such a raster is refused, unless you also ask for its copy without "
                "geotransform. Open that copy in the Georeferencer then."
            ),
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        self.add(
            QgsProcessingParameterFeatureSource("TIE_POINTS", tr("Tie points"), [VECTOR_POINT]),
            tr("The tie point layer of a match. Moved points count where they are, deleted ones not at all."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("SENSED", tr("Sensed raster")),
            tr("The raster that was aligned: the points are tied to its columns and rows."),
        )
        for name, label, pattern, text in (
            (
                "POINTS_FILE",
                tr("GCP file"),
                "QGIS Georeferencer points (*.points)",
                tr("For the Georeferencer of QGIS 3.22.4 and later."),
            ),
            (
                "VRT",
                tr("VRT with GCPs"),
                "VRT (*.vrt)",
                tr("The sensed raster with the enabled GCPs (at most 1000, evenly spread), for gdalwarp."),
            ),
            ("CSV", tr("Table"), "CSV (*.csv)", tr("Columns, rows and map coordinates of all points as text.")),
        ):
            self.add(
                QgsProcessingParameterFileDestination(
                    name, label, pattern, optional=True, createByDefault=name == "POINTS_FILE"
                ),
                text,
            )
        self.add(
            QgsProcessingParameterRasterDestination(
                "COPY", tr("Copy without geotransform"), optional=True, createByDefault=False
            ),
            tr("The sensed raster as plain image with all bands. The GCP file is written for this copy if it is set."),
        )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of points")))
        self.addOutput(QgsProcessingOutputNumber("ENABLED", tr("Number of enabled points")))

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        try:
            self._check(parameters, context)
        except InputProblem as problem:
            return False, str(problem)
        return super().checkParameterValues(parameters, context)

    def _check(self, parameters: dict[str, Any], context: QgsProcessingContext) -> RasterInput:
        """Returns the sensed raster; raises InputProblem."""
        self._tie_points(parameters, context)
        sensed = raster_of(self, parameters, "SENSED", context)
        wanted = [name for name in _FILES if is_given(parameters.get(name))]
        if not wanted:
            raise InputProblem(tr("Choose at least one file to write."))
        for name in wanted:
            path, ending = parameters[name], _ENDINGS[name]
            if isinstance(path, str) and "." in path and not path.lower().endswith((ending, f"{ending}f")):
                raise InputProblem(tr("The name of '{path}' must end in {ending}.").format(path=path, ending=ending))
        if sensed.is_rotated and "POINTS_FILE" in wanted and "COPY" not in wanted:
            raise InputProblem(
                tr(
                    "'{name}' has a rotated geotransform, which the Georeferencer ignores: its points would land on "
                    "wrong pixels. Set 'Copy without geotransform' too and open that copy, or write the VRT alone."
                ).format(name=sensed.name)
            )
        return sensed

    def _tie_points(self, parameters: dict[str, Any], context: QgsProcessingContext) -> QgsProcessingFeatureSource:
        """Returns the points; raises InputProblem for a layer that holds no tie points."""
        source = self.parameterAsSource(parameters, "TIE_POINTS", context)
        if source is None:
            value = parameters.get("TIE_POINTS")
            if not is_given(value):
                raise InputProblem(tr("No tie points were given."))
            raise InputProblem(
                tr("The tie points '{value}' are no vector layer that can be opened.").format(value=as_text(value))
            )
        lacking = [name for name in NEEDED_FIELDS if source.fields().lookupField(name) < 0]
        if lacking:
            raise InputProblem(
                tr("'{name}' is no layer of tie points: it has no field {fields}.").format(
                    name=source.sourceName(), fields=", ".join(lacking)
                )
            )
        return source

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        try:
            self._sensed = self._check(parameters, context)
        except InputProblem as problem:
            raise run_error(str(problem)) from problem
        self._folder = new_folder()
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        targets = {name: Path(path) for name in _FILES if (path := self._destination(parameters, name, context))}
        self._folder.mkdir(parents=True)
        made = {name: self._folder / f"{name}{_ENDINGS[name]}" for name in targets}
        try:
            points = self._folder / "tie_points.gpkg"
            write_tie_point_file(self._tie_points(parameters, context), points)
            job = {"tie_points": str(points), "sensed": self._sensed.path}
            job.update({_FILES[name]: str(path) for name, path in made.items()})
            if "VRT" in targets:
                job["home"] = str(targets["VRT"].parent.absolute())
            counts = engine.run("export_gcps", job, FeedbackProgress(feedback))
            delivery = Delivery({path: targets[name] for name, path in made.items()})
            delivery.stage()
            delivery.commit()
        except EngineCancelled:
            return {}
        except (EngineError, InputProblem) as error:
            raise run_error(str(error)) from error
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        feedback.pushInfo(
            tr("{count} points written, {enabled} of them enabled.").format(
                count=counts["points"], enabled=counts["enabled"]
            )
        )
        results = {name: str(path) for name, path in targets.items()}
        return {**results, "COUNT": counts["points"], "ENABLED": counts["enabled"]}

    def _destination(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str:
        """Returns the path a file goes to, or '' where the user wants none."""
        if not is_given(parameters.get(name)):
            return ""
        if name == "COPY":
            return self.parameterAsOutputLayer(parameters, name, context) or ""
        return self.parameterAsFileOutput(parameters, name, context) or ""
