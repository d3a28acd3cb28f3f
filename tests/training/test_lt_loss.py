"""The LT loss against values computed by hand, and what keeps it from collapsing."""

import dataclasses

import pytest
import torch

from tests.training.described_pairs import (
    LT_FORMS,
    NEAR_12,
    NONE_NEAR,
    chord,
    pairs_of,
    random_pairs,
    related_pairs,
    unit,
)
from training.losses import DescribedPairs, LossConfig, adaptive_triplets, compute_loss


def published_lt_loss(anchor, positive, negative):
    """LTFormer, Information Fusion 2024: a triplet loss whose margin is the mean of both distances.

    It equals mean max(0, 1.5 d_p - 0.5 d_n), so descriptors that shrink together lower it, too.
    """
    to_positive, to_negative = (anchor - positive).norm(dim=1), (anchor - negative).norm(dim=1)
    return torch.relu(to_positive + (to_positive + to_negative) / 2 - to_negative).mean()


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
    value = adaptive_triplets(torch.tensor([0.5]), torch.tensor([0.9]), LT_FORMS[form])
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
    adaptive_triplets(scale * 0.5, scale * 0.9, LT_FORMS[form]).sum().backward()
    assert scale.grad.item() == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("form", LT_FORMS)
@pytest.mark.parametrize("negatives", ["next", "random"])
def test_common_direction_lowers_the_published_form_only(form, negatives):
    """The same for descriptors: a part common to all of them draws them together."""
    torch.manual_seed(0)
    pairs, config = related_pairs(), dataclasses.replace(LT_FORMS[form], negatives=negatives)
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
    pairs = random_pairs()
    expected = published_lt_loss(pairs.anchor, pairs.positive, pairs.positive.roll(-1, dims=0))
    torch.testing.assert_close(compute_loss(LossConfig(name="lt"), pairs, NEAR_12), expected, atol=1e-5, rtol=1e-5)


def test_lt_with_hardest_negatives_by_hand():
    pairs = pairs_of(unit([0.0, 90.0]), unit([10.0, 70.0]))  # hardest 60 degrees away, as for HardNet above
    expected = (max(0, 1.5 * chord(10) - 0.5 * chord(60)) + max(0, 1.5 * chord(20) - 0.5 * chord(60))) / 2
    value = compute_loss(LossConfig(name="lt", negatives="hardest"), pairs, NONE_NEAR)
    assert value.item() == pytest.approx(expected, abs=1e-5)


def test_lt_leaves_out_pairs_whose_next_place_is_near():
    pairs = pairs_of(unit([0.0, 0.0, 90.0]), unit([60.0, 0.0, 150.0]))
    near = torch.zeros(3, 3, dtype=torch.bool)
    near[0, 1] = near[1, 0] = True  # the negative of the first would be the second's partner
    # left: second (0, partner 0, stranger 150 degrees) and third (90, partner 60, stranger 30 degrees)
    expected = (0 + 1.5 * chord(60) - 0.5 * chord(30)) / 2
    assert compute_loss(LossConfig(name="lt"), pairs, near).item() == pytest.approx(expected, abs=1e-5)


def test_lt_random_negatives_are_fair():
    """Of three places only the third is no negative of the others: a random choice has nothing else to take."""
    pairs = pairs_of(unit([0.0, 5.0, 90.0]), unit([40.0, 45.0, 130.0]))
    near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    first = 1.5 * chord(40) - 0.5 * chord(130)
    second = 1.5 * chord(40) - 0.5 * chord(125)
    third = [1.5 * chord(40) - 0.5 * chord(degrees) for degrees in (50, 45)]
    expected = {round((max(0, first) + max(0, second) + each) / 3, 4) for each in third}
    config = LossConfig(name="lt", negatives="random")
    torch.manual_seed(0)
    seen = {round(compute_loss(config, pairs, near).item(), 4) for _ in range(30)}
    assert seen == expected


@pytest.mark.parametrize("negatives", ["next", "random", "hardest"])
def test_lt_without_any_fair_negative_is_zero(negatives):
    pairs = random_pairs()
    config = LossConfig(name="lt", negatives=negatives, margin_floor=1.0)
    assert compute_loss(config, pairs, torch.ones(12, 12, dtype=torch.bool)).item() == 0


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
