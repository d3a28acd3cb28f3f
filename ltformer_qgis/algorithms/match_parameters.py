"""The parameters of `ltformer:match`: their definition, and the job they describe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBand,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProperty,
)

from ..compat import NUMBER_INTEGER, VECTOR_POINT, VECTOR_POLYGON
from ..layers import LUMINANCE, InputProblem, RasterInput, check_band, check_pair, raster_input
from ..texts import tr
from .base import LTFormerAlgorithm

CHOICES = {
    "TRANSFORM": ("auto", "shift", "similarity", "affine", "projective"),
    "DESCRIPTOR": ("ltformer", "rootsift"),
    "BACKEND": ("auto", "torch"),
    "RESAMPLING": ("nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average"),
    "MIN_VERDICT": ("pass", "warn", "fail"),
}
NUMBERS = {
    "RMSE_PX": "RMSE of the fit (pixels)",
    "RMSE_MAP": "RMSE of the fit (map units)",
    "CE90_PX": "Circular error, 90 % (pixels)",
    "HELDOUT_RMSE_PX": "RMSE at points left out of the fit (pixels)",
    "INLIERS": "Tie points the fit rests on",
    "COVERAGE": "Share of the overlap with tie points (0 to 1)",
}
_MAX_OFFSET = re.compile(r"\d+(\.\d+)?m?")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


def add_inputs(algorithm: LTFormerAlgorithm) -> None:
    """Adds what every user sets."""
    algorithm.add(
        QgsProcessingParameterRasterLayer("REFERENCE", tr("Reference raster")),
        tr("The raster that stays where it is, usually the visible one. Any size, type and CRS, also without one."))
    algorithm.add(
        QgsProcessingParameterBand("REFERENCE_BAND", tr("Reference band"), None, "REFERENCE", optional=True),
        tr("Band to match. Not set: the luminance of the visible bands where the raster has three bands or more, "
           "else band 1. 0 asks for the luminance by name."))
    algorithm.add(
        QgsProcessingParameterRasterLayer("SENSED", tr("Sensed raster")),
        tr("The raster to align, usually the near-infrared one. It may have another CRS, pixel size or orientation."))
    algorithm.add(
        # Optional, as QGIS knows no other way to make a band's default count in qgis_process.
        QgsProcessingParameterBand("SENSED_BAND", tr("Sensed band"), 1, "SENSED", optional=True),
        tr("Band to match (not set: band 1); the warped raster has all bands. 0 asks for the luminance of the "
           "visible bands."))
    algorithm.add(
        _choice("TRANSFORM", tr("Transform"), "auto"),
        tr("Model of the transform. 'auto' takes the simplest one that explains tie points left out of the fit."))
    algorithm.add(
        _choice("DESCRIPTOR", tr("Descriptor"), "ltformer"),
        tr("'ltformer' is trained on pairs of visible and near-infrared images; 'rootsift' is the classical one."))
    algorithm.add(
        QgsProcessingParameterString("MAX_OFFSET", tr("Largest offset"), "100"),
        tr("The largest offset to expect: '64' for 64 pixels of the coarser image, '250m' for 250 metres. "
           "Without georeference the coarse search covers the whole image."))
    algorithm.add(
        QgsProcessingParameterFeatureSource("AOI", tr("Area of interest"), [VECTOR_POLYGON], optional=True),
        tr("Only what lies in these polygons, in any CRS, is matched."))


def add_advanced_inputs(algorithm: LTFormerAlgorithm) -> None:
    """Adds what few users need."""
    def add(parameter: Any, text: str) -> None:
        algorithm.add(parameter, text, advanced=True)

    add(QgsProcessingParameterString("WEIGHTS", tr("Weights"), "ltformer-d128"),
        tr("Name of weights that came with the plugin, or a .safetensors file with its card beside it."))
    add(QgsProcessingParameterString("DEVICE", tr("Device"), "auto"),
        tr("'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'. 'auto' takes a GPU that works, else the CPU."))
    add(_choice("BACKEND", tr("Backend"), "auto"), tr("Software that runs the network."))
    add(QgsProcessingParameterNumber("MAX_TIE_POINTS", tr("Most tie points"), NUMBER_INTEGER, 2000, False, 10, 100000),
        tr("At most so many tie points are kept, spread evenly."))
    add(QgsProcessingParameterNumber("SEED", tr("Seed"), NUMBER_INTEGER, 0, False, 0, 2**31 - 1),
        tr("Start of the random numbers of the robust fit: the same seed gives the same result."))
    add(_choice("RESAMPLING", tr("Resampling"), "cubic"), tr("How pixels of the warped raster are interpolated."))
    add(_choice("MIN_VERDICT", tr("Lowest verdict for a warped raster"), "warn"),
        tr("Below this verdict no warped raster is written, and a run that asked for one ends with an error."))


def add_outputs(algorithm: LTFormerAlgorithm) -> None:
    """Adds what comes out."""
    algorithm.add(
        QgsProcessingParameterFeatureSink(
            "TIE_POINTS", tr("Tie points"), VECTOR_POINT, optional=True, createByDefault=True),
        tr("One point a pair, in the CRS of the reference, with its position in both images and its residuals."))
    algorithm.add(
        QgsProcessingParameterRasterDestination("WARPED", tr("Warped raster"), optional=True, createByDefault=True),
        tr("The sensed raster on the grid of the reference: GeoTIFF with all bands, its data type and its nodata."))
    for name, label, pattern, default, text in (
        ("POINTS_FILE", tr("GCP file"), "QGIS Georeferencer points (*.points)", True,
         tr("GCPs of the sensed raster for the Georeferencer.")),
        ("REPORT", tr("Report"), "HTML files (*.html)", True, tr("Numbers and pictures to judge the result by.")),
        ("RECORD", tr("Record"), "JSON files (*.json)", False,
         tr("Inputs, settings, versions and counts, to replay and to prove the run.")),
    ):
        algorithm.add(
            QgsProcessingParameterFileDestination(name, label, pattern, optional=True, createByDefault=default), text)
    for name, label in NUMBERS.items():
        algorithm.addOutput(QgsProcessingOutputNumber(name, tr(label)))
    algorithm.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict: PASS, WARN or FAIL")))
    algorithm.addOutput(QgsProcessingOutputString("MODEL", tr("Model of the transform")))


def _choice(name: str, label: str, default: str) -> QgsProcessingParameterEnum:
    return QgsProcessingParameterEnum(name, label, list(CHOICES[name]), defaultValue=CHOICES[name].index(default))


def with_choice_numbers(parameters: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters with choices given by name ("affine") turned into QGIS's numbers."""
    return {
        name: CHOICES[name].index(value.lower())
        if isinstance(value, str) and value.lower() in CHOICES.get(name, ()) else value
        for name, value in parameters.items()
    }


def _as_text(value: Any) -> str:
    """Returns what the user gave, a text or a layer, for a message."""
    return value if isinstance(value, str) else getattr(value, "name", lambda: str(value))()


class MatchInputs:
    """Reads the parameters of one run; for the main thread.

    Raises:
        InputProblem: from every method, with the sentence for the user.
    """

    def __init__(
        self, algorithm: LTFormerAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm, self._context = algorithm, context
        self._parameters = with_choice_numbers(parameters)

    def pair(self) -> tuple[RasterInput, RasterInput]:
        """Returns both rasters, with their bands checked and, where both are georeferenced, their overlap."""
        reference, sensed = self._raster("REFERENCE"), self._raster("SENSED")
        bands = self.band("REFERENCE_BAND", reference), self.band("SENSED_BAND", sensed)
        check_band(reference, bands[0])
        check_band(sensed, bands[1])
        check_pair(reference, sensed, bands, self._context.transformContext())
        return reference, sensed

    def band(self, name: str, raster: RasterInput) -> int | str:
        """Returns the band to match: a 1-based number or "luminance"."""
        value = self._parameters.get(name)
        if value is None or str(value) in ("", "NULL"):
            return LUMINANCE if name == "REFERENCE_BAND" and raster.band_count >= 3 else 1
        number = self._algorithm.parameterAsInt(self._parameters, name, self._context)
        return LUMINANCE if number == 0 else number

    def check_settings(self) -> None:
        """Checks what QGIS would take for any text or refuse without a reason."""
        for name, names in CHOICES.items():
            value = self._parameters.get(name, 0)
            if not (isinstance(value, QgsProperty) or str(value) in map(str, range(len(names)))):
                raise InputProblem(tr("'{value}' is no choice for {name}; it is one of {names}.").format(
                    value=value, name=name, names=", ".join(names)))
        if not _MAX_OFFSET.fullmatch(self._text("MAX_OFFSET")):
            raise InputProblem(tr("The largest offset '{value}' is neither pixels like '64' nor metres like '250m'.")
                               .format(value=self._text("MAX_OFFSET")))
        if not _DEVICE.fullmatch(self._text("DEVICE")):
            raise InputProblem(tr("The device '{value}' is none of 'auto', 'cpu', 'cuda', 'cuda:1', 'mps'.")
                               .format(value=self._text("DEVICE")))
        warped = self._parameters.get("WARPED")
        if isinstance(warped, str) and "." in warped and not warped.lower().endswith((".tif", ".tiff")):
            raise InputProblem(tr("The warped raster '{path}' must be a GeoTIFF: let its name end in .tif.")
                               .format(path=warped))
        if self._parameters.get("AOI") not in (None, "") and self._algorithm.parameterAsSource(
                self._parameters, "AOI", self._context) is None:
            raise InputProblem(tr("The area of interest '{value}' is no vector layer that can be opened.").format(
                value=_as_text(self._parameters["AOI"])))

    def config(self, *, warp: bool, report: bool) -> dict[str, Any]:
        """Returns the settings as ltcore's RegistrationConfig in JSON."""
        return {
            "features": {
                "descriptor": self._choice("DESCRIPTOR"), "weights": self._text("WEIGHTS"),
                "device": self._text("DEVICE"), "backend": self._choice("BACKEND"),
            },
            "match": {"max_offset": self._text("MAX_OFFSET")},
            "fit": {
                "transform": self._choice("TRANSFORM"), "max_tie_points": self._int("MAX_TIE_POINTS"),
                "seed": self._int("SEED"),
            },
            "output": {
                "warp": warp, "report": report, "resampling": self._choice("RESAMPLING"),
                "min_verdict": self._choice("MIN_VERDICT").upper(),
            },
        }

    def _raster(self, name: str) -> RasterInput:
        layer = self._algorithm.parameterAsRasterLayer(self._parameters, name, self._context)
        if layer is None or not layer.isValid():
            raise InputProblem(self._no_raster(name))
        return raster_input(layer)

    def _no_raster(self, name: str) -> str:
        """Says why a parameter holds no raster."""
        label = self._algorithm.parameterDefinition(name).description()
        value: Any | None = self._parameters.get(name)
        text = _as_text(value)
        if value is None or text in ("", "NULL"):
            return tr("No {label} was given.").format(label=label.lower())
        vector = self._algorithm.parameterAsVectorLayer(self._parameters, name, self._context)
        if vector is not None and vector.isValid():
            return tr("The {label} '{value}' is a vector layer; choose a raster.").format(
                label=label.lower(), value=text)
        if isinstance(value, str) and not Path(text.split("|", maxsplit=1)[0]).exists() and ":" not in text[2:]:
            return tr("The {label} '{value}' does not exist.").format(label=label.lower(), value=text)
        return tr("The {label} '{value}' is no raster that GDAL can open.").format(label=label.lower(), value=text)

    def _text(self, name: str) -> str:
        return self._algorithm.parameterAsString(self._parameters, name, self._context).strip()

    def _int(self, name: str) -> int:
        return self._algorithm.parameterAsInt(self._parameters, name, self._context)

    def _choice(self, name: str) -> str:
        return CHOICES[name][self._algorithm.parameterAsEnum(self._parameters, name, self._context)]
