"""`ltformer:warp`: applies one solution to any rasters of the same frame, all bands."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingMultiStepFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterDestination,
)

from .. import engine
from ..compat import RASTER
from ..delivery import Delivery
from ..errors import EngineCancelled, EngineError
from ..feedback import FeedbackProgress
from ..layers import InputProblem, RasterInput
from ..result_layers import group_name, load_raster, on_loading
from ..texts import tr
from .base import LTFormerAlgorithm, check_choices, choice, new_folder, with_choice_numbers
from .match_parameters import CHOICES as MATCH_CHOICES
from .raster_inputs import rasters_of
from .run_error import run_error

CHOICES = {
    "TRANSFORM": ("auto", "similarity", "affine", "projective", "poly2", "poly3", "tps"),
    "RESAMPLING": MATCH_CHOICES["RESAMPLING"],
    "GRID": ("reference", "sensed"),
}
SOLUTION_ENDINGS = (".json", ".gpkg", ".points")


class WarpRasters(LTFormerAlgorithm):
    """Asks the engine for one warped raster after the other, then delivers all of them."""

    def __init__(self) -> None:
        super().__init__()
        self._rasters: list[RasterInput] = []
        self._folder = Path()

    def name(self) -> str:
        return "warp"

    def displayName(self) -> str:
        return tr("Warp rasters with a solution")

    def tags(self) -> list[str]:
        return tr("coregistration,warp,align,bands,GCP,apply,solution,LTFormer").split(",")

    def shortDescription(self) -> str:
        return tr("Applies the transform of one registration to other rasters of the same frame, with all bands.")

    def shortHelpString(self) -> str:
        return self.help_page(
            tr(
                "One registration serves every raster with the same pixels as its sensed raster: other bands of the "
                "same camera, masks, classifications. Band types, nodata, names and colour tables are kept."
            ),
            tr("A raster of another size than the one that was registered is refused."),
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        self.add(
            QgsProcessingParameterMultipleLayers("SENSED", tr("Rasters to warp"), RASTER),
            tr("One or more rasters with the same columns and rows as the sensed raster of the registration."),
        )
        self.add(
            QgsProcessingParameterFile(
                "SOLUTION", tr("Solution"), fileFilter=tr("Solutions (*.json *.gpkg *.points);;All files (*.*)")
            ),
            tr("The record.json of a registration, its tie points as GeoPackage, or a .points file."),
        )
        self.add(
            choice("TRANSFORM", tr("Transform"), CHOICES, "auto"),
            tr(
                "Model fitted to tie points or GCPs; 'auto' takes the richest of similarity, affine and projective "
                "that their number allows. A record brings its own: leave it at 'auto' then."
            ),
        )
        self.add(choice("RESAMPLING", tr("Resampling"), CHOICES, "cubic"), tr("How pixels are interpolated."))
        self.add(
            choice("GRID", tr("Grid"), CHOICES, "reference"),
            tr(
                "'reference': pixels, extent and CRS of the reference, so that rasters lie pixel on pixel. 'sensed': "
                "the whole footprint of the raster with its own pixel size."
            ),
        )
        self._add_outputs()

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterBoolean("LOAD", tr("Add the rasters in the folder to the project"), True),
            tr("Only for rasters that go to the folder."),
        )
        self.add(
            QgsProcessingParameterFolderDestination(
                "FOLDER", tr("Folder for the warped rasters"), optional=True, createByDefault=True
            ),
            tr("Gets one GeoTIFF a raster, NAME_warped.tif. Not used where 'Warped raster' is set."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                "WARPED", tr("Warped raster"), optional=True, createByDefault=False
            ),
            tr("The GeoTIFF of a single raster, for models and scripts; for several rasters choose the folder."),
        )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of rasters warped")))

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        numbered = with_choice_numbers(parameters, CHOICES)
        try:
            self._check(numbered, context)
        except InputProblem as problem:
            return False, str(problem)
        return super().checkParameterValues(numbered, context)

    def _check(self, parameters: dict[str, Any], context: QgsProcessingContext) -> list[RasterInput]:
        """Returns the rasters to warp; raises InputProblem."""
        check_choices(parameters, CHOICES)
        rasters = rasters_of(self, parameters, "SENSED", context)
        solution = self.parameterAsFile(parameters, "SOLUTION", context)
        if not solution:
            raise InputProblem(tr("No solution was given."))
        if not Path(solution).is_file():
            raise InputProblem(tr("The solution '{path}' does not exist.").format(path=solution))
        if not solution.lower().endswith(SOLUTION_ENDINGS):
            raise InputProblem(
                tr("'{path}' is no solution: choose a record.json, tie points (.gpkg) or a .points file.").format(
                    path=solution
                )
            )
        wants_raster, wants_folder = (parameters.get(name) not in (None, "") for name in ("WARPED", "FOLDER"))
        if wants_raster and len(rasters) > 1:
            raise InputProblem(
                tr("{count} rasters do not fit into one: leave 'Warped raster' empty and choose a folder.").format(
                    count=len(rasters)
                )
            )
        if not (wants_raster or wants_folder):
            raise InputProblem(tr("Choose a folder for the warped rasters."))
        warped = parameters.get("WARPED")
        if isinstance(warped, str) and "." in warped and not warped.lower().endswith((".tif", ".tiff")):
            raise InputProblem(
                tr("The warped raster '{path}' must be a GeoTIFF: let its name end in .tif.").format(path=warped)
            )
        return rasters

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        try:
            self._rasters = self._check(with_choice_numbers(parameters, CHOICES), context)
        except InputProblem as problem:
            raise run_error(str(problem)) from problem
        self._folder = new_folder()
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        numbered = with_choice_numbers(parameters, CHOICES)
        warped = self.parameterAsOutputLayer(numbered, "WARPED", context) if parameters.get("WARPED") else ""
        folder = "" if warped else self.parameterAsString(numbered, "FOLDER", context)
        targets = [Path(warped)] if warped else _targets(Path(folder), self._rasters)
        try:
            self._warp(numbered, context, targets, feedback)
        except EngineCancelled:
            return {}
        except EngineError as error:
            raise run_error(str(error)) from error
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return self._results(targets, folder, self.parameterAsBool(parameters, "LOAD", context), context)

    def _warp(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        targets: list[Path],
        feedback: QgsProcessingFeedback,
    ) -> None:
        """Lets the engine warp every raster, then brings all of them to their places or none.

        Raises:
            EngineCancelled: the user cancelled.
            EngineError: a raster could not be warped or written.
        """
        inputs = {Path(raster.path).resolve() for raster in self._rasters}
        taken = next((target for target in targets if target.resolve() in inputs), None)
        if taken is not None:
            raise EngineError(tr("The input '{path}' would be overwritten.").format(path=taken))
        words = {name: names[self.parameterAsEnum(parameters, name, context)] for name, names in CHOICES.items()}
        solution = self.parameterAsFile(parameters, "SOLUTION", context)
        steps = QgsProcessingMultiStepFeedback(len(targets), feedback)
        made = {}
        for number, raster in enumerate(self._rasters):
            steps.setCurrentStep(number)
            for warning in raster.warnings():
                feedback.pushWarning(warning)
            feedback.pushInfo(tr("Warping '{name}'").format(name=raster.name))
            job = {
                "sensed": raster.path,
                "solution": str(Path(solution).absolute()),
                "out_path": str(self._folder / f"{number}.tif"),
                "model": None if words["TRANSFORM"] == "auto" else words["TRANSFORM"],
                "resampling": words["RESAMPLING"],
                "grid": words["GRID"],
            }
            made[Path(engine.run("warp", job, FeedbackProgress(steps))["outputs"]["warped"])] = targets[number]
        delivery = Delivery(made)
        delivery.stage()
        delivery.commit()

    def _results(self, targets: list[Path], folder: str, load: bool, context: QgsProcessingContext) -> dict[str, Any]:
        group = group_name(self._rasters[0].name)
        if not folder:
            on_loading(context, str(targets[0]), ("", group))
            return {"WARPED": str(targets[0]), "COUNT": 1}
        for target in targets if load else ():
            load_raster(context, target, group)
        return {"FOLDER": folder, "COUNT": len(targets)}


def _targets(folder: Path, rasters: list[RasterInput]) -> list[Path]:
    """Returns a file for each raster; rasters of one name get numbers."""
    found: list[Path] = []
    for raster in rasters:
        stem = Path(raster.name).stem
        names = (
            f"{stem}_warped{number}.tif" for number in ("", *(f"_{count}" for count in range(2, len(rasters) + 2)))
        )
        found.append(next(folder / name for name in names if folder / name not in found))
    return found
