"""`ltformer:match`: finds tie points between two rasters and aligns one to the other."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFeatureRequest,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsVectorFileWriter,
)

from .. import engine
from ..compat import WKB_POINT
from ..delivery import Delivery
from ..errors import EngineCancelled, EngineError
from ..feedback import FeedbackProgress
from ..layers import InputProblem, RasterInput
from ..result_layers import group_name, on_loading
from ..texts import tr
from ..tie_point_layer import copy_tie_points, open_tie_points, tie_point_fields
from . import match_parameters
from .base import LTFormerAlgorithm, new_folder, with_choice_numbers
from .match_inputs import MatchInputs
from .match_parameters import CHOICES, NUMBERS

# Destination parameter -> key of the engine's outputs.
_FILES = {"WARPED": "warped", "POINTS_FILE": "points_file", "REPORT": "report", "RECORD": "record"}


class MatchLayers(LTFormerAlgorithm):
    """Reads parameters, asks the engine, delivers what it made."""

    def __init__(self) -> None:
        super().__init__()
        self._job: dict[str, Any] = {}
        self._reference: RasterInput | None = None
        self._group = ""
        self._warnings: list[str] = []
        self._folder = Path()
        self._destinations: dict[str, str] = {}

    def name(self) -> str:
        return "match"

    def displayName(self) -> str:
        return tr("Match visible/NIR layers")

    def tags(self) -> list[str]:
        return tr("coregistration,co-registration,align,tie points,GCP,georeference,infrared,NIR,LTFormer").split(",")

    def shortDescription(self) -> str:
        return tr("Finds tie points between a visible and a near-infrared raster and aligns one to the other.")

    def shortHelpString(self) -> str:
        return self.help_page(
            tr(
                "Finds tie points between a visible and a near-infrared raster of any size, pixel size, CRS or "
                "orientation, fits a transform to them, says how good it is, and aligns the sensed raster."
            ),
            tr(
                "Verdict PASS: trust it. WARN: look at the report. FAIL: nothing is warped; points, report and record "
                "are kept to show why."
            ),
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        match_parameters.add_inputs(self)
        match_parameters.add_advanced_inputs(self)
        match_parameters.add_outputs(self)

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        inputs = MatchInputs(self, parameters, context)
        try:
            inputs.pair()
            inputs.check_settings()
        except InputProblem as problem:
            return False, str(problem)
        return super().checkParameterValues(with_choice_numbers(parameters, CHOICES), context)

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        inputs = MatchInputs(self, parameters, context)
        try:  # again: a model does not call checkParameterValues of its steps
            reference, sensed = inputs.pair()
            inputs.check_settings()
        except InputProblem as problem:
            raise QgsProcessingException(str(problem)) from problem
        self._reference = reference
        self._group = group_name(sensed.name, reference.name)
        self._warnings = [*reference.warnings(), *sensed.warnings()]
        self._folder = new_folder()
        self._job = {
            "reference": {"path": reference.path, "band": inputs.band("REFERENCE_BAND", reference)},
            "sensed": {"path": sensed.path, "band": inputs.band("SENSED_BAND", sensed)},
            "out_dir": str(self._folder / "out"),
            "aoi": self._aoi_file(parameters, context),
            "config": inputs.config(),
        }
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        for warning in self._warnings:
            feedback.pushWarning(warning)
        # Once, and here: each evaluation of a temporary destination makes up another path and announces another
        # layer, and what is announced before processAlgorithm is lost when that runs in a thread.
        self._destinations = {name: self._destination(parameters, name, context) for name in _FILES}
        for name, setting in (("WARPED", "warp"), ("REPORT", "report")):
            self._job["config"]["output"][setting] = bool(self._destinations[name])
        try:
            summary = engine.run("register", self._job, FeedbackProgress(feedback))
            if feedback.isCanceled():
                return {}
            results = self._deliver(summary, parameters, context)
        except EngineCancelled:
            return {}
        except EngineError as error:
            raise QgsProcessingException(str(error)) from error
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._judge(summary, results, parameters, feedback)
        return results

    def _destination(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str:
        """Returns the path a file goes to, or '' where the user wants none."""
        if name == "WARPED":
            return self.parameterAsOutputLayer(parameters, name, context) or ""
        return self.parameterAsFileOutput(parameters, name, context) or ""

    def _aoi_file(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str | None:
        """Returns a file with the polygons of interest: the user's own, else one written here; None without any."""
        source = self.parameterAsSource(parameters, "AOI", context)
        if source is None:
            return None
        layer = self.parameterAsVectorLayer(parameters, "AOI", context)
        is_whole = not isinstance(parameters["AOI"], QgsProcessingFeatureSourceDefinition)
        if is_whole and layer is not None and Path(layer.source()).is_file():
            return str(Path(layer.source()).absolute())  # so that the record can be replayed
        self._folder.mkdir(parents=True)
        path = self._folder / "aoi.gpkg"
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", "aoi"
        layer = source.materialize(QgsFeatureRequest())
        error = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context.transformContext(), options)
        if error[0] != QgsVectorFileWriter.WriterError.NoError:
            raise QgsProcessingException(tr("The area of interest cannot be read ({reason}).").format(reason=error[1]))
        return str(path)

    def _deliver(
        self, summary: dict[str, Any], parameters: dict[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        """Moves the engine's files to their destinations and fills the sink; returns the results."""
        outputs = {key: Path(path) for key, path in summary["outputs"].items() if path}
        made = {name: path for name, path in self._destinations.items() if path and _FILES[name] in outputs}
        delivery = Delivery({outputs[_FILES[name]]: Path(path) for name, path in made.items()})
        delivery.stage()
        try:
            results: dict[str, Any] = {"TIE_POINTS": self._fill_sink(outputs.get("tie_points"), parameters, context)}
            delivery.commit()
        finally:
            delivery.drop()
        on_loading(context, made.get("WARPED"), ("", self._group))
        results.update({name: made.get(name) for name in _FILES})
        results.update({name: summary.get(name.lower()) for name in NUMBERS})
        results.update(VERDICT=summary["verdict"], MODEL=(summary.get("transform") or {}).get("model"))
        return {name: value for name, value in results.items() if value is not None}

    def _fill_sink(self, path: Path | None, parameters: dict[str, Any], context: QgsProcessingContext) -> str | None:
        """Writes the tie points; returns the layer's id, or None where the user wants none."""
        if parameters.get("TIE_POINTS") is None or path is None:
            return None
        layer, crs = open_tie_points(path), self._reference.map_crs
        sink, layer_id = self.parameterAsSink(parameters, "TIE_POINTS", context, tie_point_fields(), WKB_POINT, crs)
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, "TIE_POINTS"))
        copy_tie_points(layer, sink)
        on_loading(context, layer_id, ("tie_points", self._group), crs.isValid())
        return layer_id

    def _judge(
        self,
        summary: dict[str, Any],
        results: dict[str, Any],
        parameters: dict[str, Any],
        feedback: QgsProcessingFeedback,
    ) -> None:
        """Says the verdict; ends the run with an error where a warped raster was asked for and is not there."""
        for note in summary.get("notes") or []:
            feedback.pushWarning(note)
        reasons = " ".join(summary.get("reasons") or [])
        if summary["verdict"] == "PASS":
            feedback.pushInfo(tr("Verdict PASS. {reasons}").format(reasons=reasons))
        else:
            feedback.pushWarning(tr("Verdict {verdict}. {reasons}").format(verdict=summary["verdict"], reasons=reasons))
        if not self._job["config"]["output"]["warp"] or "WARPED" in results:
            return
        kept = [results[name] for name in ("TIE_POINTS", "POINTS_FILE", "REPORT", "RECORD") if name in results]
        raise QgsProcessingException(
            tr("No warped raster was written, as the verdict {verdict} is below {limit}: {reasons} {kept}").format(
                verdict=summary["verdict"],
                limit=self._job["config"]["output"]["min_verdict"],
                reasons=reasons,
                kept=tr("Kept for review: {paths}.").format(paths=", ".join(kept)) if kept else "",
            )
        )
