import numpy as np
import pytest

from benchmarks.registration.ablation import parts
from benchmarks.registration.opencv_peers import feature_peers, read_grey
from benchmarks.registration.pairs import write_band
from benchmarks.registration.product import products
from benchmarks.registration.scoring import run


@pytest.mark.parametrize("peer", feature_peers(), ids=lambda peer: peer.name)
def test_peers_find_a_shift_of_a_textured_pair(peer, shifted):
    row = run(peer, shifted)
    assert row["rmse_px"] is not None, row["reason"]
    assert row["rmse_px"] < 0.5


def test_this_product_finds_it_and_says_so(shifted):
    row = run(products()[1], shifted)
    assert row["verdict"] in ("PASS", "WARN")
    assert row["rmse_px"] < 0.2
    assert row["facts"]["descriptor"] == "correlation"


@pytest.mark.parametrize("part", parts()[2:], ids=lambda part: part.name)
def test_each_part_finds_it_and_the_fine_stage_finds_it_better(part, shifted):
    row = run(part, shifted)
    if part.descriptor is None and not shifted.georeferenced:
        assert (row["verdict"], row["rmse_px"]) == ("NONE", None)
    else:
        assert row["rmse_px"] < (0.2 if part.refined else 1.5)


def test_keypoints_keep_off_nodata(tmp_path):
    values = np.full((64, 64), 100, np.float32)
    values[:, 32:] += np.arange(32)
    values[:, :20] = -9999
    grey = read_grey(write_band(tmp_path / "a.tif", values, {}))
    assert not grey.mask[:, :28].any()
    assert grey.mask[:, 28:].all()
