"""`ltformer:checkenvironment`: says whether the engine runs and why not, or makes its private environment."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from .. import engine, environment, private_python
from ..environment_report import render
from ..errors import EngineCancelled, EngineError
from ..feedback import FeedbackProgress
from ..layers import InputProblem
from ..private_python import SetupChoices
from ..proxy import proxy_variables
from ..texts import tr
from ..wheels import BUILDS, label_of, offline_arguments, torch_index
from .base import LTFormerAlgorithm, check_choices, choice, is_given, with_choice_numbers
from .run_error import run_error

CHOICES = {"ACTION": ("report", "create"), "PYTORCH": BUILDS}


class CheckEnvironment(LTFormerAlgorithm):
    """Reports on the engine's Python, or makes one."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: SetupChoices | None = None

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
                "this order: the Python chosen in Settings > Options > LTFormer, the variable LTFORMER_PYTHON, the "
                "private environment, QGIS's own Python."
            ),
            tr(
                "'create' makes the private environment in your profile, through the proxy of QGIS's network options. "
                "Cancelled, it leaves nothing; after a failure run it again: what was downloaded is kept."
            ),
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        self.add(
            choice("ACTION", tr("Action"), CHOICES, "report"),
            tr("'report' looks and changes nothing; 'create' makes the private environment anew, then reports."),
        )
        self.add(
            QgsProcessingParameterEnum("PYTORCH", tr("PyTorch"), [label_of(build) for build in BUILDS], defaultValue=0),
            tr("The build that 'create' installs (cpu or cuda). That for CPUs runs everywhere; a Mac uses its GPU."),
        )
        self.add(
            QgsProcessingParameterFile(
                "WHEELS", tr("Folder of wheels"), QgsProcessingParameterFile.Behavior.Folder, optional=True
            ),
            tr(
                "Without network: a folder filled elsewhere, on a computer of the same kind, with 'pip download "
                "--no-deps -r requirements-worker.txt -r requirements-cuda.txt' (the files lie in the plugin's folder)."
            ),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFileDestination("REPORT", tr("Report"), "HTML files (*.html)"),
            tr("Versions, devices, weights, what is missing, and the log of the set-up: paste it into a bug report."),
        )
        self.addOutput(QgsProcessingOutputBoolean("READY", tr("Whether the engine runs")))
        self.addOutput(QgsProcessingOutputString("PYTHON", tr("Python of the engine")))
        self.addOutput(QgsProcessingOutputString("DEVICE", tr("Device it uses, and why")))

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        numbered = with_choice_numbers(parameters, CHOICES)
        try:
            self._check(numbered, context)
        except (EngineError, InputProblem) as problem:
            return False, str(problem)
        return super().checkParameterValues(numbered, context)

    def _check(self, parameters: dict[str, Any], context: QgsProcessingContext) -> SetupChoices | None:
        """Returns what to make, or None where nothing is; raises InputProblem or EngineError."""
        check_choices(parameters, CHOICES)
        if self.parameterAsEnum(parameters, "ACTION", context) == 0:
            return None
        wheels = self.parameterAsString(parameters, "WHEELS", context)
        build = BUILDS[self.parameterAsEnum(parameters, "PYTORCH", context)]
        folder = Path(wheels) if is_given(wheels) else None
        offline_arguments(folder)
        torch_index(build, sys.platform)
        return SetupChoices(build, folder, proxy_variables())

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        try:
            self._choices = self._check(with_choice_numbers(parameters, CHOICES), context)
        except (EngineError, InputProblem) as problem:
            raise run_error(str(problem)) from problem
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        progress = FeedbackProgress(feedback)
        try:
            if self._choices is not None:
                engine.stop_all()  # it may run in the environment that is replaced
                private_python.create(self._choices, progress, feedback.pushConsoleInfo)
            python, problem, facts = _state(progress)
        except EngineCancelled:
            return {}
        except EngineError as error:
            raise run_error(str(error)) from error
        path = self.parameterAsFileOutput(parameters, "REPORT", context)
        try:
            Path(path).write_text(render(python, problem, facts), encoding="utf-8")
        except OSError as error:
            raise run_error(
                tr("'{path}' could not be written: {reason}.").format(path=path, reason=error.strerror)
            ) from error
        if problem:
            feedback.pushWarning(problem)
        else:
            feedback.pushInfo(tr("The engine runs in {path}.").format(path=python.path))
        device = facts.get("device", {}).get("reason", "")
        feedback.pushInfo(device)
        return {
            "REPORT": path,
            "READY": not problem,
            "PYTHON": str(python.path) if python else "",
            "DEVICE": device,
        }


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
