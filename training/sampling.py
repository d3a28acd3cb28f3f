"""Pairs of patches with exact truth, cut online from co-registered tiles.

Both windows of a pair stand on the same keypoint; the second is turned, scaled, shifted and sheared a little
against the first, as detections of two images differ. The window itself is that of `ltcore.features.patches`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from pydantic import dataclasses as pydantic
from torch import Tensor
from torch.nn import functional

from ltcore.features.patches import PatchSampling, unit_grid

from .chunks import Workers
from .tiles import Tile

_Positive = Annotated[float, Field(ge=0, le=10)]
_Share = Annotated[float, Field(ge=0, le=1)]


@pydantic.dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PairConfig:
    """How pairs are drawn.

    Attributes:
        tiles: tiles a batch.
        keypoints: keypoints a tile; a batch holds tiles * keypoints pairs.
        relative_rotation_deg: largest rotation between both windows.
        scale_keypoint: largest log of the scale between both windows, drawn for each pair.
        scale_tile: the same, drawn for each tile.
        jitter_px: deviation of the second window's position.
        shear: deviation of the elements of its 2x2 matrix.
        gamma: deviation of the log of the exponent of the grey levels.
        blurred: share of blurred patches.
        noise: largest deviation of the noise, share of the grey range.
        near_px: places of one tile nearer than this are no negatives of each other.
    """

    tiles: Annotated[int, Field(ge=1)] = 16
    keypoints: Annotated[int, Field(ge=2)] = 32
    relative_rotation_deg: Annotated[float, Field(ge=0, le=180)] = 15.0
    scale_keypoint: _Positive = 0.25
    scale_tile: _Positive = 0.25
    jitter_px: _Positive = 1.0
    shear: _Positive = 0.05
    gamma: _Positive = 0.35
    blurred: _Share = 0.3
    noise: _Share = 0.04
    near_px: Annotated[float, Field(ge=0)] = 5.0


@dataclass(frozen=True)
class Batch:
    """B pairs: `visible` and `nir` (B, P, P) grey patches, `near` (B, B) places too close to be negatives."""

    visible: Tensor
    nir: Tensor
    near: Tensor


class PairSampler:
    """Draws batches from tiles; the batch of a step depends on seed and step alone.

    Args:
        tiles: at least one, each with two keypoints or more.
        config: how pairs are drawn.
        sampling: geometry of the patches.
        seed: of everything drawn.
        workers: threads that cut the patches.
    """

    def __init__(
        self, tiles: list[Tile], config: PairConfig, sampling: PatchSampling, seed: int, workers: Workers
    ) -> None:
        self._tiles = [tile for tile in tiles if len(tile.xy) >= 2]
        if not self._tiles:
            raise ValueError("no tile has two keypoints")
        self._config, self._sampling, self._seed, self._workers = config, sampling, seed, workers
        self._grid = torch.from_numpy(unit_grid(sampling)).float()
        root = np.sqrt([len(tile.xy) for tile in self._tiles])
        self._weight = root / root.sum()

    def batch(self, step: int) -> Batch:
        """Returns the batch of one step."""
        draw = np.random.default_rng([self._seed, step])
        chosen = draw.choice(len(self._tiles), self._config.tiles, p=self._weight)
        draws = [np.random.default_rng([self._seed, step, slot]) for slot in range(len(chosen))]
        parts = self._workers.map(lambda job: self._from_tile(*job), zip(chosen.tolist(), draws))
        visible, nir = (torch.cat(side) for side in list(zip(*parts))[:2])
        group = np.repeat(chosen, [len(xy) for _, _, xy in parts])
        xy = np.concatenate([xy for _, _, xy in parts])
        distance = np.linalg.norm(xy[:, None] - xy[None], axis=2)
        near = (group[:, None] == group[None]) & (distance < self._config.near_px)
        return Batch(visible, nir, torch.from_numpy(near))

    def _from_tile(self, index: int, draw: np.random.Generator) -> tuple[Tensor, Tensor, NDArray[np.float64]]:
        """Returns (K, P, P) visible and NIR patches of one tile and the (K, 2) places they show."""
        tile = self._tiles[index]
        count = min(self._config.keypoints, len(tile.xy))
        chosen = draw.choice(len(tile.xy), count, replace=False)
        xy = tile.xy[chosen]
        first, second = self._windows(tile.size_px[chosen], draw)
        jitter = draw.normal(0, self._config.jitter_px, xy.shape)
        bands = _band_weights(len(tile.visible), draw)
        used = np.flatnonzero(bands).tolist()
        mixed = torch.tensordot(torch.from_numpy(bands[used]).float(), tile.visible[used], dims=1)
        torch_draw = torch.Generator().manual_seed(int(draw.integers(2**62)))
        visible = self._radiometry(self._cut(mixed, xy, first), torch_draw)
        return visible, self._radiometry(self._cut(tile.nir, xy + jitter, second), torch_draw), xy

    def _windows(
        self, size_px: NDArray[np.float64], draw: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns the (K, 2, 2) matrices that map the unit window to either image, px; columns are its axes."""
        config, count = self._config, len(size_px)
        half_width = self._sampling.half_width_px(size_px * np.exp(draw.uniform(-0.25, 0.25, count)))
        turn = draw.uniform(-np.pi, np.pi, count)
        common = _rotation(turn) * half_width[:, None, None]
        common[:, :, 1] *= draw.choice([-1.0, 1.0], count)[:, None]  # mirrored or not
        limit = np.deg2rad(config.relative_rotation_deg)
        scale = draw.uniform(-config.scale_keypoint, config.scale_keypoint, count)
        scale += draw.uniform(-config.scale_tile, config.scale_tile)
        sheared = np.eye(2) + draw.normal(0, config.shear, (count, 2, 2))
        relative = _rotation(draw.uniform(-limit, limit, count)) @ sheared * np.exp(scale)[:, None, None]
        return common, relative @ common

    def _cut(self, image: Tensor, xy: NDArray[np.float64], windows: NDArray[np.float64]) -> Tensor:
        matrices, centres = torch.from_numpy(windows).float(), torch.from_numpy(xy).float()
        return cut_windows(image, centres, matrices, self._grid)

    def _radiometry(self, patches: Tensor, draw: torch.Generator) -> Tensor:
        """Returns the patches with random gamma, blur and noise."""
        config, count = self._config, len(patches)

        def column(uniform: bool) -> Tensor:
            values = torch.rand if uniform else torch.randn
            return values(count, 1, 1, generator=draw)

        exponent = torch.exp(column(uniform=False) * config.gamma)
        bright = (patches / 255).clamp(1e-4, 1) ** exponent
        bright = torch.where(column(uniform=True) < config.blurred, _blur(bright), bright)
        noise = torch.randn(bright.shape, generator=draw)
        return 255 * (bright + noise * column(uniform=True) * config.noise)


def cut_windows(image: Tensor, centres_xy: Tensor, windows: Tensor, grid: Tensor) -> Tensor:
    """Returns (K, P, P) patches of an (H, W) image, bilinear, mirrored at the centres of the border pixels.

    Args:
        image: grey levels.
        centres_xy: (K, 2) pixel-edge px.
        windows: (K, 2, 2) matrices from the unit window to px.
        grid: (P * P, 2) points of the unit window.
    """
    height, width = image.shape
    side = round(len(grid) ** 0.5)
    points = centres_xy[:, None, :] - 0.5 + grid @ windows.transpose(1, 2)
    extent = torch.tensor([width - 1, height - 1], dtype=points.dtype, device=points.device)
    unit = (2 * points / extent - 1).reshape(1, -1, side, 2)
    cut = functional.grid_sample(
        image[None, None], unit, mode="bilinear", padding_mode="reflection", align_corners=True
    )
    return cut.reshape(-1, side, side)


def _rotation(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cosine, -sine], axis=1), np.stack([sine, cosine], axis=1)], axis=1)


def _band_weights(count: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """Returns the share of luminance (first) and each visible band: half the time luminance, else one band or a mix."""
    kind = draw.random()
    weight = np.zeros(count)
    if kind < 0.5 or count == 1:
        weight[0] = 1
    elif kind < 0.75:
        weight[draw.integers(1, count)] = 1
    else:
        weight[1:] = draw.dirichlet(np.ones(count - 1))
    return weight


def _blur(patches: Tensor) -> Tensor:
    """Returns the patches smoothed by the 5x5 binomial kernel, mirrored at their sides."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=patches.device) / 16
    padded = functional.pad(patches[:, None], (2, 2, 2, 2), mode="reflect")
    rows = functional.conv2d(padded, line.view(1, 1, 1, 5))
    return functional.conv2d(rows, line.view(1, 1, 5, 1))[:, 0]
