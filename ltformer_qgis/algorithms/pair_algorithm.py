"""What the algorithms on a pair of rasters share: reading and checking the parameters, asking the engine, delivery."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qgis.core import (
    QgsFeatureRequest,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from .. import engine
from ..delivery import Delivery
from ..errors import EngineCancelled, EngineError
from ..feedback import FeedbackProgress
from ..layers import InputProblem, RasterInput
from ..result_layers import group_name, on_loading
from ..texts import tr
from .base import LTFormerAlgorithm, new_folder, with_choice_numbers
from .match_inputs import MatchInputs
from .match_parameters import CHOICES
from .run_error import run_error


class PairAlgorithm(LTFormerAlgorithm):
    """Reads parameters, asks the engine, delivers what it made."""

    METHOD: ClassVar[str]  # of the engine
    FILES: ClassVar[Mapping[str, str]]  # destination parameter -> key of the engine's outputs

    def __init__(self) -> None:
        super().__init__()
        self._job: dict[str, Any] = {}
        self._reference: RasterInput | None = None
        self._group = ""
        self._warnings: list[str] = []
        self._folder = Path()
        self._destinations: dict[str, str] = {}

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        try:
            self._pair(MatchInputs(self, parameters, context))
        except InputProblem as problem:
            return False, str(problem)
        return super().checkParameterValues(with_choice_numbers(parameters, CHOICES), context)

    def _pair(self, inputs: MatchInputs) -> tuple[RasterInput, RasterInput]:
        """Returns reference and sensed once everything about the parameters is checked; raises InputProblem."""
        pair = inputs.pair()
        inputs.check_settings()
        return pair

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        inputs = MatchInputs(self, parameters, context)
        try:  # again: a model does not call checkParameterValues of its steps
            reference, sensed = self._pair(inputs)
        except InputProblem as problem:
            raise run_error(str(problem)) from problem
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
        self._destinations = {name: self._destination(parameters, name, context) for name in self.FILES}
        for name, setting in (("WARPED", "warp"), ("REPORT", "report")):
            self._job["config"]["output"][setting] = bool(self._destinations.get(name))
        try:
            summary = engine.run(self.METHOD, self._job, FeedbackProgress(feedback))
            if feedback.isCanceled():
                return {}
            results = self._deliver(summary, parameters, context)
        except EngineCancelled:
            return {}
        except EngineError as error:
            raise run_error(str(error)) from error
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._judge(summary, results, feedback)
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
        is_whole = layer is not None and not isinstance(parameters["AOI"], QgsProcessingFeatureSourceDefinition)
        if is_whole and Path(layer.source()).is_file() and _is_as_in_its_file(layer):
            return str(Path(layer.source()).absolute())  # so that the record can be replayed
        self._folder.mkdir(parents=True)
        path = self._folder / "aoi.gpkg"
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", "aoi"
        layer = source.materialize(QgsFeatureRequest())
        error = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context.transformContext(), options)
        if error[0] != QgsVectorFileWriter.WriterError.NoError:
            raise run_error(tr("The area of interest cannot be read ({reason}).").format(reason=error[1]))
        return str(path)

    def _deliver(
        self, summary: dict[str, Any], parameters: dict[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        """Moves the engine's files to their destinations and fills the sinks; returns the results."""
        outputs = {key: Path(path) for key, path in summary["outputs"].items() if path}
        made = {name: path for name, path in self._destinations.items() if path and self.FILES[name] in outputs}
        delivery = Delivery({outputs[self.FILES[name]]: Path(path) for name, path in made.items()})
        delivery.stage()
        try:
            results: dict[str, Any] = self._fill_sinks(outputs, parameters, context)
            delivery.commit()
        finally:
            delivery.drop()
        on_loading(context, made.get("WARPED"), ("", self._group))
        results.update(made)
        results.update(self._numbers(summary))
        return {name: value for name, value in results.items() if value is not None}

    def _fill_sinks(
        self, outputs: Mapping[str, Path], parameters: dict[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        """Writes the layers that QGIS asks for as sinks; returns the ids of those the user wants."""
        raise NotImplementedError

    def _numbers(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Returns the numbers and words among the results."""
        raise NotImplementedError

    def _judge(self, summary: dict[str, Any], results: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        """Tells the verdict and the engine's notes."""
        for note in summary.get("notes") or []:
            feedback.pushWarning(note)
        reasons = " ".join(summary.get("reasons") or [])
        if summary["verdict"] == "PASS":
            feedback.pushInfo(tr("Verdict PASS. {reasons}").format(reasons=reasons))
        else:
            feedback.pushWarning(tr("Verdict {verdict}. {reasons}").format(verdict=summary["verdict"], reasons=reasons))


def _is_as_in_its_file(layer: QgsVectorLayer) -> bool:
    """Tells whether a file says all that QGIS knows of a layer: no edits that wait, no CRS set by hand."""
    return not layer.isModified() and layer.dataProvider().crs() == layer.crs()
