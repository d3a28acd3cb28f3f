"""The process of the peers and its protocol; the peers themselves run where script/bench --peers has installed them."""

import numpy as np
import pytest

from benchmarks.registration import packaged_peers
from benchmarks.registration.packaged_peers import PackagedPeer, Worker
from benchmarks.registration.scoring import run

FAKE = """#!/bin/sh
while read line; do echo '{"matches": %s, "seconds": 0.5, "cpu_seconds": 0.25}'; done
"""


@pytest.fixture
def fake(monkeypatch, tmp_path, shifted):
    """A worker that answers every question with true matches of the shifted pair."""
    xy = np.hstack([shifted.checks.sensed_xy, shifted.checks.reference_xy])
    script = tmp_path / "python"
    script.write_text(FAKE % xy.tolist())
    script.chmod(0o755)
    monkeypatch.setattr(packaged_peers, "PYTHON", script)
    return Worker()


def test_matches_of_a_peer_become_a_transform_and_its_own_times_count(fake, shifted):
    row = run(PackagedPeer("xfeat", fake), shifted)
    assert row["rmse_px"] < 0.01
    assert (row["seconds"], row["cpu_seconds"]) == (0.5, 0.25)


def test_a_worker_that_dies_is_a_failure_with_its_reason(monkeypatch, tmp_path, shifted):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nread line; exit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(packaged_peers, "PYTHON", script)
    row = run(PackagedPeer("arosics_local", Worker()), shifted)
    assert (row["verdict"], row["rmse_px"]) == ("NONE", None)
    assert "ended with code 3" in row["reason"]


def test_peers_that_are_not_installed_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(packaged_peers, "PYTHON", tmp_path / "none")
    peers, missing, versions = packaged_peers.packaged_peers()
    assert (peers, versions) == ([], {})
    assert "AROSICS COREG_LOCAL" in missing
    assert "script/bench --peers" in missing["XFeat + MAGSAC"]


def test_arosics_finds_a_shift_where_it_is_installed(shifted):
    peers, missing, _ = packaged_peers.packaged_peers()
    if not peers:
        pytest.skip(f"not installed: {missing}")
    row = run(next(peer for peer in peers if peer.name == "AROSICS COREG"), shifted)
    assert row["rmse_px"] < 0.3, row
