"""The learned convolutional descriptors LTFormer is compared with: HardNet, SOSNet and HyNet.

All three have the layout of L2-Net (Tian et al., CVPR 2017): 32x32 grey patches, six 3x3 convolutions of 32, 32,
64, 64, 128 and 128 outputs (the third and the fifth with stride 2), one 8x8 convolution that sees everything, a
BatchNorm without affine part (the head), L2 norm; 128 numbers. They differ in what stands between the convolutions
and, mostly, in their losses:

- HardNet (Mishchuk et al. 2017, arXiv 1705.10872): BatchNorm without affine part and ReLU, dropout 0.3 (the rate
  the authors give for their revised training; 0.1 in the paper's first version).
- SOSNet (Tian et al. 2019, arXiv 1904.05019): the same with dropout 0.1.
- HyNet (Tian et al. 2020, arXiv 2006.10202): filter response normalisation and thresholded linear units, on the
  patch too, convolutions with bias, dropout 0.3.

Maps are kept channels-last, as in LTFormer: the input comes as such a view and the weights lie so.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Union, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ltcore.errors import InputError
from ltcore.ltformer.network import WIDTHS, LTFormer, normalise_patches

Architecture = Literal["ltformer", "hardnet", "hynet", "sosnet"]

PATCH_PIXELS = 32  # side of the patches of all comparators
DESCRIPTOR_DIM = 128

_LAYOUT = ((32, 1), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1))  # outputs and stride of the 3x3 convolutions
_LAST_SIDE = 8  # of the last maps
_FRN_EPS = 1e-6
_TLU_START = -1.0
_ORTHOGONAL_GAIN = 0.6
_LTFORMER_MULTIPLE = 32


class FilterResponseNorm(nn.Module):
    """Filter response normalisation and thresholded linear unit (Singh and Krishnan 2020, arXiv 1911.09737).

    Each map is divided by its root mean square over the patch, then scaled and shifted, and cut off below a learned
    threshold. Nothing of the batch goes in. Thresholds start at -1, as in HyNet.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.threshold = nn.Parameter(torch.full((channels,), _TLU_START))

    def forward(self, maps: Tensor) -> Tensor:
        """Returns (B, C, H, W) maps in the type of the given ones; in between all is float32."""
        exact = maps.float()
        mean_square = exact.square().mean(dim=(2, 3), keepdim=True)
        weight, bias, threshold = (each[:, None, None] for each in (self.weight, self.bias, self.threshold))
        return torch.maximum(exact * (weight * (mean_square + _FRN_EPS).rsqrt()) + bias, threshold).to(maps.dtype)


class L2NetLayout(nn.Module):
    """What the comparators share; use one of the subclasses.

    Args:
        blocks: layers that turn (B, 1, 32, 32) normalised patches into (B, 128, 8, 8) maps.
        dropout: share of the last maps' values that training drops.
    """

    PATCH_INDEPENDENT: ClassVar[bool]  # see is_patch_independent

    def __init__(self, blocks: nn.Sequential, dropout: float) -> None:
        super().__init__()
        self.blocks = blocks
        self.dropout = nn.Dropout(dropout)
        # The published 8x8 convolution of 8x8 maps, as the matrix product it is.
        self.last = nn.Linear(_LAST_SIDE**2 * _LAYOUT[-1][0], DESCRIPTOR_DIM, bias=False)
        self.head = nn.BatchNorm1d(DESCRIPTOR_DIM, affine=False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it

    def features(self, patches: Tensor) -> Tensor:
        """Returns (B, 128) outputs before the head.

        Args:
            patches: (B, 32, 32) grey levels.

        Raises:
            InputError: the patches have another size.
        """
        _check_patch_pixels(type(self).__name__, patches.shape[1:] == (PATCH_PIXELS, PATCH_PIXELS), patches.shape[-1])
        maps = self.blocks(normalise_patches(patches)[..., None].permute(0, 3, 1, 2))
        result: Tensor = self.last(self.dropout(maps.permute(0, 2, 3, 1).flatten(1)))
        return result

    def project(self, features: Tensor) -> Tensor:
        """Returns (B, 128) descriptors of L2 norm 1 from (B, 128) features, in float32. In training mode the
        head's statistics are the batch's, so the whole batch must come at once."""
        return functional.normalize(self.head(features.float()), dim=1)

    def forward(self, patches: Tensor) -> Tensor:
        """Returns (B, 128) float32 descriptors of L2 norm 1 of (B, 32, 32) grey patches."""
        return self.project(self.features(patches))


class HardNet(L2NetLayout):
    """HardNet (Mishchuk et al. 2017); 1 334 560 parameters, none of them outside the convolutions."""

    PATCH_INDEPENDENT = False

    def __init__(self) -> None:
        super().__init__(_batch_norm_blocks(), dropout=0.3)
        self.apply(_initialise_orthogonal)


class SOSNet(L2NetLayout):
    """SOSNet (Tian et al. 2019): HardNet's layers, less dropout, another loss."""

    PATCH_INDEPENDENT = False

    def __init__(self) -> None:
        super().__init__(_batch_norm_blocks(), dropout=0.1)


class HyNet(L2NetLayout):
    """HyNet (Tian et al. 2020): filter response normalisation instead of BatchNorm up to the head."""

    PATCH_INDEPENDENT = True

    def __init__(self) -> None:
        super().__init__(_filter_response_blocks(), dropout=0.3)


Network = Union[LTFormer, HardNet, HyNet, SOSNet]


def build_network(architecture: Architecture, descriptor_dim: int) -> Network:
    """Returns a new network with random weights.

    Raises:
        InputError: the architecture has no descriptors of that width.
    """
    widths = tuple(WIDTHS) if architecture == "ltformer" else (DESCRIPTOR_DIM,)
    if descriptor_dim not in widths:
        raise InputError(
            f"The architecture '{architecture}' has no descriptors of {descriptor_dim} numbers.",
            f"It has {' or '.join(map(str, widths))}.",
            "Change 'descriptor_dim' or 'architecture' in the training's settings.",
        )
    if architecture == "ltformer":
        return LTFormer(descriptor_dim)
    comparators = {"hardnet": HardNet, "hynet": HyNet, "sosnet": SOSNet}
    return cast(Network, comparators[architecture]())


def check_patch_pixels(architecture: Architecture, pixels: int) -> None:
    """Refuses a patch size the architecture cannot take.

    Raises:
        InputError: `pixels` is no multiple of 32 (LTFormer), or not 32 (all others).
    """
    fits = pixels > 0 and pixels % _LTFORMER_MULTIPLE == 0 if architecture == "ltformer" else pixels == PATCH_PIXELS
    _check_patch_pixels(architecture, fits, pixels)


def _check_patch_pixels(name: str, fits: bool, pixels: int) -> None:
    if not fits:
        needed = f"a multiple of {_LTFORMER_MULTIPLE}" if name == "ltformer" else f"{PATCH_PIXELS}"
        raise InputError(
            f"The architecture '{name}' cannot take patches of {pixels} px.",
            f"The side must be {needed}.",
            "Change 'pixels' of the sampling in the training's settings.",
        )


def is_patch_independent(network: Network) -> bool:
    """Returns whether, in training mode, a patch's features are the same whatever else is in the batch.

    If so, a batch may go through the network in chunks up to the head. LTFormer and HyNet normalise within a
    patch; HardNet and SOSNet have BatchNorm between their convolutions and need the batch at once. Dropout draws
    anew for each chunk, but knows no other patch.
    """
    return network.PATCH_INDEPENDENT if isinstance(network, L2NetLayout) else True


def _batch_norm_blocks() -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs = 1
    for outputs, stride in _LAYOUT:
        convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs, affine=False), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers)


def _filter_response_blocks() -> nn.Sequential:
    layers: list[nn.Module] = [FilterResponseNorm(1)]
    inputs = 1
    for outputs, stride in _LAYOUT:
        layers += [nn.Conv2d(inputs, outputs, 3, stride, padding=1), FilterResponseNorm(outputs)]
        inputs = outputs
    return nn.Sequential(*layers)


def _initialise_orthogonal(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        drawn = nn.init.orthogonal_(torch.empty(module.weight.shape), gain=_ORTHOGONAL_GAIN)
        with torch.no_grad():
            module.weight.copy_(drawn)  # orthogonal_ itself cannot fill weights that lie channels-last
