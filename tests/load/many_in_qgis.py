"""many_in_qgis.py FOLDER RUNS KIND...: runs ltformer:match so often in one QGIS process; a line of JSON a run.

{"kind": pair, "came": numbers or {"error": text}, "files": {name: digest}, "usage": {...}, "decimal": C's decimal sign}
"""

from __future__ import annotations

import json
import locale
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.append("/usr/share/qgis/python/plugins")  # where QGIS keeps Processing

import processing
from processing.core.Processing import Processing
from qgis.core import QgsApplication, QgsProcessingException, QgsProcessingFeedback

from ltformer_qgis import engine
from ltformer_qgis.provider import LTFormerProvider
from tests.load.pairs import digests, small_pairs
from tests.load.usage import usage_of

FILES = {"TIE_POINTS": "tie_points.gpkg", "POINTS_FILE": "gcps.points", "WARPED": "warped.tif"}


def run(pair: tuple[Path, Path], out: Path, descriptor: str) -> dict[str, Any]:
    """Returns what one run of the algorithm came to."""
    rasters = {"REFERENCE": str(pair[0]), "SENSED": str(pair[1])}
    wanted = {name: str(out / file) for name, file in FILES.items()}
    how = {"DESCRIPTOR": descriptor, "DEVICE": "cpu"}
    try:
        results = processing.run("ltformer:match", {**rasters, **how, **wanted}, feedback=QgsProcessingFeedback(False))
    except QgsProcessingException as error:
        return {"error": str(error)}
    return {key: value for key, value in results.items() if key not in FILES}


def told(kind: str, pair: tuple[Path, Path], out: Path) -> dict[str, Any]:
    """Returns the line of one run."""
    locale.setlocale(locale.LC_NUMERIC, "")  # Qt does so when it starts, and others take it back
    decimal = locale.localeconv()["decimal_point"]
    out.mkdir()
    came = run(pair, out, "ltformer" if kind == "plain" else "rootsift")
    files = digests(out)
    shutil.rmtree(out)
    return {"kind": kind, "came": came, "files": files, "usage": asdict(usage_of(os.getpid())), "decimal": decimal}


def main() -> None:
    """Runs the kinds in turn."""
    folder, runs, kinds = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    application = QgsApplication([], False)
    application.initQgis()
    Processing.initialize()
    provider = LTFormerProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    pairs = small_pairs(folder)
    for number in range(runs):
        kind = kinds[number % len(kinds)]
        print(json.dumps(told(kind, pairs[kind], folder / "out")), flush=True)
    engine.stop_all()
    QgsApplication.processingRegistry().removeProvider(provider)
    application.exitQgis()


if __name__ == "__main__":
    main()
