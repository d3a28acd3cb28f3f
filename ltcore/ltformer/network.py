"""The LTFormer network: a small pyramid vision transformer that turns a grey patch into a descriptor.

Four stages of overlapping patch embedding and transformer blocks with spatial-reduction attention (the layout
of PVT v2), the mean over the last stage's tokens, a normalisation of each output over the training data, and
L2 norm. Tokens are kept as (batch, rows, columns, channels): linear layers and LayerNorm act on the last axis
as it lies, convolutions on a channels-last view of it, so nothing is copied between them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import InputError

HEADS = (1, 2, 4, 8)
MLP_RATIOS = (8, 8, 4, 4)
REDUCTIONS = (8, 4, 2, 1)
BLOCKS = 2
WIDTHS = {128: (16, 32, 64, 128), 256: (32, 64, 128, 256), 512: (64, 128, 256, 512)}
PATCH_MULTIPLE = 32  # px: the stages reduce a side by this factor

EPS = 1e-6  # of every LayerNorm
FLAT_DEVIATION = 1e-3  # grey levels (0 to 255): a flatter patch is left as it is, not blown up to noise


def _convolve(conv: nn.Conv2d, tokens: Tensor) -> Tensor:
    """Returns the convolution of (B, H, W, C) tokens as (B, H', W', C')."""
    mapped: Tensor = conv(tokens.permute(0, 3, 1, 2))
    return mapped.permute(0, 2, 3, 1)


class PatchEmbedding(nn.Module):
    """Overlapping patch embedding: a strided convolution and LayerNorm."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, stride, kernel // 2)
        self.norm = nn.LayerNorm(width, eps=EPS)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns (B, H / stride, W / stride, width) tokens of (B, H, W, channels) ones."""
        embedded: Tensor = self.norm(_convolve(self.conv, tokens))
        return embedded


class Attention(nn.Module):
    """Multi-head attention of all tokens to spatially reduced ones (strided convolution and LayerNorm)."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        self.reduce = nn.Conv2d(width, width, reduction, reduction) if reduction > 1 else None
        self.norm = nn.LayerNorm(width, eps=EPS) if reduction > 1 else None

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns (B, H, W, width) tokens."""
        batch, rows, columns, width = tokens.shape
        seen = tokens
        if self.reduce is not None and self.norm is not None:
            seen = self.norm(_convolve(self.reduce, tokens))
        query = self.q(tokens).reshape(batch, rows * columns, self.heads, -1).transpose(1, 2)
        pairs = self.kv(seen).reshape(batch, -1, 2, self.heads, width // self.heads)
        key, value = pairs.permute(2, 0, 3, 1, 4)
        # With four keys or so, plain products beat the fused kernel (on a CPU in bfloat16 by a factor of 2.5).
        share = (query * query.shape[-1] ** -0.5 @ key.transpose(2, 3)).softmax(dim=-1)
        mixed = share.to(value.dtype) @ value
        result: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, rows, columns, width))
        return result


class Mlp(nn.Module):
    """Linear, 3x3 depth-wise convolution, GELU, linear."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        hidden = width * ratio
        self.fc1 = nn.Linear(width, hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns (B, H, W, width) tokens."""
        result: Tensor = self.fc2(functional.gelu(_convolve(self.depthwise, self.fc1(tokens))))
        return result


class Block(nn.Module):
    """Transformer block: x + attention(norm(x)), then x + MLP(norm(x))."""

    def __init__(self, width: int, heads: int, mlp_ratio: int, reduction: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPS)
        self.attention = Attention(width, heads, reduction)
        self.norm2 = nn.LayerNorm(width, eps=EPS)
        self.mlp = Mlp(width, mlp_ratio)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns (B, H, W, width) tokens."""
        tokens = tokens + self.attention(self.norm1(tokens))
        result: Tensor = tokens + self.mlp(self.norm2(tokens))
        return result


class Stage(nn.Module):
    """Patch embedding, blocks and a last LayerNorm."""

    def __init__(self, index: int, channels: int, width: int) -> None:
        super().__init__()
        self.embed = PatchEmbedding(channels, width, *((7, 4) if index == 0 else (3, 2)))
        shape = (width, HEADS[index], MLP_RATIOS[index], REDUCTIONS[index])
        self.blocks = nn.ModuleList(Block(*shape) for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(width, eps=EPS)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns this stage's (B, H', W', width) tokens."""
        tokens = self.embed(tokens)
        for block in self.blocks:
            tokens = block(tokens)
        result: Tensor = self.norm(tokens)
        return result


class LTFormer(nn.Module):
    """Descriptor network.

    Args:
        descriptor_dim: width of the descriptor: 128, 256 or 512.
        initialise: whether to draw first weights, for a training; not needed where others are loaded.
    """

    def __init__(self, descriptor_dim: int = 128, initialise: bool = True) -> None:
        super().__init__()
        widths = WIDTHS[descriptor_dim]
        channels = (1, *widths[:-1])
        self.stages = nn.ModuleList(Stage(i, channels[i], widths[i]) for i in range(len(widths)))
        self.head = nn.BatchNorm1d(descriptor_dim, affine=False)
        if initialise:
            self.apply(_initialise)

    def features(self, patches: Tensor) -> Tensor:
        """Returns (B, D) outputs before the head; each patch counts on its own, so chunks of a batch may be
        run one after the other.

        Args:
            patches: (B, S, S) grey levels, S a multiple of 32.

        Raises:
            InputError: S is no multiple of 32, or the patches are not a (B, S, S) array.
        """
        _check_patches(patches)
        tokens = normalise_patches(patches)[..., None]
        for stage in self.stages:
            tokens = stage(tokens)
        return tokens.mean(dim=(1, 2))

    def project(self, features: Tensor) -> Tensor:
        """Returns (B, D) descriptors of L2 norm 1 from (B, D) features, in float32. In training mode the
        head's statistics are the batch's, so the whole batch must come at once."""
        return functional.normalize(self.head(features.float()), dim=1)

    def forward(self, patches: Tensor) -> Tensor:
        """Returns (B, D) float32 descriptors of L2 norm 1 of (B, S, S) grey patches."""
        return self.project(self.features(patches))


def _check_patches(patches: Tensor) -> None:
    sides = tuple(patches.shape[1:])
    if len(sides) != 2 or any(side == 0 or side % PATCH_MULTIPLE for side in sides):
        size = " x ".join(str(side) for side in sides)
        raise InputError(
            f"LTFormer cannot describe patches of {size} px.",
            f"Both sides must be multiples of {PATCH_MULTIPLE}.",
            "Choose another 'patch_px'.",
        )


def normalise_patches(patches: Tensor) -> Tensor:
    """Returns each of the (B, S, S) patches with mean 0 and deviation 1; a flat one becomes zeros."""
    deviation, mean = torch.std_mean(patches, dim=(1, 2), keepdim=True)
    return (patches - mean) / deviation.clamp(min=FLAT_DEVIATION)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def expected_shapes(descriptor_dim: int) -> dict[str, tuple[int, ...]]:
    """Returns name and shape of every tensor of the network's weights."""
    with torch.device("meta"):
        state = LTFormer(descriptor_dim, initialise=False).state_dict()  # drawing there would import half of PyTorch
    return {name: tuple(tensor.shape) for name, tensor in state.items() if tensor.is_floating_point()}


def parameters_and_mflop(descriptor_dim: int, patch_px: int) -> tuple[int, float]:
    """Returns the network's number of parameters and the millions of floating-point operations a patch takes:
    multiplications and additions of all convolutions, linear layers and attention products."""
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415 - only cards need it

    with torch.device("meta"):
        network = LTFormer(descriptor_dim).eval()
        patch = torch.zeros(1, patch_px, patch_px)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(patch)
    return sum(each.numel() for each in network.parameters()), counter.get_total_flops() / 1e6
