"""Who may import whom, read from the syntax trees; the rules are those of docs/ARCHITECTURE.md."""

from __future__ import annotations

import ast
import sys
from functools import cache

import pytest

from tests.boundaries.sources import ROOT, files, name_of, text_of, tree_of

STANDARD = sys.stdlib_module_names
TORCH_AT_MODULE_LEVEL = {"ltcore/ltformer/network.py", "ltcore/ltformer/backends.py"}
CV2_FILES = {"ltcore/aligned.py", "ltcore/geometry/robust.py"}
BASE = {
    "ltcore.errors": set(), "ltcore.progress": set(), "ltcore.arrays": set(), "ltcore.config": {"ltcore.errors"},
    "ltcore.types": {"ltcore.arrays"},
}  # fmt: skip
ENTRIES = {"ltcore.cli", "ltcore.worker", "ltcore.__main__"}


def module_of(path):
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path):
    """Returns (absolute module name, whether at module level, outside `if TYPE_CHECKING`) of every import."""
    return list(_imports(path))


def _imports(path):
    tree = tree_of(path)
    inner = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, (ast.FunctionDef, ast.If))
        and (isinstance(outer, ast.FunctionDef) or "TYPE_CHECKING" in ast.dump(outer.test))
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        at_top = id(node) not in inner
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((target, at_top) for target in targets(path, node))


def targets(path, node):
    """Returns the modules a `from` import names; `from . import a` names a."""
    if not node.level:
        return [node.module]
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    package = package[: len(package) - node.level + 1]
    base = ".".join([*package, *([node.module] if node.module else [])])
    return [base] if node.module else [f"{base}.{alias.name}" for alias in node.names]


def tops(path, *, module_level_only=False):
    return {name.split(".")[0] for name, at_top in imports(path) if at_top or not module_level_only}


@pytest.mark.parametrize("path", files("ltcore", "training"), ids=name_of)
def test_the_library_and_training_know_no_qgis(path):
    assert not tops(path) & {"qgis", "PyQt5", "PyQt6", "ltformer_qgis", "processing"}


@pytest.mark.parametrize("path", files("ltcore"), ids=name_of)
def test_the_library_knows_neither_training_nor_benchmarks(path):
    assert not tops(path) & {"training", "benchmarks", "tests"}


@pytest.mark.parametrize("path", files("ltcore"), ids=name_of)
def test_the_library_imports_itself_relatively(path):
    absolute = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom) and not node.level]
    assert not [node.module for node in absolute if node.module.split(".")[0] == "ltcore"]


@pytest.mark.parametrize("path", files("ltcore"), ids=name_of)
def test_gdal_stays_in_raster_and_gcp(path):
    if "osgeo" in tops(path):
        assert name_of(path).startswith("ltcore/raster/") or name_of(path) == "ltcore/gcp.py"


@pytest.mark.parametrize("path", files("ltcore"), ids=name_of)
def test_torch_and_opencv_stay_where_they_belong(path):
    if "torch" in tops(path, module_level_only=True):
        assert name_of(path) in TORCH_AT_MODULE_LEVEL
    if "cv2" in tops(path):
        assert name_of(path).startswith("ltcore/features/") or name_of(path) in CV2_FILES


@pytest.mark.parametrize("path", files("ltcore"), ids=name_of)
def test_dask_stays_where_workers_are_started_and_fed(path):
    if tops(path) & {"dask", "distributed"}:
        assert name_of(path) in {"ltcore/batch/cluster.py", "ltcore/batch/run.py"}


def test_the_base_of_the_library_rests_on_nothing_above_it():
    for module, allowed in BASE.items():
        path = ROOT / (module.replace(".", "/") + ".py")
        assert {name for name, _ in imports(path) if name.startswith("ltcore")} <= allowed, module


def test_nothing_in_the_library_rests_on_its_entries():
    for path in files("ltcore"):
        if module_of(path) not in ENTRIES:
            assert not {name for name, _ in imports(path)} & ENTRIES, name_of(path)


def test_the_modules_of_the_library_form_no_circle():
    known = {module_of(path) for path in files("ltcore")}
    graph = {
        module_of(path): {name for name, at_top in imports(path) if at_top and name in known}
        for path in files("ltcore")
    }
    finished, open_now = set(), []

    def visit(module):
        assert module not in open_now, " -> ".join([*open_now, module])
        if module in finished:
            return
        open_now.append(module)
        for needed in graph[module] - {module}:
            visit(needed)
        open_now.pop()
        finished.add(module)

    for module in graph:
        visit(module)


@pytest.mark.parametrize("path", [ROOT / "__init__.py", *files("ltformer_qgis")], ids=name_of)
def test_the_plugin_imports_only_what_qgis_brings(path):
    foreign = {
        name for name in tops(path)
        if name not in STANDARD and name not in {"qgis", "osgeo", "numpy", "processing", "ltformer_qgis", ""}
    }  # fmt: skip
    assert not foreign


def test_the_plugin_takes_modules_of_the_library_through_one_door():
    doors = [name_of(path) for path in files("ltformer_qgis") if "importlib" in tops(path)]
    assert doors == ["ltformer_qgis/core.py"]


@pytest.mark.parametrize("path", files("ltformer_qgis"), ids=name_of)
def test_qt_comes_through_qgis_and_iface_stays_in_the_shell(path):
    assert not tops(path) & {"PyQt5", "PyQt6", "sip"}
    names = {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
    if "iface" in names or "qgis.utils" in {name for name, _ in imports(path)}:
        assert path.name == "plugin.py" or path.parent.name == "dock"


def test_no_file_is_named_for_nothing():
    vague = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "tools.py"}
    found = files("ltcore", "ltformer_qgis", "training", "benchmarks", "tests")
    assert not [name_of(path) for path in found if path.name in vague]


@pytest.mark.parametrize("path", files("ltcore", "ltformer_qgis", "training"), ids=name_of)
def test_the_syntax_is_that_of_python_3_9(path):
    """QGIS 3.22 on Windows runs Python 3.9."""
    ast.parse(text_of(path), feature_version=(3, 9))
