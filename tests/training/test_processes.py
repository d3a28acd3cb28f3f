"""Two processes that share each batch train as one does."""

import os
import subprocess
import sys

import pytest
import torch
import yaml

from training.pack import save_tiles
from training.processes import Processes

_SETTINGS = {
    "sampling": {"patch_px": 32},
    "pairs": {"tiles": 2, "keypoints": 16},
    "steps": 3,
    "bfloat16": False,
    "chunk": 8,
    "threads": 1,
    "validation_tiles": 0,
}


@pytest.fixture(scope="module")
def folder(tiles, tmp_path_factory):
    path = tmp_path_factory.mktemp("shared")
    save_tiles({"train": tiles}, path / "tiles.safetensors")
    (path / "settings.yaml").write_text(yaml.safe_dump(_SETTINGS))
    return path


def _train(folder, name, *launcher, changes=()):
    command = [sys.executable, *launcher, "-m", "training.train", str(folder / "settings.yaml"), "--device", "cpu"]
    command += ["--data", str(folder / "tiles.safetensors"), "--out", str(folder / name)]
    command += [part for change in changes for part in ("--set", change)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, check=False)


def _torchrun(count):
    return ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count))


def test_two_processes_train_as_one(folder):
    alone = _train(folder, "alone")
    assert alone.returncode == 0, alone.stderr
    shared = _train(folder, "shared", *_torchrun(2))
    assert shared.returncode == 0, shared.stderr
    one, two = (torch.load(folder / name / "last.pt", weights_only=True) for name in ("alone", "shared"))
    assert one["step"] == two["step"] == 3
    for name, value in one["weights"].items():
        torch.testing.assert_close(two["weights"][name], value, atol=2e-4, rtol=1e-2, msg=name)
    moments = [
        torch.cat([each["exp_avg"].flatten() for each in state["optimiser"]["state"].values()]) for state in (one, two)
    ]
    assert torch.nn.functional.cosine_similarity(*moments, dim=0) > 0.9999  # the gradients are those of the whole batch


def test_wall_time_and_patience_end_all_processes_together(folder):
    changes = ("steps=1000", "minutes=0.02")
    done = _train(folder, "timed", *_torchrun(2), changes=changes)
    assert done.returncode == 0, done.stderr
    assert 0 < torch.load(folder / "timed" / "last.pt", weights_only=True)["step"] < 1000


def test_a_batch_that_cannot_be_shared_is_refused(folder):
    done = _train(folder, "odd", *_torchrun(2), changes=("pairs.tiles=1", "pairs.keypoints=3"))
    assert done.returncode != 0
    assert "3 pairs a step cannot be shared by 2 processes" in done.stderr


def test_a_lone_process_keeps_everything():
    alone, values = Processes(), torch.arange(6.0).reshape(2, 3)
    assert alone.part(8) == slice(0, 8)
    assert alone.gather(values, dim=1) is values
    alone.add([values])
    assert values.sum() == 15
    assert alone.leaders(3.5) == 3.5
    assert [Processes(rank, 4).part(8) for rank in range(4)] == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)]
