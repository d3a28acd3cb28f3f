"""The same pair gives the same result: again, whatever the number of threads, the country, the folder, the device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltcore.geometry.transforms import apply_matrix
from tests.load.pairs import SIDE, digests, lasting, small_pairs
from tests.load.surroundings import folder_with_spaces, german, threads
from tests.soaking import cases, note

ROOT = Path(__file__).resolve().parents[2]
AGREEMENT_PX = 0.02  # between devices and backends, whose arithmetic differs
# As in a program that follows the country it runs in: Python itself would leave the decimal sign alone.
COMMAND = "import locale; locale.setlocale(locale.LC_ALL, ''); from ltcore.cli import main; main()"
SURROUNDINGS = {
    "again": lambda _: {},
    "one thread": lambda _: threads(1),
    "two threads": lambda _: threads(2),
    "another hash seed": lambda _: {"PYTHONHASHSEED": "7"},
    "LANG=C": lambda _: {"LC_ALL": "C", "LANG": "C"},
    "Germany": german,
    "a temporary folder with spaces": lambda folder: {"TMPDIR": str(folder_with_spaces(folder))},
}


def registered(pair: tuple[Path, Path], out: Path, *words: str, folder: Path = ROOT, **changes: str) -> dict[str, Any]:
    """Returns what `ltcore register --json` prints, run in a folder, with changed variables."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    command = [sys.executable, "-c", COMMAND, "register", *map(str, pair), "--out", str(out), "--no-report", "--json"]
    done = subprocess.run([*command, *words], env=variables, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def all_at_once(folder: Path) -> dict[str, str]:
    """Returns what does not exclude each other among the surroundings."""
    found = {"PYTHONHASHSEED": "7", "TMPDIR": str(folder_with_spaces(folder)), **threads(2)}
    return {**found, **german(folder)}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Runs in plain surroundings, and the pairs: name -> (pair, result, digests)."""
    folder = tmp_path_factory.mktemp("expected")
    pairs = {name: pair for name, pair in small_pairs(folder).items() if name in ("plain", "placed")}
    device = ("--device", "cpu")
    return {
        name: (pair, lasting(registered(pair, folder / name, *device, **threads(1))), digests(folder / name))
        for name, pair in pairs.items()
    }


def assert_same(expected, out: Path, found: dict[str, Any], name: str) -> None:
    _, result, files = expected[name]
    assert lasting(found) == result
    assert digests(out) == files


@pytest.mark.parametrize("surroundings", cases([], list(SURROUNDINGS)))
@pytest.mark.parametrize("name", ["plain", "placed"])
def test_each_surroundings_give_the_same_result(tmp_path, expected, name, surroundings):
    changes = SURROUNDINGS[surroundings](tmp_path)
    found = registered(expected[name][0], tmp_path / "out", "--device", "cpu", **changes)
    assert_same(expected, tmp_path / "out", found, name)
    note("same result in other surroundings", runs=1)


@pytest.mark.parametrize("name", cases(["plain"], ["plain", "placed"]))
def test_all_at_once_in_another_folder_give_the_same_result(tmp_path, expected, name):
    pair = tuple(Path(os.path.relpath(path, tmp_path)) for path in expected[name][0])
    changes = all_at_once(tmp_path)
    found = registered(pair, Path("out"), "--device", "cpu", folder=tmp_path, **changes)
    assert_same(expected, tmp_path / "out", found, name)
    note("same result in other surroundings", runs=1)


def apart_px(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Returns how far two results place the sensed raster's pixels apart at most."""
    x, y = np.meshgrid(np.linspace(0, SIDE, 9), np.linspace(0, SIDE, 9))
    grid = np.column_stack([x.ravel(), y.ravel()])
    placed = [apply_matrix(np.array(result["transform"]["matrix"]), grid) for result in (one, other)]
    return float(np.hypot(*(placed[0] - placed[1]).T).max())


@pytest.mark.parametrize("backend", cases(["torch"], ["torch", "onnx", "openvino"]))
def test_backends_agree(tmp_path, expected, backend):
    pair, result, _ = expected["plain"]
    found = registered(pair, tmp_path / "out", "--device", "cpu", "--backend", backend)
    assert found["backend"] == backend
    note("backends against OpenVINO", runs=1, **{f"{backend}, px apart": round(apart_px(found, result), 4)})
    assert apart_px(found, result) < AGREEMENT_PX


def test_cpu_and_gpu_agree(tmp_path, expected):
    if not torch.cuda.is_available():
        note("CPU against GPU", runs=0)
        pytest.skip("needs a GPU")
    pair, result, _ = expected["plain"]
    found = registered(pair, tmp_path / "out", "--device", "cuda")
    assert found["device"].startswith("cuda")
    note("CPU against GPU", runs=1, **{"px apart": round(apart_px(found, result), 4)})
    assert apart_px(found, result) < AGREEMENT_PX
