"""docs/security.md: every threat names tests that show what stops it, and there are such tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")][1:]


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:40])
def test_the_tests_of_a_threat_are_there(row):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[2])
    assert named, row[0]
    assert not [f"{file}::{test}" for file, test in named if test not in functions(ROOT / file)]


def test_every_test_of_faults_is_named_or_in_a_named_file():
    files = set(re.findall(r"`(tests/[\w/]+\.py)::", TEXT))
    found = {f"tests/{path.relative_to(ROOT / 'tests')}" for path in (ROOT / "tests/faults").glob("test_*.py")}
    assert len(ROWS) > 12
    assert found <= files
