"""The private environment: made with the real venv and pip, and requirements that need no download."""

from __future__ import annotations

import hashlib
import sys
import zipfile

import pytest

from ltformer_qgis import environment, private_python
from ltformer_qgis.environment import Probe
from ltformer_qgis.errors import EngineCancelled, EngineError
from ltformer_qgis.private_python import SetupChoices
from ltformer_qgis.wheels import Size

USABLE = Probe(version=(3, 11, 2))


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No variable, an empty profile folder and no remembered probes."""
    monkeypatch.delenv("LTFORMER_PYTHON", raising=False)
    monkeypatch.setattr(environment, "_probes", {})
    for module in (environment, private_python):
        monkeypatch.setattr(module, "private_folder", lambda: tmp_path / "ltformer" / "venv")


@pytest.fixture
def private(tmp_path):
    """A private environment that looks complete."""
    python = tmp_path / "ltformer/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "ltformer/venv/ltformer-ready").write_text("")
    return python


class Quiet:
    """Progress that keeps what it is told and cancels on demand."""

    def __init__(self, cancel_after=10**9):
        self.left, self.fractions = cancel_after, []

    def report(self, fraction, _message=""):
        self.fractions.append(fraction)

    def is_cancelled(self):
        self.left -= 1
        return self.left < 0


@pytest.fixture
def few_requirements(monkeypatch, tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(f"pip=={processing_pip_version()} --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(private_python, "REQUIREMENTS", path)
    monkeypatch.setattr(private_python, "CUDA_REQUIREMENTS", path)
    monkeypatch.setattr(private_python, "torch_index", lambda _build, _platform: None)
    monkeypatch.setattr(private_python, "_PIP", (*private_python._PIP, "--no-index"))  # no network in tests
    return path


def processing_pip_version():
    import ensurepip  # noqa: PLC0415 - Debian ships it apart

    return ensurepip.version()


def test_a_private_environment_is_made_and_found(monkeypatch, few_requirements, tmp_path):
    monkeypatch.setattr(private_python, "probe", lambda _candidate: USABLE)
    progress, lines = Quiet(), []
    made = private_python.create(SetupChoices(), progress, lines.append)
    assert made.path.is_file()
    assert environment.candidates()[0].origin == "private"
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1.0
    assert any("already satisfied" in line for line in lines)


def test_one_that_does_not_work_is_removed_and_the_older_one_stays(monkeypatch, few_requirements, private, tmp_path):
    monkeypatch.setattr(private_python, "probe", lambda _candidate: Probe((3, 11), missing=("torch",)))
    with pytest.raises(EngineError, match=r"does not work.*it lacks.*PyTorch"):
        private_python.create(SetupChoices(), Quiet(), lambda _line: None)
    assert private.is_symlink()
    assert {path.name for path in (tmp_path / "ltformer").iterdir()} == {"venv", "setup.log"}


def test_cancelling_leaves_nothing(few_requirements, tmp_path):
    with pytest.raises(EngineCancelled):
        private_python.create(SetupChoices(), Quiet(cancel_after=3), lambda _line: None)
    assert [path.name for path in (tmp_path / "ltformer").iterdir()] == ["setup.log"]


def test_what_pip_cannot_find_is_said(few_requirements, tmp_path):
    few_requirements.write_text("./no-such-package\n")
    with pytest.raises(EngineError, match="no-such-package"):
        private_python.create(SetupChoices(), Quiet(), lambda _line: None)
    log = (tmp_path / "ltformer/setup.log").read_text()
    assert "no-such-package" in log  # what the user can send


def make_wheel(folder):
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")


def test_wheels_come_from_a_folder_without_network(monkeypatch, few_requirements, tmp_path):
    monkeypatch.setattr(private_python, "probe", lambda _candidate: USABLE)
    folder = tmp_path / "wheels"
    make_wheel(folder)
    digest = hashlib.sha256((folder / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    few_requirements.write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    with pytest.raises(EngineError, match="Run it again: what was downloaded is kept"):
        private_python.create(SetupChoices(), Quiet(), lambda _line: None)
    made = private_python.create(SetupChoices(wheels=folder), Quiet(), lambda _line: None)  # the second try
    assert list(made.path.parents[1].rglob("tiny.py"))


@pytest.mark.parametrize("hashes", [f" --hash=sha256:{'0' * 64}", ""])
def test_a_wheel_that_is_not_the_one_that_was_pinned_is_not_installed(few_requirements, tmp_path, hashes):
    make_wheel(tmp_path / "wheels")
    few_requirements.write_text(f"tiny==1.0{hashes}\n")
    with pytest.raises(EngineError, match=r"could not be made.*(Expected sha256|--hash)"):
        private_python.create(SetupChoices(wheels=tmp_path / "wheels"), Quiet(), lambda _line: None)
    assert not list((tmp_path / "ltformer").rglob("tiny.py"))


def test_pytorch_of_its_own_index_needs_no_libraries_of_nvidia(monkeypatch, few_requirements, tmp_path):
    monkeypatch.setattr(private_python, "probe", lambda _candidate: USABLE)
    make_wheel(tmp_path / "wheels")
    cuda = tmp_path / "cuda.txt"
    cuda.write_text("nvidia-none==1.0\n")
    monkeypatch.setattr(private_python, "CUDA_REQUIREMENTS", cuda)
    private_python.create(SetupChoices(wheels=tmp_path / "wheels"), Quiet(), lambda _line: None)
    (tmp_path / "wheels" / "nvidia_none-1.0-py3-none-any.whl").touch()
    with pytest.raises(EngineError, match="nvidia-none"):
        private_python.create(SetupChoices(wheels=tmp_path / "wheels"), Quiet(), lambda _line: None)


@pytest.fixture
def unreachable_index(monkeypatch, few_requirements):
    """PyTorch's index cannot be reached; all else is there."""
    monkeypatch.setattr(private_python, "probe", lambda _candidate: USABLE)
    monkeypatch.setattr(private_python, "torch_index", lambda _build, _platform: "http://localhost:9/whl")
    monkeypatch.setattr(private_python._Setup, "install", lambda *_: None)
    few_requirements.write_text("torch==99.0\n")


def test_an_index_that_cannot_be_reached_is_said_and_pips_own_taken(unreachable_index):
    lines = []
    private_python.create(SetupChoices(), Quiet(), lines.append)
    assert "http://localhost:9/whl cannot be reached: PyTorch comes from pip's own index." in lines


def test_cuda_is_not_replaced_by_a_build_for_cpus(monkeypatch, unreachable_index):
    with pytest.raises(EngineError, match="could not be made"):
        private_python.create(SetupChoices("cuda"), Quiet(), lambda _line: None)


def test_a_python_older_than_the_requirements_is_refused_with_both_versions(monkeypatch):
    monkeypatch.setattr(private_python, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(EngineError, match=r"too old for the engine\. It is 3\.\d+, and 99\.0 is the oldest"):
        private_python.create(SetupChoices(), Quiet(), lambda _line: None)


def test_too_little_space_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(private_python, "size_of", lambda _build: Size(1, 10**9))
    with pytest.raises(EngineError, match=r"GB are free in .* about 1e\+09 GB are needed"):
        private_python.create(SetupChoices(), Quiet(), lambda _line: None)
