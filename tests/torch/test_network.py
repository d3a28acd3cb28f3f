"""The LTFormer network."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ltcore.errors import InputError
from ltcore.ltformer.network import LTFormer, expected_shapes, normalise_patches, parameters_and_mflop

# Width: channels, heads, MLP ratio and spatial reduction of the four stages, as published.
HEADS, RATIOS, REDUCTIONS = (1, 2, 4, 8), (8, 8, 4, 4), (8, 4, 2, 1)
CHANNELS = {128: (16, 32, 64, 128), 256: (32, 64, 128, 256), 512: (64, 128, 256, 512)}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = LTFormer()
    network.head.running_mean.normal_()
    network.head.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.fixture(scope="module")
def patches():
    return 255 * torch.rand(6, 64, 64, generator=torch.Generator().manual_seed(1))


def _published_shapes(width):
    """Name and shape of every weight, written out from the published table: nothing of the network is asked."""
    shapes, inputs = {}, 1
    for i, (c, heads, ratio, reduction) in enumerate(zip(CHANNELS[width], HEADS, RATIOS, REDUCTIONS)):
        kernel, hidden = (7 if i == 0 else 3), c * ratio
        assert c % heads == 0
        shapes[f"stages.{i}.embed.conv"] = (c, inputs, kernel, kernel)
        shapes[f"stages.{i}.embed.norm"] = shapes[f"stages.{i}.norm"] = (c,)
        for block in (f"stages.{i}.blocks.{j}" for j in range(2)):
            shapes[f"{block}.norm1"] = shapes[f"{block}.norm2"] = (c,)
            shapes[f"{block}.attention.q"] = shapes[f"{block}.attention.proj"] = (c, c)
            shapes[f"{block}.attention.kv"] = (2 * c, c)
            if reduction > 1:
                shapes[f"{block}.attention.reduce"] = (c, c, reduction, reduction)
                shapes[f"{block}.attention.norm"] = (c,)
            shapes[f"{block}.mlp.fc1"], shapes[f"{block}.mlp.fc2"] = (hidden, c), (c, hidden)
            shapes[f"{block}.mlp.depthwise"] = (hidden, 1, 3, 3)
        inputs = c
    weights = {f"{name}.weight": shape for name, shape in shapes.items()}
    biases = {f"{name}.bias": shape[:1] for name, shape in shapes.items()}
    return {**weights, **biases, "head.running_mean": (width,), "head.running_var": (width,)}


@pytest.mark.parametrize("width", [128, 256, 512])
def test_every_tensor_is_that_of_the_published_table(width):
    assert expected_shapes(width) == _published_shapes(width)


@pytest.mark.parametrize(("width", "parameters"), [(128, 770_112), (256, 3_015_808), (512, 11_933_952)])
def test_number_of_parameters(width, parameters):
    assert parameters_and_mflop(width, 32)[0] == parameters  # published for d128: 0.77 M


@pytest.mark.parametrize("width", [128, 256, 512])
def test_strides_paddings_and_eps_are_the_published_ones(width):
    network = LTFormer(width)
    for i, stage in enumerate(network.stages):
        convolution = stage.embed.conv
        assert (convolution.stride, convolution.padding) == (((4, 4), (3, 3)) if i == 0 else ((2, 2), (1, 1)))
        for block in stage.blocks:
            assert block.attention.heads == HEADS[i]
            if REDUCTIONS[i] > 1:
                assert block.attention.reduce.stride == (REDUCTIONS[i], REDUCTIONS[i])
    norms = [module for module in network.modules() if isinstance(module, torch.nn.LayerNorm)]
    assert {norm.eps for norm in norms} == {1e-6}
    assert len(norms) == 4 * 2 + 8 * 2 + 6


@pytest.mark.parametrize(("side", "layers", "everything"), [(64, 20.3, 20.57), (128, 81.3, 85.23)])
def test_arithmetic_of_d128(side, layers, everything):
    """The figures of the paper's network leave out the two products of each attention; ours count them."""
    network = LTFormer().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, side, side))
    attention = counter.get_flop_counts()["Global"][torch.ops.aten.bmm]
    assert (counter.get_total_flops() - attention) / 1e6 == pytest.approx(layers, abs=0.05)
    assert parameters_and_mflop(128, side)[1] == pytest.approx(everything, abs=0.005)


@pytest.mark.parametrize(("width", "side"), [*((128, side) for side in range(32, 257, 32)), (256, 64), (512, 32)])
def test_any_side_divisible_by_32_gives_a_descriptor_of_norm_one(width, side):
    patches = 255 * torch.rand(2, side, side, generator=torch.Generator().manual_seed(side))
    with torch.no_grad():
        described = LTFormer(width).eval()(patches)
    assert described.shape == (2, width)
    torch.testing.assert_close(described.norm(dim=1), torch.ones(2))


@pytest.mark.parametrize(
    "shape", [(1, 40, 40), (1, 33, 32), (1, 64, 16), (2, 0, 0), (1, 31, 31), (32, 32), (1, 1, 32, 32)]
)
def test_other_patches_are_refused(network, shape):
    size = " x ".join(map(str, shape[1:]))
    with pytest.raises(InputError, match=f"cannot describe patches of {size} px. Both sides must be multiples of 32"):
        network(torch.zeros(shape))


@pytest.mark.parametrize("side", [32, 64, 96])
def test_stages_halve_their_tokens(network, side):
    tokens = torch.zeros(2, side, side, 1)
    for stage, reduction in zip(network.stages, (4, 8, 16, 32)):
        tokens = stage(tokens)
        assert tokens.shape[1:3] == (side // reduction, side // reduction)
    assert tokens.shape[3] == 128


def test_attention_is_that_of_pytorch(network):
    attention = network.stages[1].blocks[0].attention
    tokens = torch.randn(3, 8, 8, 32, generator=torch.Generator().manual_seed(2))
    seen = attention.norm(attention.reduce(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)).reshape(3, 4, 32)
    key, value = attention.kv(seen).chunk(2, dim=-1)
    split = [each.reshape(3, -1, 2, 16).transpose(1, 2) for each in (attention.q(tokens), key, value)]
    mixed = torch.nn.functional.scaled_dot_product_attention(*split)
    expected = attention.proj(mixed.transpose(1, 2).reshape(3, 8, 8, 32))
    torch.testing.assert_close(attention(tokens), expected, atol=1e-5, rtol=1e-4)


def test_descriptors_have_norm_one(network, patches):
    described = network(patches)
    assert described.shape == (6, 128)
    assert described.dtype == torch.float32
    torch.testing.assert_close(described.norm(dim=1), torch.ones(6))


def test_batch_does_not_matter(network, patches):
    together = network(patches)
    alone = torch.cat([network(patch[None]) for patch in patches])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_brightness_and_contrast_do_not_matter(network, patches):
    torch.testing.assert_close(network(patches), network(0.3 * patches + 50), atol=1e-4, rtol=0)


def test_flat_patch_has_a_finite_descriptor(network):
    described = network(torch.full((1, 64, 64), 120.0))
    assert torch.isfinite(described).all()
    assert described.norm().item() == pytest.approx(1, abs=1e-4)


def test_normalised_patches_have_mean_zero_and_deviation_one(patches):
    normal = normalise_patches(patches)
    torch.testing.assert_close(normal.mean(dim=(1, 2)), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.std(dim=(1, 2)), torch.ones(6), atol=1e-5, rtol=0)
    assert (normalise_patches(torch.full((1, 8, 8), 7.0)) == 0).all()


def test_head_uses_the_batch_in_training_and_statistics_afterwards(network):
    features = torch.randn(64, 128, generator=torch.Generator().manual_seed(3)) * 5 + 2
    expected = (features - network.head.running_mean) / (network.head.running_var + 1e-5).sqrt()
    torch.testing.assert_close(network.project(features), torch.nn.functional.normalize(expected, dim=1))
    fresh = LTFormer().train()
    whitened = (features - features.mean(dim=0)) / features.std(dim=0, unbiased=False)
    torch.testing.assert_close(
        fresh.project(features), torch.nn.functional.normalize(whitened, dim=1), atol=1e-4, rtol=1e-3
    )
