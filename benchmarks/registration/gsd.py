"""Suite *gsd*: pixels of different size, georeferenced; errors are counted in the coarser pixel.

1:4, 1:10 and 1:20 (the sensed raster is the coarser one), 4:1, 10:1 and 20:1 (the reference is), resampled and
displaced by 0.5 to 3 coarse px that the georeference does not know. Resampled only: the two scenes of different
sensors that the index has near one town, aerial at 1 m and Landsat at 30 m, do not overlap; at 1:30 no scene has 32
px left.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .pairs import Pair, check_grid, generator, write_band
from .scenes import Scene, load_scenes
from .smallshift import towards
from .warps import Warp, resampled

_FACTORS = (4, 10, 20)
_MIN_COARSE_PX = 32
_MAX_SIDE_PX = 1024


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields one pair a scene, factor and direction, where the coarse side is at least 32 px."""
    for scene in load_scenes(data, split, _MAX_SIDE_PX):
        for factor in _FACTORS:
            if min(scene.size) / factor < _MIN_COARSE_PX:
                continue
            for reference_is_coarse in (False, True):
                yield _pair(scene, factor, reference_is_coarse, folder, seed)


def _pair(scene: Scene, factor: int, reference_is_coarse: bool, folder: Path, seed: int) -> Pair:
    kind = f"{factor}:1" if reference_is_coarse else f"1:{factor}"
    offset = factor * towards(generator(seed, scene.name, kind), 0.5, 3)
    coarse = (scene.size[0] // factor, scene.size[1] // factor)
    size = scene.size if reference_is_coarse else coarse
    shift = np.eye(3)
    shift[:2, 2] = offset
    scaled = np.diag([factor, factor, 1.0])  # coarse px -> fine px, from the same corner
    sensed_to_fine = Warp(shift if reference_is_coarse else shift @ scaled)
    sensed = resampled(scene.nir, sensed_to_fine, size, 1 if reference_is_coarse else factor)
    reference = resampled(scene.red, Warp(scaled), coarse, factor) if reference_is_coarse else scene.red
    truth = Warp(np.linalg.inv(scaled) @ shift) if reference_is_coarse else sensed_to_fine
    fine_how, coarse_how = scene.any_georeference, _coarser(scene.any_georeference, factor)
    return Pair(
        kind,
        scene.name,
        write_band(folder / "reference.tif", reference, coarse_how if reference_is_coarse else fine_how),
        write_band(folder / "sensed.tif", sensed, fine_how if reference_is_coarse else coarse_how),
        True,
        check_grid(truth, coarse if reference_is_coarse else scene.size, size),
        "shift",  # of what the georeferences leave over
        1.0 if reference_is_coarse else float(factor),
        1 / factor if reference_is_coarse else float(factor),
        {"native_px": round(scene.native_px, 3), "matrix": truth.matrix.tolist()},
    )


def _coarser(georeference: dict[str, Any], factor: int) -> dict[str, Any]:
    x0, a, b, y0, d, e = georeference["geotransform"]
    return {**georeference, "geotransform": (x0, a * factor, b * factor, y0, d * factor, e * factor)}
