"""Losses of descriptor pairs, as pure functions of (B, D) descriptors of L2 norm 1.

Row i of `anchor` and row i of `positive` show the same place. `near` (B, B) says which places lie so close to
each other that they are no fair negatives; its diagonal is ignored.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_FAR = 10.0  # larger than every distance of unit vectors


def distances(first: Tensor, second: Tensor) -> Tensor:
    """Returns the (B, C) Euclidean distances of unit vectors (B, D) and (C, D)."""
    return (2 - 2 * first @ second.T).clamp(min=1e-6).sqrt()


def lt_loss(anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Returns the LT loss of the LTFormer paper: a triplet loss with margin (d_p + d_n) / 2.

    It equals mean max(0, 1.5 d_p - 0.5 d_n), so descriptors that shrink together lower it too: trained alone it
    tends to a constant descriptor.
    """
    to_positive = (anchor - positive).norm(dim=1)
    to_negative = (anchor - negative).norm(dim=1)
    margin = (to_positive + to_negative) / 2
    return functional.relu(to_positive + margin - to_negative).mean()


def hardest_in_batch(anchor: Tensor, positive: Tensor, near: Tensor, margin: float = 1.0) -> Tensor:
    """Returns the triplet loss with the hardest negative in the batch (Mishchuk et al., HardNet, 2017).

    For each pair the negative is the nearest to either member, among both kinds of image.
    """
    to_positive = (2 - 2 * (anchor * positive).sum(dim=1)).clamp(min=1e-6).sqrt()
    excluded = _with_diagonal(near)
    candidates = [distances(anchor, positive), distances(anchor, anchor), distances(positive, positive)]
    cross, same_anchor, same_positive = (each.masked_fill(excluded, _FAR) for each in candidates)
    hardest = torch.stack(
        [cross.amin(dim=1), cross.amin(dim=0), same_anchor.amin(dim=1), same_positive.amin(dim=1)]
    ).amin(dim=0)
    return functional.relu(margin + to_positive - hardest).mean()


def info_nce(anchor: Tensor, positive: Tensor, near: Tensor, temperature: float = 0.03) -> Tensor:
    """Returns the symmetric cross-entropy of finding the partner among all places of the batch."""
    similarity = anchor @ positive.T / temperature
    excluded = near & ~torch.eye(len(near), dtype=torch.bool, device=near.device)
    similarity = similarity.masked_fill(excluded, float("-inf"))
    partner = torch.arange(len(anchor), device=anchor.device)
    both_ways = functional.cross_entropy(similarity, partner) + functional.cross_entropy(similarity.T, partner)
    return both_ways / 2


def _with_diagonal(near: Tensor) -> Tensor:
    return near | torch.eye(len(near), dtype=torch.bool, device=near.device)
