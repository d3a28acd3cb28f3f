"""Descriptor pairs whose losses can be computed by hand, and the settings of every loss."""

import math

import torch

from training.losses import DescribedPairs, LossConfig

NONE_NEAR = torch.zeros(2, 2, dtype=torch.bool)
X, Y = [1.0, 0.0], [0.0, 1.0]
ROOT2 = math.sqrt(2)


def unit(degrees):
    radians = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return torch.stack([radians.cos(), radians.sin()], dim=1)


def chord(degrees):
    return 2 * math.sin(math.radians(degrees) / 2)


def pairs_of(anchor, positive):
    return DescribedPairs(anchor, positive, anchor, positive)


def random_pairs(count=12, width=6, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return DescribedPairs.from_raw(*(3 * torch.randn(count, width, generator=draw) for _ in range(2)))


def related_pairs(count=64, width=8):
    """Pairs whose partners lie closer than strangers, on average."""
    draw = torch.Generator().manual_seed(3)
    place = torch.randn(count, width, generator=draw)
    return DescribedPairs.from_raw(*(place + 0.4 * torch.randn(count, width, generator=draw) for _ in range(2)))


NEAR_12 = torch.zeros(12, 12, dtype=torch.bool)
LT_FORMS = {
    "published": LossConfig(name="lt"),
    "stopped": LossConfig(name="lt", stop_margin_gradient=True),
    "floor": LossConfig(name="lt", margin_floor=1.0),
    "relative": LossConfig(name="lt", relative=True),
    "relative, stopped": LossConfig(name="lt", relative=True, stop_margin_gradient=True),
}
EVERY_LOSS = [
    LossConfig(name="hardest"),
    LossConfig(name="info_nce"),
    LossConfig(name="hynet"),
    LossConfig(name="sosnet", neighbours=3),
    LossConfig(name="sosnet", neighbours=3, spread=1.0),
    *LT_FORMS.values(),
    *(LossConfig(name="lt", negatives=each, margin_floor=0.5) for each in ("hardest", "random")),
]
