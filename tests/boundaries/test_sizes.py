"""What one can take in at a glance: files of at most 300 lines, functions of 40. Arguments (6) are counted by ruff."""

from __future__ import annotations

import ast

import pytest

from tests.boundaries.sources import ROOT, name_of, text_of

MOST_LINES, MOST_FUNCTION_LINES = 300, 40  # of a function without its docstring

# path, or path:function -> (lines it may have, why it is not shorter). What needs its room no longer is to be removed.
ALLOWED = {
    "ltcore/ltformer/weights.py": (310, "one file format: reading and writing it stand side by side"),
    "ltcore/pipeline.py:_registered": (60, "the stages in order, each a few lines; a reader wants them on one page"),
    "ltcore/imported.py:register_imported": (41, "the same for tie points from a file"),
    "reference_pages/record_format.py": (312, "the fields of one file, in its order: a table, no program"),
    "tests/gdal/test_write.py": (360, "one function under test and all kinds of rasters"),
}


def is_python(path):
    if path.suffix == ".py":
        return True
    return path.parent == ROOT / "script" and b"python" in path.read_bytes().split(b"\n", 1)[0]


FOLDERS = ("ltcore", "ltformer_qgis", "training", "benchmarks", "reference_pages", "tests", "script")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file() and is_python(path))


def sizes(name, text):
    """Yields (name, lines, limit) of a file and of each function in it."""
    yield name, len(text.splitlines()), MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = node.body[0] if ast.get_docstring(node) else None
            spared = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
            yield f"{name}:{node.name}", node.end_lineno - node.lineno + 1 - spared, MOST_FUNCTION_LINES


def sizes_of(path):
    return sizes(name_of(path), text_of(path))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_readable(path):
    assert not [name for name, lines, limit in sizes_of(path) if lines > ALLOWED.get(name, (limit, ""))[0]]


def test_nothing_is_allowed_more_than_it_needs():
    needed = {name for path in FILES for name, lines, limit in sizes_of(path) if lines > limit}
    assert set(ALLOWED) == needed


def test_lines_are_counted_without_the_docstring():
    text = "class Long:\n    def go(self):\n" + '        """Two\n        lines."""\n' + "        pass\n" * 40
    assert list(sizes("a.py", text)) == [("a.py", 44, 300), ("a.py:go", 41, 40)]
