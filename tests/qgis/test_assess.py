"""ltformer:assess: offsets between two georeferenced rasters, as lines, numbers and a report."""

from __future__ import annotations

import json

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsGeometryGeneratorSymbolLayer, QgsProcessingException, QgsVectorLayer

from ltformer_qgis.result_layers import ResultLayer
from tests.data.make_rasters import NORTH_UP, make_raster, texture, to_bytes
from tests.qgis.conftest import SAMPLES

pytestmark = pytest.mark.usefixtures("provider")

TRUTH = np.array(json.loads((SAMPLES / "georeferenced/truth.json").read_text())["sensed_to_reference"])
WINDOW = np.array([120, 100])  # of the `pair` fixture in the sample


@pytest.fixture(scope="module")
def run(provider, pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("assess")
    files = {"OFFSETS": folder / "o.gpkg", "REPORT": folder / "r.html", "RECORD": folder / "r.json"}
    wanted = {"REFERENCE": str(pair[0]), "SENSED": str(pair[1]), "DESCRIPTOR": "rootsift", "DEVICE": "cpu"}
    return processing.run("ltformer:assess", {**wanted, **{name: str(path) for name, path in files.items()}}), folder


def test_the_numbers_are_those_of_the_known_offset(run):
    results, folder = run
    centre = np.array([150.0, 130.0]) + WINDOW  # sensed px: what lies there is shown at TRUTH in the reference
    offset = centre - (np.array([*centre, 1.0]) @ TRUTH.T)[:2]
    assert results["VERDICT"] == "PASS"
    assert [results["MEAN_X_PX"], results["MEAN_Y_PX"]] == pytest.approx(list(offset), abs=1.0)
    assert [results["MEAN_X_MAP"], results["MEAN_Y_MAP"]] == pytest.approx(
        [results["MEAN_X_PX"], -results["MEAN_Y_PX"]], rel=1e-6  # pixels of 1 m, y of the map upwards
    )  # fmt: skip
    assert results["MEDIAN_PX"] <= results["CE90_PX"] <= results["CE95_PX"]
    assert 0 < results["NOISE_PX"] < 1
    assert {path.name for path in folder.iterdir()} == {"o.gpkg", "r.html", "r.json"}


def test_the_lines_have_their_true_length_and_the_style_draws_them_longer(run, pair):
    layer = QgsVectorLayer(run[0]["OFFSETS"], "", "ogr")
    assert layer.crs().authid() == "EPSG:26917"
    assert layer.featureCount() == run[0]["COUNT"]
    for feature in layer.getFeatures():
        assert feature.geometry().length() == pytest.approx(feature["length_map"], abs=1e-6)
    ResultLayer("offset_vectors", "").postProcessLayer(layer, None, None)
    classes = layer.renderer().rootRule().children()
    assert len(classes) == 4
    inner = classes[0].symbol().symbolLayer(0)
    assert isinstance(inner, QgsGeometryGeneratorSymbolLayer)
    assert "exaggeration" in inner.geometryExpression()


def test_rasters_without_georeference_are_refused_before_any_work(pair, tmp_path):
    plain = tmp_path / "plain.tif"
    gdal.Translate(str(plain), str(pair[1]), format="PNG").FlushCache()
    plain.with_name("plain.tif.aux.xml").unlink(missing_ok=True)
    with pytest.raises(QgsProcessingException, match=r"'plain\.tif' has no georeference .* match the pair instead"):
        processing.run("ltformer:assess", {"REFERENCE": str(pair[0]), "SENSED": str(plain)})


def test_two_unrelated_rasters_give_no_number_that_could_be_trusted(tmp_path):
    paths = [
        make_raster(tmp_path / f"{seed}.tif", to_bytes(texture(200, 200, seed)), geotransform=NORTH_UP, epsg=32633)
        for seed in (1, 2)
    ]
    wanted = {"REFERENCE": str(paths[0]), "SENSED": str(paths[1]), "DESCRIPTOR": 1, "OFFSETS": "memory:"}
    assert processing.run("ltformer:assess", wanted)["VERDICT"] == "FAIL"
