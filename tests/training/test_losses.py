"""Losses against values computed by hand, and what keeps the LT loss from collapsing."""

import dataclasses
import math

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from training.losses import (
    DescribedPairs,
    LossConfig,
    adaptive_triplets,
    compute_loss,
    distances,
    hardest_in_batch,
    hardest_negatives,
    hybrid_triplets,
    info_nce,
    lt_loss,
    norm_difference,
    quadratic_triplets,
    second_order_difference,
    spread_out,
)

_NONE_NEAR = torch.zeros(2, 2, dtype=torch.bool)
_X, _Y = [1.0, 0.0], [0.0, 1.0]
_ROOT2 = math.sqrt(2)


def _unit(degrees):
    radians = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return torch.stack([radians.cos(), radians.sin()], dim=1)


def _chord(degrees):
    return 2 * math.sin(math.radians(degrees) / 2)


def _pairs(anchor, positive):
    return DescribedPairs(anchor, positive, anchor, positive)


def _random_pairs(count=12, width=6, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return DescribedPairs.from_raw(*(3 * torch.randn(count, width, generator=draw) for _ in range(2)))


def _related_pairs(count=64, width=8):
    """Pairs whose partners lie closer than strangers, on average."""
    draw = torch.Generator().manual_seed(3)
    place = torch.randn(count, width, generator=draw)
    return DescribedPairs.from_raw(*(place + 0.4 * torch.randn(count, width, generator=draw) for _ in range(2)))


_NEAR_12 = torch.zeros(12, 12, dtype=torch.bool)
_FORMS = {
    "published": LossConfig(name="lt"),
    "stopped": LossConfig(name="lt", stop_margin_gradient=True),
    "floor": LossConfig(name="lt", margin_floor=1.0),
    "relative": LossConfig(name="lt", relative=True),
    "relative, stopped": LossConfig(name="lt", relative=True, stop_margin_gradient=True),
}
_EVERY = [
    LossConfig(name="hardest"),
    LossConfig(name="info_nce"),
    LossConfig(name="hynet"),
    LossConfig(name="sosnet", neighbours=3),
    LossConfig(name="sosnet", neighbours=3, spread=1.0),
    *_FORMS.values(),
    *(LossConfig(name="lt", negatives=each, margin_floor=0.5) for each in ("hardest", "random")),
]


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
    # pair 1: partner 10 degrees away; strangers at 70 (cross), 80 (cross), 90 (anchors), 60 (positives): 60 is hardest
    # pair 2: partner 20 degrees away; the same strangers
    expected = (max(0, 1 + _chord(10) - _chord(60)) + max(0, 1 + _chord(20) - _chord(60))) / 2
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


def test_hardest_negative_where_no_place_is_left_is_farther_than_any():
    assert (hardest_negatives(_unit([0.0, 9.0]), _unit([1.0, 8.0]), torch.ones(2, 2, dtype=torch.bool)) == 10).all()


@pytest.mark.parametrize(
    ("form", "expected"),
    [  # d_p = 0.5, d_n = 0.9, margin 0.7
        ("published", 0.3),
        ("stopped", 0.3),
        ("floor", 0.6),
        ("relative", 3 / 7),
        ("relative, stopped", 3 / 7),
    ],
)
def test_lt_forms_by_hand(form, expected):
    value = adaptive_triplets(torch.tensor([0.5]), torch.tensor([0.9]), _FORMS[form])
    assert value.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("form", "slope"),
    [  # d(loss) / d(scale) at scale 1: positive means that shrinking lowers the loss
        ("published", 0.3),  # the loss itself
        ("stopped", 0.5 - 0.9),
        ("floor", 0.5 - 0.9),
        ("relative", 0.0),
        ("relative, stopped", (0.5 - 0.9) / 0.7),
    ],
)
def test_only_the_published_form_is_lowered_by_shrinking_all_distances(form, slope):
    scale = torch.ones(1, requires_grad=True)
    adaptive_triplets(scale * 0.5, scale * 0.9, _FORMS[form]).sum().backward()
    assert scale.grad.item() == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("negatives", ["next", "random"])
def test_common_direction_lowers_the_published_form_only(form, negatives):
    """The same for descriptors: a part common to all of them draws them together."""
    torch.manual_seed(0)
    pairs, config = _related_pairs(), dataclasses.replace(_FORMS[form], negatives=negatives)
    common = torch.zeros(1, requires_grad=True)
    direction = torch.eye(9)[8]
    moved = [
        torch.nn.functional.pad(each, (0, 1)) + (0.5 + common) * direction for each in (pairs.anchor, pairs.positive)
    ]
    near = torch.zeros(64, 64, dtype=torch.bool)
    compute_loss(config, DescribedPairs.from_raw(*moved), near).backward()
    if form == "published":
        assert common.grad.item() < -1e-2
    else:
        assert common.grad.item() > (-1e-4 if form == "relative" else 1e-2)


def test_lt_config_as_published_is_the_published_loss():
    pairs = _random_pairs()
    expected = lt_loss(pairs.anchor, pairs.positive, pairs.positive.roll(-1, dims=0))
    torch.testing.assert_close(compute_loss(LossConfig(name="lt"), pairs, _NEAR_12), expected, atol=1e-5, rtol=1e-5)


def test_lt_with_hardest_negatives_by_hand():
    pairs = _pairs(_unit([0.0, 90.0]), _unit([10.0, 70.0]))  # hardest 60 degrees away, as for HardNet above
    expected = (max(0, 1.5 * _chord(10) - 0.5 * _chord(60)) + max(0, 1.5 * _chord(20) - 0.5 * _chord(60))) / 2
    value = compute_loss(LossConfig(name="lt", negatives="hardest"), pairs, _NONE_NEAR)
    assert value.item() == pytest.approx(expected, abs=1e-5)


def test_lt_leaves_out_pairs_whose_next_place_is_near():
    pairs = _pairs(_unit([0.0, 0.0, 90.0]), _unit([60.0, 0.0, 150.0]))
    near = torch.zeros(3, 3, dtype=torch.bool)
    near[0, 1] = near[1, 0] = True  # the negative of the first would be the second's partner
    # left: second (0, partner 0, stranger 150 degrees) and third (90, partner 60, stranger 30 degrees)
    expected = (0 + 1.5 * _chord(60) - 0.5 * _chord(30)) / 2
    assert compute_loss(LossConfig(name="lt"), pairs, near).item() == pytest.approx(expected, abs=1e-5)


def test_lt_random_negatives_are_fair():
    """Of three places only the third is no negative of the others: a random choice has nothing else to take."""
    pairs = _pairs(_unit([0.0, 5.0, 90.0]), _unit([40.0, 45.0, 130.0]))
    near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    first = 1.5 * _chord(40) - 0.5 * _chord(130)
    second = 1.5 * _chord(40) - 0.5 * _chord(125)
    third = [1.5 * _chord(40) - 0.5 * _chord(degrees) for degrees in (50, 45)]
    expected = {round((max(0, first) + max(0, second) + each) / 3, 4) for each in third}
    config = LossConfig(name="lt", negatives="random")
    torch.manual_seed(0)
    seen = {round(compute_loss(config, pairs, near).item(), 4) for _ in range(30)}
    assert seen == expected


@pytest.mark.parametrize("negatives", ["next", "random", "hardest"])
def test_lt_without_any_fair_negative_is_zero(negatives):
    pairs = _random_pairs()
    config = LossConfig(name="lt", negatives=negatives, margin_floor=1.0)
    assert compute_loss(config, pairs, torch.ones(12, 12, dtype=torch.bool)).item() == 0


def test_hybrid_triplets_by_hand():
    anchor, positive = _unit([0.0, 90.0]), _unit([10.0, 70.0])

    def hybrid(degrees):
        return _chord(degrees) + 3 * (1 - math.cos(math.radians(degrees)))

    expected = (max(0, 1.5 + hybrid(10) - hybrid(60)) + max(0, 1.5 + hybrid(20) - hybrid(60))) / 2
    value = hybrid_triplets(anchor, positive, _NONE_NEAR, margin=1.5, alpha=3.0)
    assert value.item() == pytest.approx(expected, abs=1e-4)


def test_norm_difference_by_hand():
    anchor, positive = torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    assert norm_difference(anchor, positive).item() == pytest.approx((3**2 + 0) / 2)


def test_hynet_is_its_two_parts_with_published_numbers():
    pairs = _random_pairs()
    parts = hybrid_triplets(pairs.anchor, pairs.positive, _NEAR_12, 1.2, 2.0)
    expected = parts + 0.1 * norm_difference(pairs.raw_anchor, pairs.raw_positive)
    torch.testing.assert_close(compute_loss(LossConfig(name="hynet"), pairs, _NEAR_12), expected)
    assert expected > parts + 0.01


def test_quadratic_triplets_by_hand():
    anchor, positive = _unit([0.0, 90.0]), _unit([10.0, 70.0])
    expected = ((0.9 + _chord(10) - _chord(60)) ** 2 + (0.9 + _chord(20) - _chord(60)) ** 2) / 2
    value = quadratic_triplets(anchor, positive, _NONE_NEAR, margin=0.9)
    assert value.item() == pytest.approx(expected, abs=1e-4)


def test_second_order_difference_by_hand():
    anchor, positive = _unit([0.0, 20.0, 90.0]), _unit([0.0, 50.0, 80.0])
    near = torch.zeros(3, 3, dtype=torch.bool)
    first, second, third = _chord(20) - _chord(50), _chord(70) - _chord(30), _chord(90) - _chord(80)
    every = (math.hypot(first, third) + math.hypot(first, second) + math.hypot(third, second)) / 3
    assert second_order_difference(anchor, positive, near, 2).item() == pytest.approx(every, abs=1e-4)
    assert second_order_difference(anchor, positive, near, 8).item() == pytest.approx(every, abs=1e-4)
    # nearest only: 1 with 2 (in both); 2 with 1 (anchors) and 3 (positives); 3 with 2 (in both)
    nearest = (abs(first) + math.hypot(first, second) + abs(second)) / 3
    assert second_order_difference(anchor, positive, near, 1).item() == pytest.approx(nearest, abs=1e-4)


def test_second_order_difference_leaves_out_near_places():
    anchor, positive = _unit([0.0, 20.0, 90.0]), _unit([0.0, 50.0, 80.0])
    near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    second, third = _chord(70) - _chord(30), _chord(90) - _chord(80)
    expected = (abs(third) + abs(second) + math.hypot(second, third)) / 3
    assert second_order_difference(anchor, positive, near, 2).item() == pytest.approx(expected, abs=1e-4)


def test_second_order_difference_of_equal_sides_is_nothing():
    same = _random_pairs().anchor
    assert second_order_difference(same, same.clone(), _NEAR_12).item() == pytest.approx(0, abs=2e-3)


def test_sosnet_is_its_two_parts():
    pairs = _random_pairs()
    first = quadratic_triplets(pairs.anchor, pairs.positive, _NEAR_12, 1.0)
    second = second_order_difference(pairs.anchor, pairs.positive, _NEAR_12, 8)
    torch.testing.assert_close(compute_loss(LossConfig(name="sosnet"), pairs, _NEAR_12), first + second)


def test_spread_out_by_hand():
    anchor, positive = _unit([0.0, 90.0]), _unit([60.0, 30.0])  # strangers: 30 and 30 degrees
    cosine = math.cos(math.radians(30))
    value = spread_out(anchor, positive, _NONE_NEAR)
    assert value.item() == pytest.approx(cosine**2 + cosine**2 - 1 / 2, abs=1e-5)
    near = torch.tensor([[0, 1], [1, 0]], dtype=torch.bool)
    assert spread_out(anchor, positive, near).item() == 0


def test_spread_out_tells_a_constant_descriptor_from_spread_ones():
    same = _unit([20.0] * 8)
    assert spread_out(same, same, torch.zeros(8, 8, dtype=torch.bool)).item() == pytest.approx(1.5, abs=1e-5)
    opposite = torch.cat([torch.eye(4), -torch.eye(4)])
    # all but the partner: the mean is -1 / 56 * 8 and the mean square 1 / 7, below 1 / 4
    value = spread_out(opposite, opposite, torch.zeros(8, 8, dtype=torch.bool))
    assert value.item() == pytest.approx((8 / 56) ** 2, abs=1e-6)


def test_spread_is_added_to_any_loss():
    pairs = _random_pairs()
    plain = compute_loss(LossConfig(name="info_nce"), pairs, _NEAR_12)
    expected = plain + 0.5 * spread_out(pairs.anchor, pairs.positive, _NEAR_12)
    torch.testing.assert_close(compute_loss(LossConfig(name="info_nce", spread=0.5), pairs, _NEAR_12), expected)


def test_margin_without_a_number_is_the_published_one():
    pairs = _random_pairs()
    for name, margin in (("hardest", 1.0), ("hynet", 1.2), ("sosnet", 1.0)):
        published, given = LossConfig(name=name), LossConfig(name=name, margin=margin)
        assert torch.equal(compute_loss(published, pairs, _NEAR_12), compute_loss(given, pairs, _NEAR_12))
        other = LossConfig(name=name, margin=1.9)
        assert not torch.equal(compute_loss(published, pairs, _NEAR_12), compute_loss(other, pairs, _NEAR_12))


def test_raw_pairs_are_normalised():
    pairs = DescribedPairs.from_raw(torch.tensor([[3.0, 4.0]]).bfloat16(), torch.tensor([[0.0, 2.0]]))
    torch.testing.assert_close(pairs.anchor, torch.tensor([[0.6, 0.8]]))
    torch.testing.assert_close(pairs.positive, torch.tensor([[0.0, 1.0]]))
    assert pairs.raw_anchor.dtype == torch.float32
    assert pairs.raw_anchor.norm().item() == 5


@pytest.mark.parametrize("config", _EVERY)
def test_loss_stays_float32_within_an_autocast_region(config):
    pairs = _random_pairs()
    torch.manual_seed(0)
    expected = compute_loss(config, pairs, _NEAR_12)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        value = compute_loss(config, pairs, _NEAR_12)
    assert value.dtype == torch.float32
    assert torch.equal(value, expected)


@pytest.mark.parametrize("config", _EVERY)
def test_loss_is_one_graph(config):
    """No value is waited for and no shape depends on one: such a loss can be compiled and captured whole."""
    pairs = _random_pairs(seed=1)
    pairs.anchor.requires_grad_()
    torch.compiler.reset()
    traced = torch.compile(compute_loss, backend="eager", fullgraph=True)
    torch.manual_seed(0)
    value = traced(config, pairs, _NEAR_12)
    value.backward()
    torch.manual_seed(0)
    torch.testing.assert_close(value, compute_loss(config, pairs, _NEAR_12))


@pytest.mark.parametrize("config", [each for each in _EVERY if not each.stop_margin_gradient])
def test_gradient_is_that_of_finite_differences(config):
    draw = torch.Generator().manual_seed(5)
    raw = [torch.randn(5, 4, generator=draw, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    near = torch.zeros(5, 5, dtype=torch.bool)

    def loss(anchor, positive):
        torch.manual_seed(0)
        unit = torch.nn.functional.normalize
        return compute_loss(config, DescribedPairs(unit(anchor), unit(positive), anchor, positive), near)

    assert torch.autograd.gradcheck(loss, raw)


@pytest.mark.parametrize("config", _EVERY)
def test_gradients_are_finite_for_equal_descriptors(config):
    raw = torch.ones(12, 6, requires_grad=True)
    compute_loss(config, DescribedPairs.from_raw(raw, raw.detach()), _NEAR_12).backward()
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


@pytest.mark.parametrize("config", _EVERY)
def test_settings_survive_being_written(config):
    adapter = TypeAdapter(LossConfig)
    assert adapter.validate_python(adapter.dump_python(config, mode="json")) == config


def _unrelated_after_training(config):
    """Returns the mean cosine of unrelated places after 150 steps of a linear network on 64 noisy places."""
    torch.manual_seed(0)
    place = torch.randn(64, 16)
    sides = [place + torch.randn(64, 16) for _ in range(2)]
    network = torch.nn.Linear(16, 8)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    near = torch.zeros(64, 64, dtype=torch.bool)
    for _ in range(150):
        pairs = DescribedPairs.from_raw(*(network(side) for side in sides))
        loss = compute_loss(config, pairs, near)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    similarity = pairs.anchor @ pairs.positive.T
    return ((similarity.sum() - similarity.diagonal().sum()) / (64 * 63)).item()


def test_published_lt_loss_collapses_with_hardest_negatives():
    assert _unrelated_after_training(LossConfig(name="lt", negatives="hardest")) > 0.8


@pytest.mark.parametrize(
    "numbers",
    [
        {"margin_floor": 1.0},
        {"relative": True},
        {"stop_margin_gradient": True},
        {"spread": 1.0},
    ],
)
def test_other_lt_forms_do_not(numbers):
    assert _unrelated_after_training(LossConfig(name="lt", negatives="hardest", **numbers)) < 0.3
