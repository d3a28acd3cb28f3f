"""Losses against values computed by hand, and what all of them keep to."""

import math

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from tests.training.described_pairs import EVERY_LOSS, NEAR_12, NONE_NEAR, ROOT2, X, Y, chord, random_pairs, unit
from training.losses import (
    DescribedPairs,
    LossConfig,
    compute_loss,
    distances,
    hardest_in_batch,
    hardest_negatives,
    hybrid_triplets,
    info_nce,
    norm_difference,
    quadratic_triplets,
    second_order_difference,
    spread_out,
)


def test_distances_of_unit_vectors():
    values = distances(torch.tensor([X, Y]), torch.tensor([X, [-1.0, 0.0]]))
    torch.testing.assert_close(values, torch.tensor([[1e-3, 2.0], [ROOT2, ROOT2]]), atol=1e-4, rtol=0)


def test_hardest_finds_the_nearest_of_all_kinds():
    anchor, positive = unit([0.0, 90.0]), unit([10.0, 70.0])
    # pair 1: partner 10 degrees away; strangers at 70 (cross), 80 (cross), 90 (anchors), 60 (positives): 60 is hardest
    # pair 2: partner 20 degrees away; the same strangers
    expected = (max(0, 1 + chord(10) - chord(60)) + max(0, 1 + chord(20) - chord(60))) / 2
    assert hardest_in_batch(anchor, positive, NONE_NEAR).item() == pytest.approx(expected, abs=1e-4)


def test_hardest_ignores_near_places():
    anchor, positive = unit([0.0, 1.0, 180.0]), unit([0.0, 1.0, 180.0])
    near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    masked = hardest_in_batch(anchor, positive, near)
    assert masked.item() == pytest.approx(0.0, abs=2e-3)
    assert hardest_in_batch(anchor, positive, torch.zeros_like(near)).item() > 0.5


def test_hardest_with_margin():
    same = unit([0.0, 90.0])
    assert hardest_in_batch(same, same, NONE_NEAR, margin=1.5).item() == pytest.approx(1.5 - ROOT2, abs=2e-3)


def test_info_nce_by_hand():
    anchor = torch.tensor([X, Y])
    expected = math.log(1 + math.exp(-1 / 0.5))
    assert info_nce(anchor, anchor, NONE_NEAR, temperature=0.5).item() == pytest.approx(expected, abs=1e-5)


def test_info_nce_ignores_near_places_but_never_the_partner():
    twins = torch.tensor([X, X])
    assert info_nce(twins, twins, NONE_NEAR).item() == pytest.approx(math.log(2), abs=1e-5)
    assert info_nce(twins, twins, torch.ones(2, 2, dtype=torch.bool)).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [hardest_in_batch, info_nce])
def test_gradients_are_finite_even_for_equal_descriptors(loss):
    anchor = torch.tensor([X, X], requires_grad=True)
    loss(anchor, anchor.detach(), NONE_NEAR).backward()
    assert torch.isfinite(anchor.grad).all()


@pytest.mark.parametrize("loss", [hardest_in_batch, info_nce])
def test_sides_may_be_swapped(loss):
    draw = torch.Generator().manual_seed(0)
    anchor, positive = (torch.nn.functional.normalize(torch.randn(8, 4, generator=draw), dim=1) for _ in range(2))
    near = torch.zeros(8, 8, dtype=torch.bool)
    torch.testing.assert_close(loss(anchor, positive, near), loss(positive, anchor, near))


def test_hardest_negative_where_no_place_is_left_is_farther_than_any():
    assert (hardest_negatives(unit([0.0, 9.0]), unit([1.0, 8.0]), torch.ones(2, 2, dtype=torch.bool)) == 10).all()


def test_hybrid_triplets_by_hand():
    anchor, positive = unit([0.0, 90.0]), unit([10.0, 70.0])

    def hybrid(degrees):
        return chord(degrees) + 3 * (1 - math.cos(math.radians(degrees)))

    expected = (max(0, 1.5 + hybrid(10) - hybrid(60)) + max(0, 1.5 + hybrid(20) - hybrid(60))) / 2
    value = hybrid_triplets(anchor, positive, NONE_NEAR, margin=1.5, alpha=3.0)
    assert value.item() == pytest.approx(expected, abs=1e-4)


def test_norm_difference_by_hand():
    anchor, positive = torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    assert norm_difference(anchor, positive).item() == pytest.approx((3**2 + 0) / 2)


def test_hynet_is_its_two_parts_with_published_numbers():
    pairs = random_pairs()
    parts = hybrid_triplets(pairs.anchor, pairs.positive, NEAR_12, 1.2, 2.0)
    expected = parts + 0.1 * norm_difference(pairs.raw_anchor, pairs.raw_positive)
    torch.testing.assert_close(compute_loss(LossConfig(name="hynet"), pairs, NEAR_12), expected)
    assert expected > parts + 0.01


def test_quadratic_triplets_by_hand():
    anchor, positive = unit([0.0, 90.0]), unit([10.0, 70.0])
    expected = ((0.9 + chord(10) - chord(60)) ** 2 + (0.9 + chord(20) - chord(60)) ** 2) / 2
    value = quadratic_triplets(anchor, positive, NONE_NEAR, margin=0.9)
    assert value.item() == pytest.approx(expected, abs=1e-4)


def test_second_order_difference_by_hand():
    anchor, positive = unit([0.0, 20.0, 90.0]), unit([0.0, 50.0, 80.0])
    near = torch.zeros(3, 3, dtype=torch.bool)
    first, second, third = chord(20) - chord(50), chord(70) - chord(30), chord(90) - chord(80)
    every = (math.hypot(first, third) + math.hypot(first, second) + math.hypot(third, second)) / 3
    assert second_order_difference(anchor, positive, near, 2).item() == pytest.approx(every, abs=1e-4)
    assert second_order_difference(anchor, positive, near, 8).item() == pytest.approx(every, abs=1e-4)
    # nearest only: 1 with 2 (in both); 2 with 1 (anchors) and 3 (positives); 3 with 2 (in both)
    nearest = (abs(first) + math.hypot(first, second) + abs(second)) / 3
    assert second_order_difference(anchor, positive, near, 1).item() == pytest.approx(nearest, abs=1e-4)


def test_second_order_difference_leaves_out_near_places():
    anchor, positive = unit([0.0, 20.0, 90.0]), unit([0.0, 50.0, 80.0])
    near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    second, third = chord(70) - chord(30), chord(90) - chord(80)
    expected = (abs(third) + abs(second) + math.hypot(second, third)) / 3
    assert second_order_difference(anchor, positive, near, 2).item() == pytest.approx(expected, abs=1e-4)


def test_second_order_difference_of_equal_sides_is_nothing():
    same = random_pairs().anchor
    assert second_order_difference(same, same.clone(), NEAR_12).item() == pytest.approx(0, abs=2e-3)


def test_sosnet_is_its_two_parts():
    pairs = random_pairs()
    first = quadratic_triplets(pairs.anchor, pairs.positive, NEAR_12, 1.0)
    second = second_order_difference(pairs.anchor, pairs.positive, NEAR_12, 8)
    torch.testing.assert_close(compute_loss(LossConfig(name="sosnet"), pairs, NEAR_12), first + second)


def test_spread_out_by_hand():
    anchor, positive = unit([0.0, 90.0]), unit([60.0, 30.0])  # strangers: 30 and 30 degrees
    cosine = math.cos(math.radians(30))
    value = spread_out(anchor, positive, NONE_NEAR)
    assert value.item() == pytest.approx(cosine**2 + cosine**2 - 1 / 2, abs=1e-5)
    near = torch.tensor([[0, 1], [1, 0]], dtype=torch.bool)
    assert spread_out(anchor, positive, near).item() == 0


def test_spread_out_tells_a_constant_descriptor_from_spread_ones():
    same = unit([20.0] * 8)
    assert spread_out(same, same, torch.zeros(8, 8, dtype=torch.bool)).item() == pytest.approx(1.5, abs=1e-5)
    opposite = torch.cat([torch.eye(4), -torch.eye(4)])
    # all but the partner: the mean is -1 / 56 * 8 and the mean square 1 / 7, below 1 / 4
    value = spread_out(opposite, opposite, torch.zeros(8, 8, dtype=torch.bool))
    assert value.item() == pytest.approx((8 / 56) ** 2, abs=1e-6)


def test_spread_is_added_to_any_loss():
    pairs = random_pairs()
    plain = compute_loss(LossConfig(name="info_nce"), pairs, NEAR_12)
    expected = plain + 0.5 * spread_out(pairs.anchor, pairs.positive, NEAR_12)
    torch.testing.assert_close(compute_loss(LossConfig(name="info_nce", spread=0.5), pairs, NEAR_12), expected)


def test_margin_without_a_number_is_the_published_one():
    pairs = random_pairs()
    for name, margin in (("hardest", 1.0), ("hynet", 1.2), ("sosnet", 1.0)):
        published, given = LossConfig(name=name), LossConfig(name=name, margin=margin)
        assert torch.equal(compute_loss(published, pairs, NEAR_12), compute_loss(given, pairs, NEAR_12))
        other = LossConfig(name=name, margin=1.9)
        assert not torch.equal(compute_loss(published, pairs, NEAR_12), compute_loss(other, pairs, NEAR_12))


def test_raw_pairs_are_normalised():
    pairs = DescribedPairs.from_raw(torch.tensor([[3.0, 4.0]]).bfloat16(), torch.tensor([[0.0, 2.0]]))
    torch.testing.assert_close(pairs.anchor, torch.tensor([[0.6, 0.8]]))
    torch.testing.assert_close(pairs.positive, torch.tensor([[0.0, 1.0]]))
    assert pairs.raw_anchor.dtype == torch.float32
    assert pairs.raw_anchor.norm().item() == 5


@pytest.mark.parametrize("config", EVERY_LOSS)
def test_loss_stays_float32_within_an_autocast_region(config):
    pairs = random_pairs()
    torch.manual_seed(0)
    expected = compute_loss(config, pairs, NEAR_12)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        value = compute_loss(config, pairs, NEAR_12)
    assert value.dtype == torch.float32
    assert torch.equal(value, expected)


@pytest.mark.parametrize("config", EVERY_LOSS)
def test_loss_is_one_graph(config):
    """No value is waited for and no shape depends on one: such a loss can be compiled and captured whole."""
    pairs = random_pairs(seed=1)
    pairs.anchor.requires_grad_()
    torch.compiler.reset()
    traced = torch.compile(compute_loss, backend="eager", fullgraph=True)
    torch.manual_seed(0)
    value = traced(config, pairs, NEAR_12)
    value.backward()
    torch.manual_seed(0)
    torch.testing.assert_close(value, compute_loss(config, pairs, NEAR_12))


@pytest.mark.parametrize("config", [each for each in EVERY_LOSS if not each.stop_margin_gradient])
def test_gradient_is_that_of_finite_differences(config):
    draw = torch.Generator().manual_seed(5)
    raw = [torch.randn(5, 4, generator=draw, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    near = torch.zeros(5, 5, dtype=torch.bool)

    def loss(anchor, positive):
        torch.manual_seed(0)
        sides = (torch.nn.functional.normalize(side) for side in (anchor, positive))
        return compute_loss(config, DescribedPairs(*sides, anchor, positive), near)

    assert torch.autograd.gradcheck(loss, raw)


@pytest.mark.parametrize("config", EVERY_LOSS)
def test_gradients_are_finite_for_equal_descriptors(config):
    raw = torch.ones(12, 6, requires_grad=True)
    compute_loss(config, DescribedPairs.from_raw(raw, raw.detach()), NEAR_12).backward()
    assert torch.isfinite(raw.grad).all()


@pytest.mark.parametrize(
    "values",
    [
        {"name": "lt", "margin": 0.5},
        {"name": "hardest", "temperature": 0.1},
        {"name": "hardest", "negatives": "random"},
        {"name": "info_nce", "margin_floor": 0.5},
        {"name": "hynet", "relative": True},
        {"name": "sosnet", "alpha": 1.0},
    ],
)
def test_number_without_a_use_is_refused(values):
    with pytest.raises(ValidationError, match="has no use for it"):
        TypeAdapter(LossConfig).validate_python(values)


@pytest.mark.parametrize(
    "values", [{"name": "triplet"}, {"margin": 0}, {"spread": -1}, {"neighbours": 0, "name": "sosnet"}, {"beta": 1}]
)
def test_number_out_of_range_is_refused(values):
    with pytest.raises(ValidationError):
        TypeAdapter(LossConfig).validate_python(values)


@pytest.mark.parametrize("config", EVERY_LOSS)
def test_settings_survive_being_written(config):
    adapter = TypeAdapter(LossConfig)
    assert adapter.validate_python(adapter.dump_python(config, mode="json")) == config
