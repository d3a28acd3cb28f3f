"""The tutorial's commands, as they stand in docs/retraining.md, on small rasters and with few steps."""

import json
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import ltcore.cli
from tests.data.make_rasters import make_raster
from tests.training.conftest import synthetic_tile

ROOT = Path(__file__).resolve().parents[2]
_SIDE_PX = 192


def _commands():
    """Returns the commands of the tutorial's shell blocks, in order."""
    blocks = (ROOT / "docs" / "retraining.md").read_text(encoding="utf-8").split("```sh\n")[1:]
    return [shlex.split(line) for block in blocks for line in block.split("```")[0].splitlines() if line.strip()]


def _command_line(words):
    """Returns the click command that a line of the tutorial calls, and its arguments."""
    if words[0] == ".venv/bin/ltcore":
        return ltcore.cli.cli, words[1:]
    place = words.index("-m")
    assert words[:place] in ([".venv/bin/python"], [".venv/bin/torchrun", "--nproc-per-node", "4"])
    return import_module(words[place + 1]).main, words[place + 2 :]


def _needs_gpus(words):
    return "cuda" in words or "torchrun" in words[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder like the repository's, with six small rasters, one of them misaligned, and settings of few steps."""
    folder = tmp_path_factory.mktemp("retraining")
    (folder / "rasters").mkdir()
    for number in range(6):
        tile = synthetic_tile(number, _SIDE_PX)
        red, nir = tile.visible[0].numpy(), tile.nir.numpy()
        nir = np.roll(nir, 2, axis=0) if number == 5 else nir
        bands = (np.stack([red, 0.7 * red + 40, 0.5 * red + 20, nir]) * 8 + 100).astype(np.uint16)
        at = (500_000.0 + 10_000 * number, 2.0, 0.0, 5_600_000.0, 0.0, -2.0)
        make_raster(folder / "rasters" / f"site{number}.tif", bands, geotransform=at, epsg=32633)
    configs = folder / "training" / "configs"
    configs.mkdir(parents=True)
    shutil.copy(ROOT / "training" / "configs" / "smoke.yaml", configs / "d128-cpu.yaml")
    shutil.copytree(ROOT / "samples" / "georeferenced", folder / "samples" / "georeferenced")
    return folder


def test_the_tutorial_ends_with_weights_that_register(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for words in _commands():
        if not _needs_gpus(words):
            command, arguments = _command_line(words)
            done = CliRunner().invoke(command, arguments)
            assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}{done.exception!r}"
    card = json.loads(Path("runs/mine/weights/mine.json").read_text())
    record = json.loads(Path("out/mine/record.json").read_text())
    assert record["weights"] == {"name": "mine", "sha256": card["sha256"]}
    assert card["training"]["steps"] == 20
    assert card["metrics"] == json.loads(Path("runs/mine/scores.json").read_text())
    assert "site5.tif,left out" in Path("rasters/index.csv").read_text()


@pytest.mark.parametrize("words", [words for words in _commands() if _needs_gpus(words)], ids=" ".join)
def test_commands_for_gpus_can_be_parsed(words):
    command, arguments = _command_line(words)
    context = command.make_context(words[0], list(arguments))
    assert (ROOT / context.params["config_path"]).is_file()


def test_options_and_messages_named_in_the_text_exist():
    text = (ROOT / "docs" / "retraining.md").read_text(encoding="utf-8")
    known = set()
    for module in ("dataset", "train", "export", "evaluate", "pack"):
        known |= {name for option in import_module(f"training.{module}").main.params for name in option.opts}
    known |= {name for option in ltcore.cli.register.params for name in option.opts}
    named = {word.strip("`'.,():;").split("=")[0] for word in text.split() if word.lstrip("`(").startswith("--")}
    assert named - known <= {"--nproc-per-node", "--logdir"}
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "training").glob("*.py"))
    for said in ("Off by", "too little common structure to say", "No tile for", "belongs to other settings"):
        assert said in text
        assert said in sources
