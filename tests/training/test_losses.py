"""Losses against values computed by hand."""

import math

import pytest
import torch

from training.losses import distances, hardest_in_batch, info_nce, lt_loss

_NONE_NEAR = torch.zeros(2, 2, dtype=torch.bool)
_X, _Y = [1.0, 0.0], [0.0, 1.0]
_ROOT2 = math.sqrt(2)


def _unit(degrees):
    radians = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return torch.stack([radians.cos(), radians.sin()], dim=1)


def test_distances_of_unit_vectors():
    values = distances(torch.tensor([_X, _Y]), torch.tensor([_X, [-1.0, 0.0]]))
    torch.testing.assert_close(values, torch.tensor([[1e-3, 2.0], [_ROOT2, _ROOT2]]), atol=1e-4, rtol=0)


def test_lt_loss_is_its_closed_form():
    anchor, positive, negative = _unit([0.0]), _unit([60.0]), _unit([90.0])  # d_p = 1, d_n = sqrt 2
    assert lt_loss(anchor, positive, negative).item() == pytest.approx(1.5 - 0.5 * _ROOT2, abs=1e-5)
    assert lt_loss(anchor, anchor, negative).item() == pytest.approx(0.0, abs=1e-5)


def test_lt_loss_falls_when_everything_shrinks_together():
    wide = lt_loss(_unit([0.0]), _unit([60.0]), _unit([90.0]))
    narrow = lt_loss(_unit([0.0]), _unit([6.0]), _unit([9.0]))
    assert narrow < 0.2 * wide  # why it collapses: see its docstring


def test_hardest_finds_the_nearest_of_all_kinds():
    anchor, positive = _unit([0.0, 90.0]), _unit([10.0, 70.0])

    def chord(degrees):
        return 2 * math.sin(math.radians(degrees) / 2)

    # pair 1: partner 10 degrees away; strangers at 70 (cross), 80 (cross), 90 (anchors), 60 (positives): 60 is hardest
    # pair 2: partner 20 degrees away; the same strangers
    expected = (max(0, 1 + chord(10) - chord(60)) + max(0, 1 + chord(20) - chord(60))) / 2
    assert hardest_in_batch(anchor, positive, _NONE_NEAR).item() == pytest.approx(expected, abs=1e-4)


def test_hardest_ignores_near_places():
    anchor, positive = _unit([0.0, 1.0, 180.0]), _unit([0.0, 1.0, 180.0])
    near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    masked = hardest_in_batch(anchor, positive, near)
    assert masked.item() == pytest.approx(0.0, abs=2e-3)
    assert hardest_in_batch(anchor, positive, torch.zeros_like(near)).item() > 0.5


def test_hardest_with_margin():
    same = _unit([0.0, 90.0])
    assert hardest_in_batch(same, same, _NONE_NEAR, margin=1.5).item() == pytest.approx(1.5 - _ROOT2, abs=2e-3)


def test_info_nce_by_hand():
    anchor = torch.tensor([_X, _Y])
    expected = math.log(1 + math.exp(-1 / 0.5))
    assert info_nce(anchor, anchor, _NONE_NEAR, temperature=0.5).item() == pytest.approx(expected, abs=1e-5)


def test_info_nce_ignores_near_places_but_never_the_partner():
    twins = torch.tensor([_X, _X])
    assert info_nce(twins, twins, _NONE_NEAR).item() == pytest.approx(math.log(2), abs=1e-5)
    assert info_nce(twins, twins, torch.ones(2, 2, dtype=torch.bool)).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [hardest_in_batch, info_nce])
def test_gradients_are_finite_even_for_equal_descriptors(loss):
    anchor = torch.tensor([_X, _X], requires_grad=True)
    loss(anchor, anchor.detach(), _NONE_NEAR).backward()
    assert torch.isfinite(anchor.grad).all()


@pytest.mark.parametrize("loss", [hardest_in_batch, info_nce])
def test_sides_may_be_swapped(loss):
    draw = torch.Generator().manual_seed(0)
    anchor, positive = (torch.nn.functional.normalize(torch.randn(8, 4, generator=draw), dim=1) for _ in range(2))
    near = torch.zeros(8, 8, dtype=torch.bool)
    torch.testing.assert_close(loss(anchor, positive, near), loss(positive, anchor, near))
