"""`ltformer:assess`: measures how far two georeferenced rasters are apart; nothing is corrected."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
)

from ..compat import VECTOR_LINE, WKB_LINE
from ..layers import InputProblem, RasterInput
from ..point_layers import OFFSET_FIELDS, copy_features, fields_of
from ..result_layers import on_loading
from ..texts import marked, tr
from . import match_parameters
from .match_inputs import MatchInputs
from .pair_algorithm import PairAlgorithm
from .run_error import run_error

# Output -> (label, how it is found in the statistics of the engine's answer).
_STATISTICS = {
    "MEAN_X_PX": (marked("Mean offset in x (pixels)"), ("px", "mean", 0)),
    "MEAN_Y_PX": (marked("Mean offset in y, downwards (pixels)"), ("px", "mean", 1)),
    "RMSE_PX": (marked("Root mean square of the offsets (pixels)"), ("px", "rmse")),
    "MEDIAN_PX": (marked("Median length of the offsets (pixels)"), ("px", "median_length")),
    "CE90_PX": (marked("90 % of the offsets are shorter (pixels)"), ("px", "ce90")),
    "CE95_PX": (marked("95 % of the offsets are shorter (pixels)"), ("px", "ce95")),
    "MEAN_X_MAP": (marked("Mean offset in x (map units)"), ("map", "mean", 0)),
    "MEAN_Y_MAP": (marked("Mean offset in y, upwards (map units)"), ("map", "mean", 1)),
    "RMSE_MAP": (marked("Root mean square of the offsets (map units)"), ("map", "rmse")),
    "CE90_MAP": (marked("90 % of the offsets are shorter (map units)"), ("map", "ce90")),
}


class AssessPair(PairAlgorithm):
    """A measurement: offset vectors, report, statistics, and the verdict on the measurement."""

    METHOD = "assess"
    FILES: ClassVar = {"REPORT": "report", "RECORD": "record"}

    def name(self) -> str:
        return "assess"

    def displayName(self) -> str:
        return tr("Assess co-registration")

    def tags(self) -> list[str]:
        return tr("coregistration,accuracy,misregistration,offset,shift,assess,CE90,RMSE,LTFormer").split(",")

    def shortDescription(self) -> str:
        return tr("Measures how far two georeferenced rasters are apart, where, and in which direction.")

    def shortHelpString(self) -> str:
        return self.help_page(
            tr(
                "Compares two rasters as their georeference places them, and changes nothing. An offset vector leads "
                "from where the reference shows something to where the sensed one shows it; arrows are drawn enlarged."
            ),
            tr(
                "The verdict is on the measurement: PASS means that the numbers can be trusted, not that the offsets "
                "are small. Both rasters need a geotransform and a CRS."
            ),
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        match_parameters.add_rasters(self)
        match_parameters.add_method(self)
        match_parameters.add_advanced_inputs(self)
        self.add(
            QgsProcessingParameterFeatureSink(
                "OFFSETS", tr("Offset vectors"), VECTOR_LINE, optional=True, createByDefault=True
            ),
            tr("One line a tie point, in the CRS of the reference, at its true length, with its offset in both units."),
        )
        for name, label, pattern, default, text in (
            ("REPORT", tr("Report"), "HTML files (*.html)", True, tr("Statistics, map and histogram of the offsets.")),
            ("RECORD", tr("Record"), "JSON files (*.json)", False, tr("Inputs, settings, versions and all numbers.")),
        ):
            self.add(
                QgsProcessingParameterFileDestination(name, label, pattern, optional=True, createByDefault=default),
                text,
            )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of offsets")))
        for name, (label, _) in _STATISTICS.items():
            self.addOutput(QgsProcessingOutputNumber(name, tr(label)))
        self.addOutput(QgsProcessingOutputNumber("NOISE_PX", tr("Error of the measurement (pixels)")))
        self.addOutput(QgsProcessingOutputNumber("COVERAGE", tr("Share of the overlap with offsets (0 to 1)")))
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict on the measurement: PASS, WARN or FAIL")))

    def _pair(self, inputs: MatchInputs) -> tuple[RasterInput, RasterInput]:
        pair = super()._pair(inputs)
        for raster in pair:
            if not raster.is_georeferenced:
                raise InputProblem(
                    tr(
                        "'{name}' has no georeference (geotransform and CRS), so no offset can be measured; match the "
                        "pair instead."
                    ).format(name=raster.name)
                )
        return pair

    def _fill_sinks(
        self, outputs: Mapping[str, Path], parameters: dict[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        if parameters.get("OFFSETS") is None or "offsets" not in outputs:
            return {}
        sink, layer_id = self.parameterAsSink(
            parameters, "OFFSETS", context, fields_of(OFFSET_FIELDS), WKB_LINE, self._reference.map_crs
        )
        if sink is None:
            raise run_error(self.invalidSinkError(parameters, "OFFSETS"))
        copy_features(outputs["offsets"], "vectors", sink, OFFSET_FIELDS)
        on_loading(context, layer_id, ("offset_vectors", self._group))
        return {"OFFSETS": layer_id}

    def _numbers(self, summary: dict[str, Any]) -> dict[str, Any]:
        numbers: dict[str, Any] = {
            "COUNT": 0,
            "NOISE_PX": summary.get("noise_px"),
            "COVERAGE": summary.get("coverage"),
            "VERDICT": summary["verdict"],
        }
        if summary.get("offsets"):
            numbers["COUNT"] = summary["offsets"]["count"]
            numbers.update({name: _found(summary["offsets"], path) for name, (_, path) in _STATISTICS.items()})
        return numbers


def _found(values: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        values = values[step]
    return values
