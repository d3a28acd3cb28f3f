"""The LTFormer network."""

import pytest
import torch

from ltcore.ltformer.network import LTFormer, expected_shapes, normalise_patches


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


def _parameters(network):
    return sum(each.numel() for each in network.parameters())


@pytest.mark.parametrize(("width", "millions"), [(128, 0.77), (256, 3.07), (512, 12.2)])
def test_size_is_the_published_one(width, millions):
    assert _parameters(LTFormer(width)) / 1e6 == pytest.approx(millions, abs=0.05 * millions)


def test_d128_has_every_tensor_of_the_architecture():
    shapes = expected_shapes(128)
    assert len(shapes) == 176 + 2  # parameters, and the head's two statistics
    assert shapes["stages.0.embed.conv.weight"] == (16, 1, 7, 7)
    assert shapes["stages.0.blocks.1.attention.reduce.weight"] == (16, 16, 8, 8)
    assert shapes["stages.3.blocks.0.mlp.depthwise.weight"] == (512, 1, 3, 3)


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
