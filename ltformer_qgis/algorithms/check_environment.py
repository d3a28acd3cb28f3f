"""`ltformer:checkenvironment`: says whether the engine runs and why not, or makes its private environment."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
)

from .. import engine, environment, private_python
from ..environment_report import render
from ..errors import EngineCancelled, EngineError
from ..feedback import FeedbackProgress
from ..texts import tr
from .base import LTFormerAlgorithm

_ACTIONS = ("report", "create")


class CheckEnvironment(LTFormerAlgorithm):
    """Reports on the engine's Python, or makes one."""

    def name(self) -> str:
        return "checkenvironment"

    def displayName(self) -> str:
        return tr("Check and set up environment")

    def shortDescription(self) -> str:
        return tr("Says whether the LTFormer engine runs, with which versions and devices, or sets it up.")

    def shortHelpString(self) -> str:
        return self.help_page(
            tr(
                "The plugin runs PyTorch and OpenCV in a Python of its own, so that they cannot harm QGIS. Tried in "
                "this order: the Python chosen in Settings > Options > Processing > Providers > LTFormer, the variable "
                "LTFORMER_PYTHON, the private environment, QGIS's own Python."
            ),
            tr(
                "'create' makes the private environment in your profile: it downloads 0.3 GB (1.3 GB on disk), several "
                "GB more where pip's PyTorch brings CUDA. It can be cancelled, and leaves nothing then."
            ),
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        self.add(
            QgsProcessingParameterEnum("ACTION", tr("Action"), list(_ACTIONS), defaultValue=0),
            tr("'report' looks and changes nothing; 'create' makes the private environment anew, then reports."),
        )
        self.add(
            QgsProcessingParameterFileDestination("REPORT", tr("Report"), "HTML files (*.html)"),
            tr("Versions, devices, weights and what is missing: paste it into a bug report."),
        )
        self.addOutput(QgsProcessingOutputBoolean("READY", tr("Whether the engine runs")))
        self.addOutput(QgsProcessingOutputString("PYTHON", tr("Python of the engine")))

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        return super().checkParameterValues(_with_action_number(parameters), context)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        progress = FeedbackProgress(feedback)
        try:
            if self.parameterAsEnum(_with_action_number(parameters), "ACTION", context) == 1:
                engine.stop_all()  # it may run in the environment that is replaced
                private_python.create(progress, feedback.pushConsoleInfo)
            python, problem, facts = _state(progress)
        except EngineCancelled:
            return {}
        except EngineError as error:
            raise QgsProcessingException(str(error)) from error
        path = self.parameterAsFileOutput(parameters, "REPORT", context)
        try:
            Path(path).write_text(render(python, problem, facts), encoding="utf-8")
        except OSError as error:
            raise QgsProcessingException(
                tr("'{path}' could not be written: {reason}.").format(path=path, reason=error.strerror)
            ) from error
        if problem:
            feedback.pushWarning(problem)
        else:
            feedback.pushInfo(tr("The engine runs in {path}.").format(path=python.path))
        return {"REPORT": path, "READY": not problem, "PYTHON": str(python.path) if python else ""}


def _with_action_number(parameters: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters with an action given by name turned into QGIS's number."""
    action = parameters.get("ACTION")
    return {**parameters, "ACTION": _ACTIONS.index(action)} if action in _ACTIONS else parameters


def _state(progress: FeedbackProgress) -> tuple[environment.Candidate | None, str, dict[str, Any]]:
    """Returns the Python in use, why the engine does not run, and what the engine says about itself."""
    try:
        python = environment.find_python()
    except EngineError as error:
        return None, str(error), {}
    try:
        return python, "", engine.run("info", {}, progress)
    except EngineError as error:
        return python, str(error), {}
