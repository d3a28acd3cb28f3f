"""The parameters and outputs of `ltformer:match`; their names are a contract with users' models and scripts."""

from __future__ import annotations

import threading
from typing import Any

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBand,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProject,
    QgsRasterLayer,
)

from ..compat import NUMBER_INTEGER, VECTOR_POINT, VECTOR_POLYGON
from ..texts import marked, tr
from .base import LTFormerAlgorithm, choice

CHOICES = {
    "TRANSFORM": ("auto", "shift", "similarity", "affine", "projective", "poly2", "poly3", "tps"),
    "DESCRIPTOR": ("ltformer", "rootsift"),
    "BACKEND": ("auto", "torch", "onnx", "openvino"),
    "RESAMPLING": ("nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average"),
    "MIN_VERDICT": ("pass", "warn", "fail"),
}
NUMBERS = {
    "RMSE_PX": marked("RMSE of the fit (pixels)"),
    "RMSE_MAP": marked("RMSE of the fit (map units)"),
    "CE90_PX": marked("Circular error, 90 % (pixels)"),
    "HELDOUT_RMSE_PX": marked("RMSE at points left out of the fit (pixels)"),
    "INLIERS": marked("Tie points the fit rests on"),
    "COVERAGE": marked("Share of the overlap with tie points (0 to 1)"),
}


def add_rasters(algorithm: LTFormerAlgorithm) -> None:
    """Adds the two rasters and their bands."""
    algorithm.add(
        QgsProcessingParameterRasterLayer("REFERENCE", tr("Reference raster")),
        tr("The raster that stays where it is, usually the visible one. Any size, type and CRS, also without one."),
    )
    algorithm.add(
        QgsProcessingParameterBand("REFERENCE_BAND", tr("Reference band"), None, "REFERENCE", optional=True),
        tr(
            "Band to match. Not set: the luminance of the visible bands where the raster has three bands or more, "
            "else band 1. 0 asks for the luminance by name."
        ),
    )
    algorithm.add(
        QgsProcessingParameterRasterLayer("SENSED", tr("Sensed raster")),
        tr("The raster to align, usually the near-infrared one. It may have another CRS, pixel size or orientation."),
    )
    algorithm.add(
        # Optional, as QGIS knows no other way to make a band's default count in qgis_process.
        QgsProcessingParameterBand("SENSED_BAND", tr("Sensed band"), 1, "SENSED", optional=True),
        tr(
            "Band to match (not set: band 1); the warped raster has all bands. 0 asks for the luminance of the "
            "visible bands."
        ),
    )
    _offer_two_layers(algorithm)


def _offer_two_layers(algorithm: LTFormerAlgorithm) -> None:
    """Lets the dialog begin with two rasters of the project; QGIS itself offers the first one twice."""
    if (
        threading.current_thread() is not threading.main_thread()
    ):  # a model makes its steps where layers are out of bounds
        return
    rasters = [layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsRasterLayer)]
    rasters.sort(key=lambda layer: layer.name().lower())
    if len(rasters) > 1:
        for name, layer in zip(("REFERENCE", "SENSED"), rasters):
            algorithm.parameterDefinition(name).setGuiDefaultValueOverride(layer.id())


def add_method(algorithm: LTFormerAlgorithm) -> None:
    """Adds how the rasters are matched."""
    algorithm.add(
        choice("TRANSFORM", tr("Transform"), CHOICES, "auto"),
        tr("Model of the transform. 'auto' takes the simplest one that explains tie points left out of the fit."),
    )
    algorithm.add(
        choice("DESCRIPTOR", tr("Descriptor"), CHOICES, "ltformer"),
        tr("'ltformer' is trained on pairs of visible and near-infrared images; 'rootsift' is the classical one."),
    )
    algorithm.add(
        QgsProcessingParameterString("MAX_OFFSET", tr("Largest offset"), "100"),
        tr(
            "The largest offset to expect: '64' for 64 pixels of the coarser image, '250m' for 250 metres. "
            "Without georeference the coarse search covers the whole image."
        ),
    )
    algorithm.add(
        QgsProcessingParameterFeatureSource("AOI", tr("Area of interest"), [VECTOR_POLYGON], optional=True),
        tr("Only what lies in these polygons, in any CRS, is matched."),
    )


def add_advanced_inputs(algorithm: LTFormerAlgorithm) -> None:
    """Adds what few users need."""

    def add(parameter: Any, text: str) -> None:
        algorithm.add(parameter, text, advanced=True)

    add(
        QgsProcessingParameterString("WEIGHTS", tr("Weights"), "ltformer-d128"),
        tr("Name of weights that came with the plugin, or a .safetensors file with its card beside it."),
    )
    add(
        QgsProcessingParameterString("DEVICE", tr("Device"), "auto"),
        tr("'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'. 'auto' takes a GPU that works, else the CPU."),
    )
    add(choice("BACKEND", tr("Backend"), CHOICES, "auto"), tr("Software that runs the network."))
    add(
        QgsProcessingParameterNumber("MAX_TIE_POINTS", tr("Most tie points"), NUMBER_INTEGER, 2000, False, 10, 100000),
        tr("At most so many tie points are kept, spread evenly."),
    )
    add(
        QgsProcessingParameterNumber("SEED", tr("Seed"), NUMBER_INTEGER, 0, False, 0, 2**31 - 1),
        tr("Start of the random numbers of the robust fit: the same seed gives the same result."),
    )


def add_warping(algorithm: LTFormerAlgorithm) -> None:
    """Adds how the sensed raster is warped, and when."""
    algorithm.add(
        choice("RESAMPLING", tr("Resampling"), CHOICES, "cubic"),
        tr("How pixels of the warped raster are interpolated."),
        advanced=True,
    )
    algorithm.add(
        choice("MIN_VERDICT", tr("Lowest verdict for a warped raster"), CHOICES, "warn"),
        tr("Below this verdict no warped raster is written, and a run that asked for one ends with an error."),
        advanced=True,
    )


def add_outputs(algorithm: LTFormerAlgorithm) -> None:
    """Adds what comes out."""
    algorithm.add(
        QgsProcessingParameterFeatureSink(
            "TIE_POINTS", tr("Tie points"), VECTOR_POINT, optional=True, createByDefault=True
        ),
        tr("One point a pair, in the CRS of the reference, with its position in both images and its residuals."),
    )
    algorithm.add(
        QgsProcessingParameterRasterDestination("WARPED", tr("Warped raster"), optional=True, createByDefault=True),
        tr("The sensed raster on the grid of the reference: GeoTIFF with all bands, its data type and its nodata."),
    )
    for name, label, pattern, default, text in (
        (
            "POINTS_FILE",
            tr("GCP file"),
            "QGIS Georeferencer points (*.points)",
            True,
            tr("GCPs of the sensed raster for the Georeferencer."),
        ),
        ("REPORT", tr("Report"), "HTML files (*.html)", True, tr("Numbers and pictures to judge the result by.")),
        (
            "RECORD",
            tr("Record"),
            "JSON files (*.json)",
            False,
            tr("Inputs, settings, versions and counts, to replay and to prove the run."),
        ),
    ):
        algorithm.add(
            QgsProcessingParameterFileDestination(name, label, pattern, optional=True, createByDefault=default), text
        )
    for name, label in NUMBERS.items():
        algorithm.addOutput(QgsProcessingOutputNumber(name, tr(label)))
    algorithm.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict: PASS, WARN or FAIL")))
    algorithm.addOutput(QgsProcessingOutputString("MODEL", tr("Model of the transform")))
