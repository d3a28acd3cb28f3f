"""ltformer:warp: one solution, one or several rasters, into a file or a folder."""

from __future__ import annotations

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsApplication, QgsProcessingException, QgsProject, QgsRasterLayer

from ltcore.config import RasterSource
from ltcore.gcp import Gcp, GcpSet, write_points
from ltcore.raster.read import grid_of, open_raster
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, texture, to_bytes, wkt

pytestmark = pytest.mark.usefixtures("provider")

SHIFT = (6.0, -4.0)  # map units = 3 and 2 px


@pytest.fixture
def sensed(tmp_path):
    """A one-band, a colour and a same-named raster of one frame."""
    (tmp_path / "more").mkdir()
    bands = np.stack([to_bytes(texture(64, 48, seed)) for seed in (1, 2, 3)])
    return [
        make_raster(tmp_path / "nir.tif", geotransform=NORTH_UP, epsg=UTM_33N),
        make_raster(tmp_path / "rgb.tif", bands, geotransform=NORTH_UP, epsg=UTM_33N, names=("r", "g", "b")),
        make_raster(tmp_path / "more" / "nir.tif", geotransform=NORTH_UP, epsg=UTM_33N, seed=7),
    ]


@pytest.fixture
def solution(tmp_path, sensed):
    """GCPs that move the frame by a whole number of pixels."""
    grid = grid_of(open_raster(RasterSource(sensed[0])))
    pixels = np.array([[c, r] for c in (2, 30, 60) for r in (2, 20, 45)], float)
    places = grid.to_map(pixels) + SHIFT
    gcps = tuple(Gcp(i + 1, *map(float, (*p, *m))) for i, (p, m) in enumerate(zip(pixels, places)))
    write_points(tmp_path / "s.points", GcpSet(gcps, wkt(UTM_33N)), grid)
    return tmp_path / "s.points"


def warp(solution, sensed, **more):
    return processing.run(
        "ltformer:warp", {"SENSED": [str(path) for path in sensed], "SOLUTION": str(solution), **more}
    )


def test_one_raster_goes_where_it_is_asked_for(sensed, solution, tmp_path):
    results = warp(solution, sensed[1:2], WARPED=str(tmp_path / "w.tif"), TRANSFORM="affine", RESAMPLING="nearest")
    assert results == {"WARPED": str(tmp_path / "w.tif"), "COUNT": 1}
    warped, source = gdal.Open(results["WARPED"]), gdal.Open(str(sensed[1]))
    geotransform = warped.GetGeoTransform()
    assert np.allclose(geotransform[1:3] + geotransform[4:], NORTH_UP[1:3] + NORTH_UP[4:], atol=1e-6)
    assert np.allclose([geotransform[0] - NORTH_UP[0], geotransform[3] - NORTH_UP[3]], SHIFT, atol=1e-4)
    assert [warped.GetRasterBand(number).GetDescription() for number in (1, 2, 3)] == ["r", "g", "b"]
    np.testing.assert_array_equal(warped.ReadAsArray()[:, 1:47, 1:63], source.ReadAsArray()[:, 1:47, 1:63])


def test_several_rasters_go_to_a_folder_and_rasters_of_one_name_get_numbers(sensed, solution, tmp_path):
    results = warp(solution, sensed, FOLDER=str(tmp_path / "out"))
    assert results == {"FOLDER": str(tmp_path / "out"), "COUNT": 3}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "nir_warped.tif", "nir_warped_2.tif", "rgb_warped.tif",
    ]  # fmt: skip
    first, second = (gdal.Open(str(tmp_path / "out" / f"nir_warped{n}.tif")).ReadAsArray() for n in ("", "_2"))
    assert not np.array_equal(first, second)


def test_layers_of_the_project_are_taken_and_results_load_in_one_group(
    context, feedback, sensed, solution, tmp_path, qgis_new_project
):
    from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: PLC0415 - QGIS's, once it is initialised

    layers = [QgsRasterLayer(str(path), path.stem) for path in sensed[:2]]
    QgsProject.instance().addMapLayers(layers)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("ltformer:warp")
    wanted = {"SENSED": [layer.id() for layer in layers], "SOLUTION": str(solution), "FOLDER": str(tmp_path / "out")}
    _, ok = algorithm.run(wanted, context, feedback)
    assert ok
    assert handleAlgorithmResults(algorithm, context, feedback, parameters=wanted)
    group = QgsProject.instance().layerTreeRoot().findGroup("LTFormer: nir")
    assert sorted(node.layer().name() for node in group.findLayers()) == ["nir_warped", "rgb_warped"]
    assert len(QgsProject.instance().mapLayers()) == 4


def test_one_that_fails_leaves_nothing_of_the_others(sensed, solution, tmp_path):
    solution.write_text(solution.read_text().rsplit("\n", 9)[0])  # too few points are left
    with pytest.raises(QgsProcessingException, match="too few to choose a model"):
        warp(solution, sensed, FOLDER=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


BAD = {
    "no solution": ({"SOLUTION": "{tmp}/none.json"}, r"The solution '.*none\.json' does not exist"),
    "not a solution": ({"SOLUTION": "{tmp}/nir.tif"}, r"is no solution: choose a record\.json"),
    "no raster": ({"SENSED": ["{tmp}/none.tif"]}, r"The rasters to warp '.*none\.tif' does not exist"),
    "a file for two": ({"WARPED": "{tmp}/w.tif", "TWO": True}, r"2 rasters do not fit into one"),
    "no place": ({"FOLDER": None}, r"Choose a folder"),
    "format": ({"WARPED": "{tmp}/w.jp2"}, r"must be a GeoTIFF"),
    "choice": ({"GRID": "mine"}, r"'mine' is no choice for GRID; it is one of reference, sensed"),
}


def in_folder(value, folder):
    if isinstance(value, list):
        return [in_folder(one, folder) for one in value]
    return value and value.format(tmp=folder)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_any_work(sensed, solution, tmp_path, case):
    changes, sentence = BAD[case]
    two = changes.get("TWO")
    wanted = {"FOLDER": str(tmp_path / "out"), "SOLUTION": str(solution), "SENSED": [str(sensed[0])]}
    wanted.update({name: value for name, value in changes.items() if name != "TWO"})
    if two:
        wanted["SENSED"] = [str(path) for path in sensed[:2]]
    wanted = {
        name: [v.format(tmp=tmp_path) for v in value]
        if isinstance(value, list)
        else value and value.format(tmp=tmp_path)
        for name, value in wanted.items()
    }
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QgsProcessingException, match=sentence):
        processing.run("ltformer:warp", {name: value for name, value in wanted.items() if value is not None})
    assert sorted(tmp_path.rglob("*")) == before


def test_an_input_is_never_overwritten(sensed, solution, tmp_path):
    before = sensed[0].read_bytes()
    with pytest.raises(QgsProcessingException, match="would be overwritten"):
        warp(solution, sensed[:1], WARPED=str(sensed[0]))
    assert sensed[0].read_bytes() == before
