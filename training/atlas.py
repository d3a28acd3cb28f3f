"""All tiles of a training side by side on one device, so that a whole batch of windows is cut at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .pack import Tile


@dataclass(frozen=True)
class Atlas:
    """T tiles: the pixels of one after the other by rows, N in all, and K keypoints, in the tiles' order.

    Attributes:
        pixels: (N, 1 + V + 1) float32 grey levels 0 to 255: luminance, V visible bands, near infrared. A tile with
            fewer than V visible bands repeats its luminance.
        bands: (T,) visible bands that a tile has of its own.
        first_pixel: (T,) where a tile's pixels start.
        size_px: (T, 2) width and height.
        xy: (K, 2) float32 keypoints, pixel-edge px of their tile.
        keypoint_size_px: (K,).
        first_keypoint: (T,) where a tile's keypoints start.
        keypoints: (T,) how many it has.
    """

    pixels: Tensor
    bands: Tensor
    first_pixel: Tensor
    size_px: Tensor
    xy: Tensor
    keypoint_size_px: Tensor
    first_keypoint: Tensor
    keypoints: Tensor

    def cut(self, tile: Tensor, bands: Tensor, points_xy: Tensor) -> Tensor:
        """Returns (B, P, P) patches, bilinear, mirrored at the centres of the border pixels.

        Args:
            tile: (B,) which tile each shows.
            bands: (B, 1 + V + 1) share of each band.
            points_xy: (B, P * P, 2) where each pixel of the patch, by rows, reads the tile; pixel-edge px.
        """
        side = round(points_xy.shape[1] ** 0.5)
        points = points_xy - 0.5
        last = (self.size_px[tile] - 1)[:, None, :].float()
        turned = torch.remainder(points, 2 * last)
        inside = last - (turned - last).abs()
        corner = torch.minimum(inside.floor(), last - 1)
        share = inside - corner
        column, row = corner.long().unbind(dim=-1)
        width = self.size_px[tile, 0][:, None]
        first = self.first_pixel[tile][:, None] + row * width + column
        weight_x, weight_y = share.unbind(dim=-1)
        patches = torch.zeros_like(weight_x)
        for step, weight in (
            (0, (1 - weight_x) * (1 - weight_y)),
            (1, weight_x * (1 - weight_y)),
            (width, (1 - weight_x) * weight_y),
            (width + 1, weight_x * weight_y),
        ):
            patches = patches + weight * (self.pixels[first + step] * bands[:, None, :]).sum(dim=2)
        return patches.reshape(-1, side, side)


def build_atlas(tiles: list[Tile], device: torch.device) -> Atlas:
    """Returns the atlas of the tiles that have two keypoints or more.

    Raises:
        ValueError: none has.
    """
    used = [tile for tile in tiles if len(tile.xy) >= 2]
    if not used:
        raise ValueError("no tile has two keypoints")
    most = max(len(tile.visible) for tile in used)
    areas = [tile.nir.numel() for tile in used]
    counts = [len(tile.xy) for tile in used]
    return Atlas(
        pixels=torch.cat([_interleaved(tile, most) for tile in used]).to(device),
        bands=torch.tensor([len(tile.visible) - 1 for tile in used], device=device),
        first_pixel=torch.tensor(np.cumsum([0, *areas[:-1]]), device=device),
        size_px=torch.tensor([[tile.nir.shape[1], tile.nir.shape[0]] for tile in used], device=device),
        xy=torch.from_numpy(np.concatenate([tile.xy for tile in used])).float().to(device),
        keypoint_size_px=torch.from_numpy(np.concatenate([tile.size_px for tile in used])).float().to(device),
        first_keypoint=torch.tensor(np.cumsum([0, *counts[:-1]]), device=device),
        keypoints=torch.tensor(counts, device=device),
    )


def _interleaved(tile: Tile, most: int) -> Tensor:
    """Returns (H * W, most + 1): luminance, visible bands, luminance again up to `most`, near infrared."""
    repeated = tile.visible[:1].expand(most - len(tile.visible), -1, -1)
    return torch.cat([tile.visible, repeated, tile.nir[None]]).flatten(1).T.contiguous()
