"""ltcore weights verify: good files are named, every other one is refused in a sentence and by its exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from ltcore.ltformer.weights import weights_folder

NAME = "ltformer-d128"


def verify(folder=None):
    options = [] if folder is None else ["--folder", str(folder)]
    command = [sys.executable, "-m", "ltcore", "weights", "verify", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path):
    for kind in ("json", "safetensors", "onnx"):
        shutil.copy(weights_folder() / f"{NAME}.{kind}", tmp_path)
    return tmp_path


def test_the_shipped_weights_are_what_their_card_says():
    done = verify()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(NAME)
    assert "(safetensors, onnx)" in done.stdout


@pytest.mark.parametrize("kind", ["safetensors", "onnx"])
def test_a_changed_byte_is_seen(copied, kind):
    path = copied / f"{NAME}.{kind}"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    done = verify(copied)
    assert done.returncode == 2
    assert f"'{NAME}.{kind}' are damaged or do not belong to their card" in done.stderr


@pytest.mark.parametrize("kind", ["safetensors", "onnx"])
def test_a_missing_file_is_named(copied, kind):
    (copied / f"{NAME}.{kind}").unlink()
    done = verify(copied)
    assert done.returncode == 2
    assert kind in done.stderr


def test_a_card_that_cannot_be_read_is_no_success(copied):
    (copied / f"{NAME}.json").write_text("{}", encoding="utf-8")
    assert verify(copied).returncode == 2


def test_a_folder_without_weights_is_no_success(tmp_path):
    done = verify(tmp_path)
    assert done.returncode == 2
    assert "No weights with a card" in done.stderr
