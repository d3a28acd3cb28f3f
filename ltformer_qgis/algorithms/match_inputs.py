"""Reads the parameters of one run of `ltformer:match`, checks them, and states them as ltcore's job."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext

from .. import settings
from ..layers import LUMINANCE, InputProblem, RasterInput, check_band, check_pair
from ..texts import tr
from .base import LTFormerAlgorithm, as_text, check_choices, with_choice_numbers
from .match_parameters import CHOICES
from .raster_inputs import raster_of

_MAX_OFFSET = re.compile(r"\d+(\.\d+)?m?")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


class MatchInputs:
    """Reads the parameters of one run; for the main thread.

    Raises:
        InputProblem: from every method, with the sentence for the user.
    """

    def __init__(self, algorithm: LTFormerAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> None:
        self._algorithm, self._context = algorithm, context
        self._parameters = with_choice_numbers(parameters, CHOICES)

    def pair(self) -> tuple[RasterInput, RasterInput]:
        """Returns both rasters, with their bands checked and, where both are georeferenced, their overlap."""
        reference, sensed = (
            raster_of(self._algorithm, self._parameters, name, self._context) for name in ("REFERENCE", "SENSED")
        )
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
        check_choices(self._parameters, CHOICES)
        if not _MAX_OFFSET.fullmatch(self._text("MAX_OFFSET")):
            raise InputProblem(
                tr("The largest offset '{value}' is neither pixels like '64' nor metres like '250m'.").format(
                    value=self._text("MAX_OFFSET")
                )
            )
        if not _DEVICE.fullmatch(self._text("DEVICE")):
            raise InputProblem(
                tr("The device '{value}' is none of 'auto', 'cpu', 'cuda', 'cuda:1', 'mps'.").format(
                    value=self._text("DEVICE")
                )
            )
        warped = self._parameters.get("WARPED")
        if isinstance(warped, str) and "." in warped and not warped.lower().endswith((".tif", ".tiff")):
            raise InputProblem(
                tr("The warped raster '{path}' must be a GeoTIFF: let its name end in .tif.").format(path=warped)
            )
        if (
            self._parameters.get("AOI") not in (None, "")
            and self._algorithm.parameterAsSource(self._parameters, "AOI", self._context) is None
        ):
            raise InputProblem(
                tr("The area of interest '{value}' is no vector layer that can be opened.").format(
                    value=as_text(self._parameters["AOI"])
                )
            )

    def config(self) -> dict[str, Any]:
        """Returns the settings as ltcore's RegistrationConfig in JSON, but for which files are wanted."""
        return {
            "features": {
                "descriptor": self._choice("DESCRIPTOR"),
                "weights": self._weights(),
                "device": _or_setting(self._text("DEVICE"), settings.device()),
                "backend": _or_setting(self._choice("BACKEND"), settings.backend()),
            },
            "match": {"max_offset": self._text("MAX_OFFSET")},
            "fit": {
                "transform": self._choice("TRANSFORM"),
                "max_tie_points": self._int("MAX_TIE_POINTS"),
                "seed": self._int("SEED"),
            },
            "output": self._warping() if self._algorithm.parameterDefinition("RESAMPLING") else {},
        }

    def _warping(self) -> dict[str, Any]:
        return {
            "resampling": self._choice("RESAMPLING"),
            "min_verdict": self._choice("MIN_VERDICT").upper(),
        }

    def _text(self, name: str) -> str:
        given = self._algorithm.parameterAsString(self._parameters, name, self._context).strip()
        return given or str(self._algorithm.parameterDefinition(name).defaultValue())

    def _weights(self) -> str:
        """Returns the weights' name, or the file's absolute path: the engine runs in another folder."""
        given = self._text("WEIGHTS")
        if given.endswith(".safetensors"):
            return str(Path(given).absolute())
        own = Path(settings.weights_folder()) / f"{given}.safetensors"
        return str(own.absolute()) if settings.weights_folder() and own.is_file() else given

    def _int(self, name: str) -> int:
        return self._algorithm.parameterAsInt(self._parameters, name, self._context)

    def _choice(self, name: str) -> str:
        return CHOICES[name][self._algorithm.parameterAsEnum(self._parameters, name, self._context)]


def _or_setting(given: str, setting: str) -> str:
    """Returns what was asked for; 'auto' is what the options say."""
    return setting if given == "auto" else given
