"""The benchmark of the network's speed counts and divides rightly."""

import time

import numpy as np
import torch

from benchmarks.speed.descriptor import _Traffic, cold_start, eager, rates
from ltcore.ltformer.network import LTFormer


def test_traffic_counts_what_operators_read_and_write_but_no_views():
    values = torch.zeros(1000)
    with torch.inference_mode(), _Traffic() as traffic:
        values.view(10, 100).t()
        assert traffic.bytes == 0
        values + values
    assert traffic.bytes == 3 * 4000


def test_rates_are_patches_by_seconds():
    def spin(patches):
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass
        return patches

    table = rates({"one": spin, "other": spin}, np.zeros((10, 2, 2), np.float32), 3)
    assert list(table) == ["one", "other"]
    assert 250 < table["one"]["per_cpu_s"] <= 500
    assert table["one"]["per_cpu_s_least"] <= table["one"]["per_cpu_s"] <= table["one"]["per_cpu_s_most"]


def test_eager_chunks_give_the_same_descriptors():
    network = LTFormer(128).eval()
    patches = np.random.default_rng(0).uniform(0, 255, (7, 32, 32)).astype(np.float32)
    np.testing.assert_allclose(eager(network, 3)(patches), eager(network, 7)(patches), atol=1e-5)


def test_a_cold_start_is_timed():
    measured = cold_start("torch", 1)
    assert 0.1 < measured["wall_s"] < 600
    assert measured["cpu_s"] > 0.1
