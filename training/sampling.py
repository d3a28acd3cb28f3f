"""Pairs of patches with exact truth, cut online from co-registered tiles.

Both windows of a pair stand on the same keypoint; the second is turned, scaled, shifted and sheared a little
against the first, as detections of two images differ. The window itself is that of `ltcore.features.patches`.
Everything is drawn and cut for the whole batch at once, on the device that trains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import ConfigDict, Field
from pydantic import dataclasses as pydantic
from torch import Tensor
from torch.nn import functional

from ltcore.features.patches import PatchSampling, unit_grid

from .atlas import build_atlas
from .pack import Tile

_JOB_VIEWS = 128  # windows a thread cuts at once
_MOST_TILT = 0.3  # of the perspective along each axis, so that all of the window stays before the viewer
_LEAST_UNIFORM = 1e-7  # uniform numbers whose logarithm is taken stay above

_Positive = Annotated[float, Field(ge=0, le=10)]
_Share = Annotated[float, Field(ge=0, le=1)]


@pydantic.dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PairConfig:
    """How pairs are drawn.

    Each tile gives visible windows of luminance (half the time), of one band or of a random mix (a quarter each).

    Attributes:
        tiles: tiles a batch.
        keypoints: keypoints a tile; a batch holds tiles * keypoints pairs.
        relative_rotation_deg: largest rotation between both windows.
        scale_keypoint: largest log of the scale between both windows, drawn for each pair.
        scale_tile: the same, drawn for each tile.
        jitter_px: deviation of the second window's position.
        shear: deviation of the elements of its 2x2 matrix.
        perspective: deviation of the second window's perspective: share by which scale changes from centre to side.
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
    perspective: _Share = 0.0
    gamma: _Positive = 0.35
    blurred: _Share = 0.3
    noise: _Share = 0.04
    near_px: Annotated[float, Field(ge=0)] = 5.0


@dataclass(frozen=True)
class Batch:
    """B pairs, of which this process holds b.

    Attributes:
        patches: (2, b, P, P) grey levels: visible, then near infrared.
        near: (B, B) which places are too close to be negatives of each other, or the same.
    """

    patches: Tensor
    near: Tensor


@dataclass(frozen=True)
class Views:
    """2B windows with what is done to their grey levels: B visible ones, then their B near-infrared partners.

    Attributes:
        tile: (2B,) which tile each shows.
        bands: (2B, C) share of each band of the atlas.
        centres_xy: (2B, 2) pixel-edge px of the tile.
        windows: (2B, 2, 2) matrices from the unit window to px; columns are its axes.
        perspective: (2B, 2) a point p of the unit window is divided by 1 + p . perspective before that.
        exponent: (2B,) of the grey levels.
        blurred: (2B,) which are smoothed.
        noise: (2B, P, P) share of the grey range.
    """

    tile: Tensor
    bands: Tensor
    centres_xy: Tensor
    windows: Tensor
    perspective: Tensor
    exponent: Tensor
    blurred: Tensor
    noise: Tensor


class PairSampler:
    """Draws batches from tiles; the batch of a step depends on seed, step and kind of device alone.

    Args:
        tiles: those with fewer than two keypoints are left out; one must be left.
        config: how pairs are drawn.
        sampling: geometry of the patches.
        seed: of everything drawn.
        device: where all is drawn and cut.
    """

    def __init__(
        self, tiles: list[Tile], config: PairConfig, sampling: PatchSampling, seed: int, device: torch.device
    ) -> None:
        self._config, self._sampling, self._seed, self._device = config, sampling, seed, device
        self._atlas = build_atlas(tiles, device)
        self._grid = torch.from_numpy(unit_grid(sampling)).float().to(device)
        self._drawn = self._atlas.keypoints.double().sqrt().cumsum(0)
        # On a GPU one fused kernel takes a quarter of the time; on a CPU no compiler may be there.
        self._cut_job = torch.compile(self._cut, dynamic=False) if device.type == "cuda" else self._cut

    def batch(self, step: int, part: slice = slice(None), map_jobs: Callable[..., Iterable[Any]] = map) -> Batch:
        """Returns the batch of one step.

        Args:
            step: its number.
            part: the pairs that this process cuts.
            map_jobs: runs the cutting of several windows, such as that of a thread pool.
        """
        draw = torch.Generator(self._device).manual_seed(mixed_seed(self._seed, step))
        views, near = self._views(draw)
        own = torch.arange(2 * len(near), device=self._device).reshape(2, -1)[:, part]
        jobs = [own.flatten()] if self._device.type != "cpu" else list(torch.split(own.flatten(), _JOB_VIEWS))
        patches = torch.cat(list(map_jobs(lambda job: self._cut_job(views, job), jobs)))
        return Batch(patches.reshape(2, own.shape[1], *patches.shape[1:]), near)

    def _views(self, draw: torch.Generator) -> tuple[Views, Tensor]:
        """Returns the views of a batch, and which of their places are near each other."""
        config, side = self._config, self._sampling.patch_px
        tile, xy, size_px = self._places(draw)
        count = len(tile)
        first, second = self._windows(size_px, draw)
        jittered = xy + config.jitter_px * self._normal(draw, count, 2)
        bands = self._visible_shares(tile, draw)
        infrared = torch.zeros_like(bands)
        infrared[:, -1] = 1
        noise = self._normal(draw, 2 * count, side, side)
        exponent = torch.exp(config.gamma * self._normal(draw, 2 * count))
        blurred = self._uniform(draw, 2 * count) < config.blurred
        noise_level = config.noise * self._uniform(draw, 2 * count)
        tilt = (config.perspective * self._normal(draw, count, 2)).clamp(-_MOST_TILT, _MOST_TILT)
        views = Views(
            tile=tile.repeat(2),
            bands=torch.cat([bands, infrared]),
            centres_xy=torch.cat([xy, jittered]),
            windows=torch.cat([first, second]),
            perspective=torch.cat([torch.zeros_like(tilt), tilt]),
            exponent=exponent,
            blurred=blurred,
            noise=noise * noise_level[:, None, None],
        )
        apart = (xy[:, None] - xy[None]).norm(dim=2)
        return views, (tile[:, None] == tile[None]) & (apart < config.near_px)

    def _places(self, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Returns tile (B,), position (B, 2) and size (B,) of a batch's keypoints.

        A tile is drawn by the square root of its number of keypoints; its keypoints are drawn one from each of
        equal parts of their list, so that none comes twice while there are enough.
        """
        config, atlas = self._config, self._atlas
        where = self._uniform(draw, config.tiles).double() * self._drawn[-1]
        tile = torch.searchsorted(self._drawn, where).clamp(max=len(self._drawn) - 1)
        part = torch.arange(config.keypoints, device=self._device) + self._uniform(draw, config.tiles, config.keypoints)
        held = atlas.keypoints[tile][:, None]
        chosen = torch.minimum((part / config.keypoints * held).long(), held - 1)
        chosen = (atlas.first_keypoint[tile][:, None] + chosen).flatten()
        return tile.repeat_interleave(config.keypoints), atlas.xy[chosen], atlas.keypoint_size_px[chosen]

    def _windows(self, size_px: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """Returns the (B, 2, 2) matrices that map the unit window to either image, px."""
        config, sampling, count = self._config, self._sampling, len(size_px)
        wanted = sampling.support_factor * size_px * torch.exp(0.25 * self._signed(draw, count))
        half_width = wanted.clamp(sampling.min_half_width_px, sampling.max_half_width_px)
        common = _rotation(np.pi * self._signed(draw, count)) * half_width[:, None, None]
        mirrored = self._uniform(draw, count) < 0.5
        common[:, :, 1] *= torch.where(mirrored, -1.0, 1.0)[:, None]
        scale = config.scale_keypoint * self._signed(draw, count)
        scale = scale + config.scale_tile * self._signed(draw, config.tiles).repeat_interleave(config.keypoints)
        sheared = torch.eye(2, device=self._device) + config.shear * self._normal(draw, count, 2, 2)
        turn = np.deg2rad(config.relative_rotation_deg) * self._signed(draw, count)
        relative = _rotation(turn) @ sheared * torch.exp(scale)[:, None, None]
        return common, relative @ common

    def _visible_shares(self, tile: Tensor, draw: torch.Generator) -> Tensor:
        """Returns the (B, C) shares of the bands, the same for all pairs of a slot: luminance first, NIR last and 0."""
        config, slots = self._config, self._config.tiles
        bands = self._atlas.bands[tile[:: config.keypoints]]
        own = torch.arange(self._atlas.pixels.shape[1] - 2, device=self._device) < bands[:, None]
        kind = self._uniform(draw, slots)
        one = (self._uniform(draw, slots) * bands).long()
        single = torch.arange(own.shape[1], device=self._device) == one[:, None]
        exponential = -self._uniform(draw, *own.shape).clamp(min=_LEAST_UNIFORM).log()
        mix = torch.where(own, exponential, 0.0)
        shares = torch.where((kind < 0.75)[:, None], single, mix / mix.sum(dim=1, keepdim=True).clamp(min=1e-9))
        luminance = (kind < 0.5) | (bands == 0)
        shares = torch.where(luminance[:, None], 0.0, shares)
        whole = torch.cat([luminance[:, None].float(), shares, torch.zeros(slots, 1, device=self._device)], dim=1)
        return whole.repeat_interleave(config.keypoints, dim=0)

    def _cut(self, views: Views, job: Tensor) -> Tensor:
        """Returns the (J, P, P) patches of some views, with their gamma, blur and noise."""
        grid = self._grid / (1 + self._grid @ views.perspective[job].transpose(0, 1)).transpose(0, 1)[..., None]
        points = views.centres_xy[job, None, :] + grid @ views.windows[job].transpose(1, 2)
        patches = self._atlas.cut(views.tile[job], views.bands[job], points)
        bright = (patches / 255).clamp(1e-4, 1) ** views.exponent[job, None, None]
        bright = torch.where(views.blurred[job, None, None], _blur(bright), bright)
        return 255 * (bright + views.noise[job])

    def _uniform(self, draw: torch.Generator, *shape: int) -> Tensor:
        return torch.rand(shape, generator=draw, device=self._device)

    def _signed(self, draw: torch.Generator, *shape: int) -> Tensor:
        return 2 * self._uniform(draw, *shape) - 1

    def _normal(self, draw: torch.Generator, *shape: int) -> Tensor:
        return torch.randn(shape, generator=draw, device=self._device)


def mixed_seed(seed: int, step: int) -> int:
    """Returns a seed that differs for every seed and step."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _rotation(angle: Tensor) -> Tensor:
    cosine, sine = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cosine, -sine], dim=1), torch.stack([sine, cosine], dim=1)], dim=1)


def _blur(patches: Tensor) -> Tensor:
    """Returns the patches smoothed by the 5x5 binomial kernel, mirrored at their sides."""
    padded = functional.pad(patches[:, None], (2, 2, 2, 2), mode="reflect")[:, 0]
    rows = _binomial(padded, dim=1)
    return _binomial(rows, dim=2)


def _binomial(values: Tensor, dim: int) -> Tensor:
    """Returns values smoothed by (1, 4, 6, 4, 1) / 16 along one axis, four shorter there."""
    length = values.shape[dim] - 4
    taps = [values.narrow(dim, start, length) * weight for start, weight in enumerate((1.0, 4.0, 6.0, 4.0, 1.0))]
    return torch.stack(taps).sum(dim=0) / 16
