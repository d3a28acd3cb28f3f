"""Tables that programs write are those of the results in git; script/check asks script/make-reference for the rest."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path

from benchmarks.registration import table as registration
from benchmarks.registration.report import RESULTS, read_report

ROOT = Path(__file__).resolve().parents[2]


def script(name):
    """Returns a program of the folder script/ as a module."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(ROOT / "script" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module  # dataclasses look there for their module
    loader.exec_module(module)
    return module


def rows(text):
    return [line for line in text.splitlines() if line.startswith("|")]


def result(name):
    return json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))


def test_registration_tables():
    """Otherwise: python -m benchmarks.registration.table."""
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    reports = [read_report(path) for path in sorted(RESULTS.glob("registration-*.json"))]
    assert len(reports) > 5
    assert registration.with_tables(text, registration.tables(reports)) == text


def test_reliability():
    """Otherwise: script/soak."""
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    made = rows(script("soak").page(result("reliability.json")))
    assert len(made) > 3
    assert set(made) <= set(rows(text))


def test_qgis_matrix():
    """Otherwise: script/qgis-matrix. A note above the table says what was special about a run."""
    text = (ROOT / "docs/qgis-matrix.md").read_text(encoding="utf-8")
    made = rows(script("qgis-matrix").table(result("qgis-matrix.json")))
    assert made == rows(text)
