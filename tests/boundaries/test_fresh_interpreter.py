"""What a fresh interpreter loads for the plugin and for the library, and how long that takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOAD_LIMIT_S = 0.3  # of processor time: a busy machine takes longer for reasons of its own
FORBIDDEN = ["torch", "cv2", "scipy", "pydantic", "shapely", "matplotlib", "safetensors", "ltcore"]

PLUGIN = """
import importlib.util, json, os, sys, time
import qgis.core, qgis.gui, qgis.utils
from osgeo import gdal
app = qgis.core.QgsApplication([], False)
before = set(sys.modules)
start = time.process_time()
root = {root!r}
spec = importlib.util.spec_from_file_location("ltformer", root + "/__init__.py", submodule_search_locations=[root])
package = importlib.util.module_from_spec(spec)
sys.modules["ltformer"] = package
spec.loader.exec_module(package)
plugin = package.classFactory(None)
plugin.initProcessing()
seconds = time.process_time() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before), sys.path]), flush=True)
os._exit(0)
"""


def run(code, folder="/"):
    variables = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=variables)
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def loads():
    """Three loads of the plugin in fresh interpreters."""
    pytest.importorskip("qgis.core")
    return [run(PLUGIN.format(root=str(ROOT))) for _ in range(3)]


def test_the_plugin_loads_fast(loads):
    assert min(seconds for seconds, _, _ in loads) < LOAD_LIMIT_S


def test_the_plugin_loads_nothing_heavy(loads):
    loaded = {name.split(".")[0] for name in loads[0][1]}
    assert "ltformer" in loaded
    assert not loaded & set(FORBIDDEN)


def test_the_plugin_lives_under_its_own_name_and_leaves_the_path_alone(loads):
    _, modules, path = loads[0]
    assert "ltformer.ltformer_qgis.plugin" in modules
    assert "ltformer_qgis" not in modules
    assert str(ROOT) not in path


def test_the_library_itself_loads_nothing_heavy():
    code = "import json, sys, ltcore, ltcore.errors, ltcore.progress; print(json.dumps(sorted(sys.modules)))"
    loaded = run(code, ROOT)
    assert not {"torch", "cv2", "numpy", "osgeo", "pydantic", "qgis"} & set(loaded)


def test_what_the_plugin_takes_of_the_library_needs_numpy_alone():
    code = "import json, sys, ltformer_qgis.core; print(json.dumps(sorted(sys.modules)))"
    loaded = run(code, ROOT)
    assert not {"torch", "cv2", "scipy", "pydantic", "shapely", "safetensors", "osgeo", "qgis"} & set(loaded)
    ours = {name for name in loaded if name.startswith("ltcore.") and not name.startswith("ltcore.geometry")}
    names = "arrays", "coverage", "errors", "json_files", "neighbourhoods", "quality", "result", "types", "uncertainty"
    assert ours == {f"ltcore.{name}" for name in names}
