"""The generated reference: it is up to date where it says so, says something of everything, and fits real files."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from ltcore.cli import cli
from ltcore.result import QualityReport
from ltcore.worker_methods import METHODS
from reference_pages.cli_page import cli_page
from reference_pages.docstrings import as_markdown, attributes, first_paragraph
from reference_pages.library_page import library_page
from reference_pages.markdown import table
from reference_pages.worker_page import worker_page
from tests.data.make_rasters import make_raster, texture, to_bytes

ROOT = Path(__file__).resolve().parents[2]


def test_a_page_that_is_out_of_date_is_named(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    page = tmp_path / "docs/reference/cli.md"
    page.write_text(page.read_text(encoding="utf-8").replace("--max-offset", "--max-shift"), encoding="utf-8")
    command = [sys.executable, "-m", "reference_pages", "--check", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "docs/reference/cli.md" in done.stderr
    assert "record.md" not in done.stderr


def test_every_command_and_option_is_explained():
    text = cli_page()
    for command in ("register", "assess", "refit", "batch", "warp", "weights list", "info"):
        assert f"## ltcore {command}\n" in text
    assert len(cli.commands) == 7
    rows = [line for line in text.splitlines() if line.startswith("| `-")]
    assert len(rows) > 80
    assert not [row for row in rows if row.rstrip(" |").endswith(("`", "|")) or row.endswith("|  |")]


def test_the_algorithms_of_the_plugin_are_all_there():
    text = (ROOT / "docs/algorithms.md").read_text(encoding="utf-8")
    ids = re.findall(r"^`(ltformer:\w+)`$", text, re.MULTILINE)
    assert sorted(ids) == [f"ltformer:{name}" for name in ("assess", "checkenvironment", "exportgcps", "match", "warp")]


def test_every_method_of_the_worker_is_named():
    text = worker_page()
    assert not [name for name in METHODS if not re.search(rf"\b{name}\b", text)]


def test_the_library_page_has_signatures_and_sections():
    text = library_page()
    assert "register(\n    job: RegistrationJob," in text
    assert "- `heldout_rmse_px`: RMSE by spatially blocked cross-validation." in text
    assert " object at 0x" not in text


def test_docstrings_are_taken_apart():
    said = attributes(QualityReport)
    assert set(said) == set(QualityReport.__dataclass_fields__)
    assert said["structure"].endswith("stands above that at wrong offsets.")
    assert first_paragraph(QualityReport).startswith("How good a registration is")
    assert as_markdown(QualityReport).count("- `") == len(said)


def test_a_bar_in_a_cell_does_not_end_it():
    assert table(["a"], [["x | y"]]).splitlines()[-1] == "| x \\| y |"
    assert table(["a"], []) == ""


# --- record.json against its schema

SAMPLE = [ROOT / "samples/georeferenced" / name for name in ("visible.tif", "nir.tif")]
RUNS = {
    "register": ["register", "--transform", "affine"],
    "thin-plate spline": ["register", "--transform", "tps", "--descriptor", "rootsift"],
    "polynomial": ["register", "--transform", "poly2"],
    "assess": ["assess"],
    "refit": ["refit"],
    "no transform": ["register", "--descriptor", "rootsift"],
}


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((ROOT / "docs/reference/record.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Returns name -> record of a run of the command line."""
    folder = tmp_path_factory.mktemp("runs")
    unrelated = [make_raster(folder / f"{seed}.tif", to_bytes(texture(220, 180, seed))) for seed in (1, 2)]
    found = {}
    for name, (command, *options) in RUNS.items():
        pair = unrelated if name == "no transform" else SAMPLE
        more = ["--tie-points", folder / "register/tie_points.gpkg"] if name == "refit" else []
        fewer = ["--no-report", "--max-tie-points", "200", *([] if command == "assess" else ["--no-warp"])]
        arguments = [command, *pair, "--out", folder / name, *options, *more, *fewer]
        done = CliRunner().invoke(cli, [str(one) for one in arguments])
        assert done.exit_code in (0, 3), done.output
        found[name] = json.loads((folder / name / "record.json").read_text(encoding="utf-8"))
    return found


def faults(validator, record):
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(record)]


@pytest.mark.parametrize("name", RUNS)
def test_real_records_fit_the_schema(validator, records, name):
    record = records[name]
    assert faults(validator, record) == []
    assert record["quality"]["verdict"] == ("FAIL" if name == "no transform" else "PASS")
    assert ("assessment" in record) == (name == "assess")
    assert (record["transform"]["parameters"] is not None) == (name in ("thin-plate spline", "polynomial"))


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.update(surprise=1),
        lambda r: r.pop("weights"),
        lambda r: r.update(format_version=2),
        lambda r: r["quality"].update(verdict="GOOD"),
        lambda r: r["quality"].pop("ce90_px"),
        lambda r: r["tie_points"].update(sha256="abc"),
        lambda r: r["transform"].update(matrix=[[1, 0, 0], [0, 1, 0]]),
        lambda r: r["job"]["config"]["verdict"].pop("fail_structure"),
        lambda r: r["gaps"].update({"bad luck": 0.5}),
    ],
)
def test_the_schema_refuses_what_no_record_holds(validator, records, change):
    changed = copy.deepcopy(records["register"])
    change(changed)
    assert faults(validator, changed)
