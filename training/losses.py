"""Losses of descriptor pairs, as pure functions of (B, D) float32 descriptors of L2 norm 1.

Row i of `anchor` and row i of `positive` show the same place. `near` (B, B) says which places lie so close to
each other that they are no fair negatives; its diagonal is ignored. All results are means over the batch. No
function waits for a value or makes a shape depend on one, so a step can be compiled and captured as one graph.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal, Optional

import torch
from pydantic import ConfigDict, Field, model_validator
from pydantic import dataclasses as pydantic
from torch import Tensor
from torch.nn import functional

LossName = Literal["hardest", "info_nce", "lt", "hynet", "sosnet"]
Negatives = Literal["hardest", "next", "random"]
PositiveFloat = Annotated[float, Field(gt=0)]
NotNegativeFloat = Annotated[float, Field(ge=0)]

_FAR = 10.0  # larger than every distance of unit vectors
_SMALL = 1e-6  # smallest squared distance; keeps the square root's slope finite
_MARGINS = {"hardest": 1.0, "hynet": 1.2, "sosnet": 1.0}  # as published
_USED_BY = {
    "margin": ("hardest", "hynet", "sosnet"),
    "temperature": ("info_nce",),
    "negatives": ("lt",),
    "margin_floor": ("lt",),
    "stop_margin_gradient": ("lt",),
    "relative": ("lt",),
    "alpha": ("hynet",),
    "norm_weight": ("hynet",),
    "neighbours": ("sosnet",),
}


@pydantic.dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LossConfig:
    """Which loss, and its numbers. A number that the loss has no use for is refused unless it is the default.

    Attributes:
        name: "hardest" (HardNet), "info_nce", "lt" (LTFormer), "hynet" or "sosnet".
        margin: of "hardest", "hynet" and "sosnet"; without it the published one: 1, 1.2 and 1.
        temperature: of "info_nce".
        negatives: of "lt": "next" is the partner of the batch's next place (as published), "random" that of any
            other place, "hardest" the nearest descriptor of another place, of both kinds of image.
        margin_floor: smallest adaptive margin of "lt"; 0 as published.
        stop_margin_gradient: whether the adaptive margin of "lt" is a constant for the gradient.
        relative: whether "lt" counts in units of its margin, so that the scale of the distances has no say.
        alpha: weight of the inner product in the similarity of "hynet".
        norm_weight: of the difference between partners' norms in "hynet".
        neighbours: of a place whose distances "sosnet" compares.
        spread: weight of `spread_out`, added to any loss; 0 leaves it out.
    """

    name: LossName = "hardest"
    margin: Optional[PositiveFloat] = None
    temperature: PositiveFloat = 0.03
    negatives: Negatives = "next"
    margin_floor: Annotated[float, Field(ge=0, le=2)] = 0.0
    stop_margin_gradient: bool = False
    relative: bool = False
    alpha: PositiveFloat = 2.0
    norm_weight: NotNegativeFloat = 0.1
    neighbours: Annotated[int, Field(ge=1)] = 8
    spread: NotNegativeFloat = 0.0

    @model_validator(mode="after")
    def _only_what_counts(self) -> LossConfig:
        for field in fields(self):
            users = _USED_BY.get(field.name, (self.name,))
            if self.name not in users and getattr(self, field.name) != field.default:
                raise ValueError(
                    f"'{field.name}' is a setting of {' and '.join(users)}; '{self.name}' has no use for it"
                )
        return self


@dataclass(frozen=True)
class DescribedPairs:
    """The descriptors of a batch.

    Attributes:
        anchor: (B, D), L2 norm 1, of the visible patches.
        positive: (B, D), L2 norm 1, of the NIR patches of the same places.
        raw_anchor: (B, D) what `anchor` was before its L2 norm: the head's output, after its BatchNorm. HyNet's
            norm regulariser needs it there (that is where its authors' own code takes it).
        raw_positive: (B, D) the same of `positive`.
    """

    anchor: Tensor
    positive: Tensor
    raw_anchor: Tensor
    raw_positive: Tensor

    @classmethod
    def from_raw(cls, raw_anchor: Tensor, raw_positive: Tensor) -> DescribedPairs:
        """Returns the pairs of two (B, D) outputs of a network's head, in float32."""
        raw_anchor, raw_positive = raw_anchor.float(), raw_positive.float()
        unit = functional.normalize
        return cls(unit(raw_anchor, dim=1), unit(raw_positive, dim=1), raw_anchor, raw_positive)


def compute_loss(config: LossConfig, pairs: DescribedPairs, near: Tensor) -> Tensor:
    """Returns the loss that `config` asks for, always computed in float32, also within an autocast region.

    Args:
        config: which loss.
        pairs: the descriptors of a batch.
        near: (B, B) bool, places that are no negatives of each other; the diagonal is ignored.
    """
    with torch.autocast(pairs.anchor.device.type, enabled=False):
        loss = _named_loss(config, pairs, near)
        if config.spread:
            loss = loss + config.spread * spread_out(pairs.anchor, pairs.positive, near)
    return loss


def _named_loss(config: LossConfig, pairs: DescribedPairs, near: Tensor) -> Tensor:
    anchor, positive = pairs.anchor, pairs.positive
    if config.name == "info_nce":
        return info_nce(anchor, positive, near, config.temperature)
    if config.name == "lt":
        return lt_loss(config, anchor, positive, near)
    margin = _MARGINS[config.name] if config.margin is None else config.margin
    if config.name == "hynet":
        triplets = hybrid_triplets(anchor, positive, near, margin, config.alpha)
        return triplets + config.norm_weight * norm_difference(pairs.raw_anchor, pairs.raw_positive)
    if config.name == "sosnet":
        second_order = second_order_difference(anchor, positive, near, config.neighbours)
        return quadratic_triplets(anchor, positive, near, margin) + second_order
    return hardest_in_batch(anchor, positive, near, margin)


def distances(first: Tensor, second: Tensor) -> Tensor:
    """Returns the (B, C) Euclidean distances of unit vectors (B, D) and (C, D)."""
    return (2 - 2 * first @ second.T).clamp(min=_SMALL).sqrt()


def partner_distances(anchor: Tensor, positive: Tensor) -> Tensor:
    """Returns the (B,) Euclidean distances of partners of L2 norm 1."""
    return (2 - 2 * (anchor * positive).sum(dim=1)).clamp(min=_SMALL).sqrt()


def hardest_negatives(anchor: Tensor, positive: Tensor, near: Tensor) -> Tensor:
    """Returns the (B,) distances from each pair, that is from either member, to the nearest descriptor of another
    place, of both kinds of image; 10, more than any distance, where no place is left."""
    excluded = _with_diagonal(near)
    candidates = [distances(anchor, positive), distances(anchor, anchor), distances(positive, positive)]
    cross, same_anchor, same_positive = (each.masked_fill(excluded, _FAR) for each in candidates)
    return torch.stack([cross.amin(dim=1), cross.amin(dim=0), same_anchor.amin(dim=1), same_positive.amin(dim=1)]).amin(
        dim=0
    )


def hardest_in_batch(anchor: Tensor, positive: Tensor, near: Tensor, margin: float = 1.0) -> Tensor:
    """Returns the triplet loss with the hardest negative in the batch (Mishchuk et al., HardNet, 2017).

    For each pair the negative is the nearest to either member, among both kinds of image.
    """
    hardest = hardest_negatives(anchor, positive, near)
    return functional.relu(margin + partner_distances(anchor, positive) - hardest).mean()


def info_nce(anchor: Tensor, positive: Tensor, near: Tensor, temperature: float = 0.03) -> Tensor:
    """Returns the symmetric cross-entropy of finding the partner among all places of the batch."""
    similarity = anchor @ positive.T / temperature
    excluded = near & ~torch.eye(len(near), dtype=torch.bool, device=near.device)
    similarity = similarity.masked_fill(excluded, float("-inf"))
    partner = torch.arange(len(anchor), device=anchor.device)
    both_ways = functional.cross_entropy(similarity, partner) + functional.cross_entropy(similarity.T, partner)
    return both_ways / 2


def adaptive_triplets(to_positive: Tensor, to_negative: Tensor, config: LossConfig) -> Tensor:
    """Returns the (B,) LT losses max(0, d_p + m - d_n) of distances d_p and d_n, with m = max(floor, (d_p + d_n) / 2).

    As published (LTFormer, Information Fusion 2024), its slope along a common shrinking of all distances is the loss
    itself: shrinking always helps.

    - margin_floor: below it the margin is the constant of a plain triplet loss, which small distances miss.
    - stop_margin_gradient: the slope becomes d_p - d_n. The margin still decides which triplets count (those with
      d_n < 3 d_p), but shrinking raises the loss as soon as d_n > d_p.
    - relative: max(0, 1 + (d_p - d_n) / m), which depends on the ratio of both distances only (above the floor), so
      shrinking changes nothing; with a stopped margin it raises the loss as soon as d_n > d_p.
    """
    margin = ((to_positive + to_negative) / 2).clamp(min=max(config.margin_floor, _SMALL))
    if config.stop_margin_gradient:
        margin = margin.detach()
    if config.relative:
        return functional.relu(1 + (to_positive - to_negative) / margin)
    return functional.relu(to_positive + margin - to_negative)


def lt_loss(config: LossConfig, anchor: Tensor, positive: Tensor, near: Tensor) -> Tensor:
    """Returns the LT loss with the negatives and the margin of `config`, over the pairs that have a fair negative."""
    to_positive = partner_distances(anchor, positive)
    if config.negatives == "hardest":
        to_negative = hardest_negatives(anchor, positive, near)
        return adaptive_triplets(to_positive, to_negative, config).mean()
    excluded = _with_diagonal(near)
    count = len(anchor)
    if config.negatives == "next":
        chosen = torch.arange(count, device=anchor.device).roll(-1)
    else:
        chosen = torch.rand(count, count, device=anchor.device).masked_fill(excluded, -1.0).argmax(dim=1)
    fair = ~excluded.gather(1, chosen[:, None])[:, 0]
    triplets = adaptive_triplets(to_positive, partner_distances(anchor, positive[chosen]), config)
    mean: Tensor = (triplets * fair).sum() / fair.sum().clamp(min=1)
    return mean


def hybrid_triplets(anchor: Tensor, positive: Tensor, near: Tensor, margin: float = 1.2, alpha: float = 2.0) -> Tensor:
    """Returns HyNet's triplet loss with the hardest negative in the batch (Tian et al. 2020, arXiv 2006.10202).

    A distance d counts as d + alpha (1 - s), with the inner product s = 1 - d^2 / 2. The paper divides that by a
    constant; its authors' code, whose margin this is, does not.
    """
    to_positive = partner_distances(anchor, positive)
    hardest = hardest_negatives(anchor, positive, near)
    excess = (to_positive + alpha / 2 * to_positive.square()) - (hardest + alpha / 2 * hardest.square())
    return functional.relu(margin + excess).mean()


def norm_difference(raw_anchor: Tensor, raw_positive: Tensor) -> Tensor:
    """Returns HyNet's regulariser: the mean square of the difference between partners' norms before L2 norm."""
    difference: Tensor = raw_anchor.norm(dim=1) - raw_positive.norm(dim=1)
    return difference.square().mean()


def quadratic_triplets(anchor: Tensor, positive: Tensor, near: Tensor, margin: float = 1.0) -> Tensor:
    """Returns SOSNet's first-order loss: the squared hinge with the hardest negative in the batch (Tian et al. 2019,
    arXiv 1904.05019)."""
    hardest = hardest_negatives(anchor, positive, near)
    return functional.relu(margin + partner_distances(anchor, positive) - hardest).square().mean()


def second_order_difference(anchor: Tensor, positive: Tensor, near: Tensor, neighbours: int = 8) -> Tensor:
    """Returns SOSNet's second-order similarity regulariser (Tian et al. 2019, equations 4 and 5).

    For each place: the root of the summed squares of d(a_i, a_j) - d(p_i, p_j) over the places j among the nearest
    `neighbours` of i in either kind of image. Fewer count where a batch or `near` leaves fewer.
    """
    excluded = _with_diagonal(near)
    of_anchors, of_positives = distances(anchor, anchor), distances(positive, positive)
    neighbours = min(neighbours, len(anchor))
    among = _nearest(of_anchors.masked_fill(excluded, _FAR), neighbours)
    among = (among | _nearest(of_positives.masked_fill(excluded, _FAR), neighbours)) & ~excluded
    squares = (of_anchors - of_positives).square().masked_fill(~among, 0.0).sum(dim=1)
    return squares.clamp(min=_SMALL).sqrt().mean()


def spread_out(anchor: Tensor, positive: Tensor, near: Tensor) -> Tensor:
    """Returns the spread-out regulariser (Zhang et al. 2017, "Learning spread-out local feature descriptors").

    M1^2 + max(0, M2 - 1 / D), with M1 and M2 the mean and the mean square of the inner products of anchors with the
    partners of other places: 0 for descriptors spread evenly over the sphere, almost 2 for a constant one.
    """
    fair = (~_with_diagonal(near)).to(anchor.dtype)
    count = fair.sum().clamp(min=1)
    similarity = anchor @ positive.T
    first = (similarity * fair).sum() / count
    second = (similarity.square() * fair).sum() / count
    return first.square() + functional.relu(second - 1 / anchor.shape[1])


def _nearest(values: Tensor, count: int) -> Tensor:
    """Returns (B, B) bool: the `count` smallest values of each row."""
    chosen = values.topk(count, dim=1, largest=False).indices
    return torch.zeros_like(values, dtype=torch.bool).scatter(1, chosen, True)


def _with_diagonal(near: Tensor) -> Tensor:
    return near | torch.eye(len(near), dtype=torch.bool, device=near.device)
