"""HardNet, SOSNet and HyNet, and the choice between them and LTFormer."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ltcore.errors import InputError
from ltcore.ltformer.network import LTFormer, normalise_patches
from training.comparators import (
    FilterResponseNorm,
    HardNet,
    HyNet,
    SOSNet,
    build_network,
    check_patch_pixels,
    is_patch_independent,
)

_COMPARATORS = ["hardnet", "hynet", "sosnet"]
_ALL = ["ltformer", *_COMPARATORS]
_L2NET_WEIGHTS = 1_334_560  # 9 (1*32 + 32*32 + 32*64 + 64*64 + 64*128 + 128*128) + 64 * 128 * 128
_L2NET_OUTPUTS = 32 + 32 + 64 + 64 + 128 + 128  # of the six 3x3 convolutions


def _patches(count, side=32):
    return 255 * torch.rand(count, side, side, generator=torch.Generator().manual_seed(1))


def _network(architecture):
    torch.manual_seed(0)
    return build_network(architecture, 128)


def _without_dropout(network):
    network.dropout = torch.nn.Identity()
    return network


def _megaflop(network, side):
    """Returns multiplications plus additions of one patch: all, and those of convolutions and linear layers alone."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network.to("meta").eval()(torch.empty(1, side, side))
    between_tokens = counter.get_flop_counts()["Global"].get(torch.ops.aten.bmm, 0)
    return counter.get_total_flops() / 1e6, (counter.get_total_flops() - between_tokens) / 1e6


@pytest.mark.parametrize(
    ("architecture", "parameters"),
    [
        ("hardnet", _L2NET_WEIGHTS),
        ("sosnet", _L2NET_WEIGHTS),
        ("hynet", _L2NET_WEIGHTS + _L2NET_OUTPUTS + 3 * (1 + _L2NET_OUTPUTS)),  # biases; FRN and TLU, also of the patch
    ],
)
def test_sizes_are_the_published_ones(architecture, parameters):
    assert sum(each.numel() for each in _network(architecture).parameters()) == parameters


@pytest.mark.parametrize(
    ("architecture", "side", "every", "layers"),
    [("ltformer", 64, 20.6, 20.3), ("ltformer", 128, 85.2, 81.3), ("hardnet", 32, 78.2, 78.2)],
)
def test_arithmetic_of_a_patch(architecture, side, every, layers):
    """A patch of 64 px costs LTFormer 20.3 MFLOP without the products between tokens: HardNet needs 3.8 times that."""
    assert _megaflop(_network(architecture), side) == pytest.approx((every, layers), abs=0.05)


def test_comparators_cost_the_same():
    assert _megaflop(_network("hardnet"), 32) == _megaflop(_network("hynet"), 32) == _megaflop(_network("sosnet"), 32)


@pytest.mark.parametrize(("network", "rate"), [(HardNet, 0.3), (SOSNet, 0.1), (HyNet, 0.3)])
def test_dropout_stands_before_the_last_layer(network, rate):
    network = network().train()
    assert network.dropout.p == rate
    patches = _patches(4)
    first, second = network.features(patches), network.features(patches)
    assert not torch.equal(first, second)
    assert torch.equal(network.eval().features(patches), network.features(patches))


@pytest.mark.parametrize("architecture", _ALL)
def test_descriptors_have_norm_one(architecture):
    described = _network(architecture).eval()(_patches(5))
    assert described.shape == (5, 128)
    assert described.dtype == torch.float32
    torch.testing.assert_close(described.norm(dim=1), torch.ones(5))


@pytest.mark.parametrize("architecture", _COMPARATORS)
def test_forward_is_the_published_chain(architecture):
    """The same layers by hand, with the 8x8 convolution that the papers have."""
    network = _network(architecture).eval()
    network.head.running_mean.normal_(std=0.1)
    network.head.running_var.uniform_(0.5, 2)
    patches = _patches(3)
    maps = network.blocks(normalise_patches(patches)[:, None])
    assert maps.shape == (3, 128, 8, 8)
    kernel = network.last.weight.reshape(128, 8, 8, 128).permute(0, 3, 1, 2)
    outputs = torch.nn.functional.conv2d(maps, kernel).flatten(1)
    torch.testing.assert_close(network.features(patches), outputs, atol=1e-5, rtol=1e-4)
    normal = (outputs - network.head.running_mean) / (network.head.running_var + network.head.eps).sqrt()
    expected = torch.nn.functional.normalize(normal, dim=1)
    torch.testing.assert_close(network(patches), expected, atol=1e-5, rtol=1e-4)


def test_filter_response_norm_by_hand():
    layer = FilterResponseNorm(2)
    maps = torch.tensor([[[[3.0, -4.0]], [[0.0, 2.0]]]])  # root mean squares: sqrt(25 / 2), sqrt(2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([2.0, 1.0]))
        layer.bias.copy_(torch.tensor([0.5, 0.0]))
        layer.threshold.copy_(torch.tensor([-1.0, 0.25]))
    scale = 2 / 12.5**0.5
    expected = torch.tensor([[[[3 * scale + 0.5, -1.0]], [[0.25, 2**0.5]]]])
    torch.testing.assert_close(layer(maps), expected, atol=1e-5, rtol=0)


def test_filter_response_norm_of_zeros_is_finite():
    maps = torch.zeros(1, 3, 4, 4, requires_grad=True)
    layer = FilterResponseNorm(3)
    result = layer(maps)
    assert (result == 0).all()
    result.sum().backward()
    assert torch.isfinite(maps.grad).all()


def test_filter_response_norm_keeps_its_statistics_exact_in_bfloat16():
    maps = (torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 300).bfloat16()
    result = FilterResponseNorm(3)(maps)
    assert result.dtype == torch.bfloat16
    # Summed in bfloat16, 1024 squares would stop growing at a fraction of their sum.
    torch.testing.assert_close(result.float().square().mean(dim=(2, 3)), torch.ones(2, 3), atol=5e-3, rtol=0)


@pytest.mark.parametrize("architecture", _ALL)
def test_patch_independence_is_as_said(architecture):
    """Features of the same four patches, alone and in a batch with others, in training mode."""
    network = _network(architecture).train()
    if architecture != "ltformer":
        _without_dropout(network)
    patches = _patches(12)
    patches[4:] *= torch.linspace(-1, 1, 32)  # the others look different, or BatchNorm would hardly notice
    with torch.no_grad():
        difference = (network.features(patches)[:4] - network.features(patches[:4])).abs().max().item()
    scale = network.features(patches).abs().max().item()
    assert (difference < 1e-4 * scale) == is_patch_independent(network)


@pytest.mark.parametrize("architecture", _ALL)
def test_bfloat16_stays_close_to_float32(architecture):
    network = _network(architecture).train()
    if architecture != "ltformer":
        _without_dropout(network)
    patches = _patches(16)
    with torch.autocast("cpu", torch.bfloat16):
        features = network.features(patches)
    described = network.project(features)
    assert features.dtype == torch.bfloat16
    assert described.dtype == torch.float32
    alike = (described * network.project(network.features(patches))).sum(dim=1)
    assert alike.min() > 0.98


@pytest.mark.parametrize("architecture", _ALL)
@pytest.mark.parametrize("bfloat16", [False, True])
def test_every_parameter_gets_a_finite_gradient(architecture, bfloat16):
    network = _network(architecture).train()
    side = 64 if architecture == "ltformer" else 32  # with 32 its tokens see one key each: nothing to attend to
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        features = network.features(_patches(8, side))
    (network.project(features) * torch.randn(8, 128, generator=torch.Generator().manual_seed(2))).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("architecture", _COMPARATORS)
def test_flat_patch_has_a_finite_descriptor(architecture):
    assert torch.isfinite(_network(architecture).eval()(torch.full((1, 32, 32), 90.0))).all()


@pytest.mark.parametrize("architecture", _COMPARATORS)
def test_maps_lie_channels_last(architecture):
    network = _network(architecture).eval()
    seen = []
    network.blocks.register_forward_hook(lambda *call: seen.append(call[2]))
    network.features(_patches(3))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("architecture", _COMPARATORS)
def test_weights_can_be_stored_and_read_back(architecture):
    network, other = _network(architecture).train(), build_network(architecture, 128)
    network(_patches(8))  # moves the statistics
    other.load_state_dict(network.state_dict())
    assert torch.equal(network.eval()(_patches(2)), other.eval()(_patches(2)))


@pytest.mark.parametrize("architecture", _ALL)
def test_training_is_one_graph(architecture):
    """Nothing in a pass waits for values, so it can be compiled and captured as a whole."""
    network = _network(architecture).train()
    torch.compiler.reset()
    traced = torch.compile(network, backend="eager", fullgraph=True)
    traced(_patches(4)).sum().backward()


def test_build_network_builds_what_it_is_asked_for():
    kinds = {"ltformer": LTFormer, "hardnet": HardNet, "hynet": HyNet, "sosnet": SOSNet}
    assert {name: type(build_network(name, 128)) for name in kinds} == kinds
    assert build_network("ltformer", 256).head.num_features == 256


@pytest.mark.parametrize(("architecture", "width"), [("hardnet", 256), ("hynet", 64), ("ltformer", 100)])
def test_width_that_is_not_there_is_refused(architecture, width):
    with pytest.raises(InputError, match=f"no descriptors of {width}"):
        build_network(architecture, width)


@pytest.mark.parametrize(
    ("architecture", "pixels"), [("hardnet", 64), ("sosnet", 16), ("ltformer", 48), ("ltformer", 0)]
)
def test_patch_size_that_does_not_fit_is_refused(architecture, pixels):
    with pytest.raises(InputError, match=f"patches of {pixels} px"):
        check_patch_pixels(architecture, pixels)


@pytest.mark.parametrize(
    ("architecture", "pixels"), [("hynet", 32), ("ltformer", 32), ("ltformer", 64), ("ltformer", 96)]
)
def test_patch_size_that_fits_is_taken(architecture, pixels):
    check_patch_pixels(architecture, pixels)
    assert build_network(architecture, 128).eval()(_patches(1, pixels)).shape == (1, 128)


@pytest.mark.parametrize("architecture", _COMPARATORS)
def test_comparator_refuses_larger_patches(architecture):
    with pytest.raises(InputError, match="patches of 64 px"):
        _network(architecture)(_patches(1, 64))
