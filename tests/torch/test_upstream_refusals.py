"""One sentence for everything that is no checkpoint of the authors, and nothing of it is run."""

import io
import os
import struct
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltcore.errors import WeightsError
from ltcore.ltformer import upstream
from ltcore.ltformer.upstream import import_upstream, read_upstream
from tests.torch.upstream_checkpoints import FIRST


class _Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["alone", "in the state dict", "beside it"])
def test_code_is_refused_and_not_run(tmp_path, saved, state, where, zipped):
    trap = tmp_path / "ran"
    runs = _Runs(f"touch {trap}")
    content = {
        "alone": runs,
        "in the state dict": {**state, "extra": runs},
        "beside it": {"state_dict": state, "args": runs},
    }[where]
    path = saved(content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match="cannot be read safely" if zipped else "is not a PyTorch checkpoint"):
        import_upstream(path, {"name": "theirs"}, tmp_path / "out")
    assert not trap.exists()
    assert not (tmp_path / "out").exists()
    torch.load(path, weights_only=False)  # the trap is a real one
    assert trap.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop(FIRST), f"The tensor '{FIRST}' is missing"),
        (lambda s: s.update({FIRST: torch.zeros(16, 3, 7, 7)}), r"has the shape \(16, 3, 7, 7\) instead of"),
        (lambda s: s.update({"head.weight": torch.zeros(2)}), "The tensor 'head.weight' is unknown"),
        (lambda s: s.update({"\x1b[31m" + 200 * "x": torch.zeros(2)}), r"The tensor '\\x1b\[31mx{75}' is unknown"),
        (lambda s: s[FIRST].fill_(float("nan")), "not finite"),
        (lambda s: s.update({FIRST: torch.full((16, 1, 7, 7), 1e300, dtype=torch.float64)}), "not finite"),
        (lambda s: s.update({FIRST: torch.zeros(16, 1, 7, 7, dtype=torch.int32)}), "type torch.int32"),
        (lambda s: s.update({FIRST: [1.0, 2.0]}), "is no plain tensor"),
        (lambda s: s.update({FIRST: torch.zeros(16, 1, 7, 7).to_sparse()}), "is no plain tensor"),
        (lambda s: s.pop("norm4.weight"), "'norm4.weight' is missing"),
        (lambda s: s.update({"norm4.weight": torch.zeros(96)}), r"'norm4.weight' has the shape \(96,\)"),
        (lambda s: s.update({"norm4.weight": torch.zeros(256)}), r"has the shape \(16, 1, 7, 7\) instead of \(32"),
        (lambda s: s.update({"norm4.weight": "128"}), r"'norm4.weight' has the shape \(\)"),
    ],
)
def test_other_networks_are_refused_by_the_name_of_a_tensor(saved, state, change, words):
    change(state)
    with pytest.raises(WeightsError, match=f"'theirs.pth' is not a checkpoint of LTFormer.*{words}"):
        read_upstream(saved(state))


@pytest.mark.parametrize("content", [[], {}, 3, "text", torch.zeros(3), {1: torch.zeros(1)}, {"model": {}}])
def test_something_else_than_a_state_dict(saved, content):
    with pytest.raises(WeightsError, match=r"no state dict|not a checkpoint"):
        read_upstream(saved(content))


def test_a_huge_view_of_one_number_is_not_unfolded(saved, state):
    state["extra"] = torch.zeros(1).expand(2**40)
    with pytest.raises(WeightsError, match="'extra' is unknown"):
        read_upstream(saved(state))
    state[FIRST] = state.pop("extra")
    with pytest.raises(WeightsError, match=f"'{FIRST}' has the shape"):
        read_upstream(saved(state))


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        read_upstream(tmp_path / "theirs.pth")
    with pytest.raises(WeightsError, match="does not exist"):
        read_upstream(tmp_path)


def test_too_large_a_file(saved, state, monkeypatch):
    monkeypatch.setattr(upstream, "_MAX_BYTES", 1000)
    with pytest.raises(WeightsError, match="bytes, the limit is 1000"):
        read_upstream(saved(state))


def test_a_file_that_unpacks_to_too_much(tmp_path):
    path = tmp_path / "theirs.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("theirs/data/0", "w") as entry:
        for _ in range(300):
            entry.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(WeightsError, match=r"unpacks to 314572800 bytes, the limit is 268435456"):
        read_upstream(path)


@pytest.mark.parametrize("kept", [0, 1, 3, 10, 1000, -1000, -100, -1])
def test_truncated_files(saved, state, kept):
    path = saved(state)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"is not a PyTorch checkpoint|cannot be read safely"):
        read_upstream(path)


@pytest.fixture(scope="module")
def whole():
    """The bytes of a small file that is read, up to the state dict it does not hold."""
    buffer = io.BytesIO()
    torch.save({"norm4.weight": torch.ones(128), "epoch": 3}, buffer)
    return buffer.getvalue()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, 10**9), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4),
)
def test_any_damage_gives_one_sentence(tmp_path, whole, edits):
    damaged = bytearray(whole)
    for position, replacement in edits:
        start = position % len(damaged)
        damaged[start : start + len(replacement)] = replacement
    path = tmp_path / "damaged.pth"
    path.write_bytes(damaged)
    with pytest.raises(WeightsError) as caught:
        read_upstream(path)
    assert "\n" not in str(caught.value)


def test_sizes_that_lie_do_not_fill_the_memory(saved, state):
    path = saved({"state_dict": state})
    content = path.read_bytes()
    start = content.rindex(b"PK\x01\x02")  # last entry of the central directory: its unpacked size is at 24
    path.write_bytes(content[: start + 24] + struct.pack("<I", 2**32 - 2) + content[start + 28 :])
    with pytest.raises(WeightsError, match=r"unpacks to|not a PyTorch checkpoint"):
        read_upstream(path)
