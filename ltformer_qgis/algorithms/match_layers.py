"""`ltformer:match`: finds tie points between two rasters and aligns one to the other."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ..compat import WKB_POINT
from ..point_layers import TIE_POINT_FIELDS, copy_features, fields_of
from ..result_layers import on_loading
from ..texts import tr
from . import match_parameters
from .match_parameters import NUMBERS
from .pair_algorithm import PairAlgorithm
from .run_error import run_error


class MatchLayers(PairAlgorithm):
    """A registration: tie points, GCPs, warped raster, report, record, and the verdict on them."""

    METHOD = "register"
    FILES: ClassVar = {"WARPED": "warped", "POINTS_FILE": "points_file", "REPORT": "report", "RECORD": "record"}

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
        match_parameters.add_rasters(self)
        match_parameters.add_method(self)
        match_parameters.add_advanced_inputs(self)
        match_parameters.add_warping(self)
        match_parameters.add_outputs(self)

    def _fill_sinks(
        self, outputs: Mapping[str, Path], parameters: dict[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        if parameters.get("TIE_POINTS") is None or "tie_points" not in outputs:
            return {}
        crs, fields = self._reference.map_crs, fields_of(TIE_POINT_FIELDS)
        sink, layer_id = self.parameterAsSink(parameters, "TIE_POINTS", context, fields, WKB_POINT, crs)
        if sink is None:
            raise run_error(self.invalidSinkError(parameters, "TIE_POINTS"))
        copy_features(outputs["tie_points"], "tie_points", sink, TIE_POINT_FIELDS)
        on_loading(context, layer_id, ("tie_points", self._group), crs.isValid())
        return {"TIE_POINTS": layer_id}

    def _numbers(self, summary: dict[str, Any]) -> dict[str, Any]:
        numbers = {name: summary.get(name.lower()) for name in NUMBERS}
        return {**numbers, "VERDICT": summary["verdict"], "MODEL": (summary.get("transform") or {}).get("model")}

    def _judge(self, summary: dict[str, Any], results: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        """Says the verdict; ends the run with an error where a warped raster was asked for and is not there."""
        super()._judge(summary, results, feedback)
        if not self._job["config"]["output"]["warp"] or "WARPED" in results:
            return
        kept = [results[name] for name in ("TIE_POINTS", "POINTS_FILE", "REPORT", "RECORD") if name in results]
        raise run_error(
            tr("No warped raster was written, as the verdict {verdict} is below {limit}: {reasons} {kept}").format(
                verdict=summary["verdict"],
                limit=self._job["config"]["output"]["min_verdict"],
                reasons=" ".join(summary.get("reasons") or []),
                kept=tr("Kept for review: {paths}.").format(paths=", ".join(kept)) if kept else "",
            )
        )
