"""A file that could not be finished is closed at once, so that it can be deleted: Windows deletes no open files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import ogr

from ltcore.errors import OutputError
from ltcore.geometry.transforms import Transform
from ltcore.progress import CancelledError, NullProgress
from ltcore.raster.geopackage import add_layer, write_geopackage
from ltcore.raster.grid import GeoGrid
from ltcore.raster.write import WarpTarget, warp_raster
from tests.data.make_rasters import make_raster

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def open_files(folder: Path) -> list[str]:
    """Returns what this process has open in a folder, deleted files too."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [str(link.readlink()) for link in links if str(link.readlink()).startswith(str(folder))]


def test_a_geopackage_whose_making_fails_is_closed(tmp_path: Path) -> None:
    def fill(dataset: Any) -> None:
        layer = add_layer(dataset, "a", GeoGrid(64, 48), ogr.wkbPoint, {"id": int})
        raise RuntimeError(f"no more space for {layer.GetName()}")

    with pytest.raises(OutputError) as caught:  # it keeps every frame and what is in it
        write_geopackage(tmp_path / "a.gpkg", fill)
    assert "no more space for a" in str(caught.value)
    assert open_files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


class CancelledAtOnce(NullProgress):
    """Somebody who cancels."""

    def is_cancelled(self) -> bool:
        return True


def test_a_cancelled_warp_closes_its_file(tmp_path: Path) -> None:
    source = make_raster(tmp_path / "a.tif")
    grid = GeoGrid(64, 48)
    transform = Transform("affine", np.eye(3))
    target = WarpTarget(grid, np.eye(3))
    with pytest.raises(CancelledError) as caught:
        warp_raster(source, tmp_path / "out.tif", transform, target, "nearest", CancelledAtOnce())
    assert [name for name in open_files(tmp_path) if name != str(source)] == []
    assert [path.name for path in tmp_path.iterdir()] == [source.name]
    assert caught.value is not None
