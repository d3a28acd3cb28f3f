"""docs/algorithms.md: the Processing algorithms, asked of real QGIS: `python -m reference_pages.algorithms_page`.

A process of its own: QGIS and PyTorch are better not loaded together.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from html import unescape
from typing import Any

from .markdown import code, page, table

_INTRODUCTION = """
The algorithms of the provider `ltformer`, in the Processing Toolbox under *LTFormer > Co-registration*. They run in the
background, can be cancelled, and work in batches, in models and as `qgis_process run ID -- NAME=VALUE ...`. Choices are
given by name (`TRANSFORM=affine`) or by QGIS's number. Outputs are put in place whole or not at all. The model
`ltformer:align_bands_and_ndvi` shows how they combine.
"""
_KINDS = {
    "enum": "choice", "raster": "raster", "band": "band", "source": "vector layer", "vector": "vector layer",
    "multilayer": "several rasters", "string": "text", "number": "number", "boolean": "yes or no", "file": "file",
    "sink": "vector layer", "rasterDestination": "raster", "fileDestination": "file", "folderDestination": "folder",
    "outputNumber": "number", "outputString": "text", "outputBoolean": "yes or no",
}  # fmt: skip


def algorithms_page() -> str:
    """Returns the page; a QgsApplication must run."""
    from ltformer_qgis.provider import LTFormerProvider  # noqa: PLC0415 - needs QGIS

    provider = LTFormerProvider()
    provider.refreshAlgorithms()
    own = [algorithm for algorithm in provider.algorithms() if algorithm.name() != "align_bands_and_ndvi"]
    return page("Processing algorithms", _INTRODUCTION, *map(_section, own))


def _section(algorithm: Any) -> str:
    definitions = algorithm.parameterDefinitions()
    inputs = [_parameter(one) for one in definitions if not one.isDestination()]
    destinations = {one.name(): one for one in definitions if one.isDestination()}
    outputs = [_output(one, destinations.get(one.name())) for one in algorithm.outputDefinitions()]
    return "\n\n".join(
        [
            f"## {algorithm.displayName()}",
            code(algorithm.id()),
            *_paragraphs(algorithm.shortHelpString()),
            table(["input", "kind", "default", "meaning"], inputs),
            table(["output", "kind", "", "meaning"], outputs),
        ]
    )


def _paragraphs(help_page: str) -> list[str]:
    """Returns the paragraphs of an algorithm's help that stand before those of its parameters."""
    before = help_page.split("<h3>", maxsplit=1)[0]
    texts = [unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in re.findall(r"<p>(.*?)</p>", before, re.DOTALL)]
    return [text for text in texts if text]


def _parameter(parameter: Any) -> list[str]:
    from qgis.core import QgsProcessingParameterDefinition as Definition  # noqa: PLC0415 - needs QGIS

    kind, default = _KINDS[parameter.type()], parameter.defaultValue()
    if kind == "choice":
        options = parameter.options()
        kind, default = " ".join(map(code, options)), options[default] if default is not None else None
    optional = bool(parameter.flags() & Definition.FlagOptional)
    advanced = bool(parameter.flags() & Definition.FlagAdvanced)
    marks = [word for word, holds in (("optional", optional), ("advanced", advanced)) if holds]
    name = code(parameter.name()) + (f" ({', '.join(marks)})" if marks else "")
    return [name, kind, "" if default is None else code(str(default)), _meaning(parameter)]


def _output(output: Any, destination: Any) -> list[str]:
    kind = _KINDS[destination.type() if destination else output.type()]
    if destination is None:
        return [code(output.name()), kind, "", output.description()]
    made = "" if destination.createByDefault() else "only if asked for"
    return [code(output.name()), kind, made, _meaning(destination)]


def _meaning(parameter: Any) -> str:
    return f"*{parameter.description()}.* {unescape(re.sub(r'<[^>]+>', '', parameter.help()))}"


def main() -> None:
    """Prints the page."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication  # noqa: PLC0415 - reads the variable above

    with tempfile.TemporaryDirectory() as profile:
        application = QgsApplication([], False, profile)
        application.initQgis()
        sys.stdout.buffer.write(algorithms_page().encode())
        sys.stdout.flush()
        os._exit(0)  # QGIS's own end may crash over what Python still holds


if __name__ == "__main__":
    main()
