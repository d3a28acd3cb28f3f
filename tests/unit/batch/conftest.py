"""Pairs that register within a second, and workers for them."""

import csv

import pytest

from ltcore.batch.cluster import local_workers
from ltcore.batch.manifest import read_manifest
from tests.data.make_rasters import NORTH_UP, UTM_33N, shifted_pair

QUICK = {"descriptor": "rootsift", "report": "no", "warp": "no"}


@pytest.fixture(scope="session")
def rasters(tmp_path_factory):
    """Reference and sensed raster, 300 x 260 px, 3.3 px apart."""
    folder = tmp_path_factory.mktemp("pair")
    return shifted_pair(folder, (3.3, -2.2), (300, 260), geotransform=NORTH_UP, epsg=UTM_33N)


@pytest.fixture
def rows_of(rasters):
    """Returns manifest rows of the same pair under several ids."""

    def rows(*ids):
        return [{"reference": rasters[0], "sensed": rasters[1], "id": name, **QUICK} for name in ids]

    return rows


@pytest.fixture
def manifest_of(tmp_path):
    """Writes rows, dictionaries with the same keys, as tmp_path/pairs.csv and returns that."""

    def manifest(rows):
        path = tmp_path / "pairs.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return manifest


@pytest.fixture
def pairs_of(rows_of, manifest_of, tmp_path):
    """Returns the same as pairs whose folders lie in tmp_path/out."""

    def pairs(*ids):
        return read_manifest(manifest_of(rows_of(*ids)), tmp_path / "out")

    return pairs


@pytest.fixture(scope="session")
def workers():
    """Two worker processes on this machine."""
    with local_workers(2) as connected:
        yield connected
