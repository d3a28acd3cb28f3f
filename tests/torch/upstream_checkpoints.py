"""Checkpoints under the names of the LTFormer authors."""

import collections

import torch

from ltcore.ltformer.network import LTFormer, expected_shapes
from ltcore.ltformer.upstream import upstream_name

FIRST = "patch_embed1.proj.weight"


def new_network(width=128, seed=0):
    """A network without a head: its descriptors are the normalised means of the last tokens."""
    torch.manual_seed(seed)
    return LTFormer(width).eval()


def headless(network, patches):
    with torch.no_grad():
        return torch.nn.functional.normalize(network.features(patches), dim=1)


def upstream_state(network):
    """The network's weights under the authors' names."""
    state = network.state_dict()
    names = [name for name in expected_shapes(network.head.num_features) if name.startswith("stages.")]
    return collections.OrderedDict((upstream_name(name), state[name].clone()) for name in names)
