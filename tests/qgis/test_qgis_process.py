"""ltformer:match through qgis_process, as in a production script: runs, models, bad input, signals."""

from __future__ import annotations

import re
import signal
import sys
import time

import pytest
from osgeo import gdal
from qgis.core import (
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterRasterLayer,
)

from tests.data.make_rasters import VARIANTS, make_raster
from tests.qgis.conftest import SAMPLES
from tests.qgis.profiles import bare_python


def arguments(values):
    return ["run", "ltformer:match", "--", *(f"{name}={value}" for name, value in values.items())]


def outputs(folder):
    return {
        "TIE_POINTS": folder / "ties.gpkg", "WARPED": folder / "warped.tif", "POINTS_FILE": folder / "gcps.points",
        "REPORT": folder / "report.html", "RECORD": folder / "record.json",
    }  # fmt: skip


def test_the_algorithms_are_listed(profile):
    code, out, errors = profile.run("list")
    assert code == 0
    for name in ("match", "warp", "exportgcps", "checkenvironment"):
        assert f"ltformer:{name}\t" in out
    assert not [line for line in errors if "ltformer" in line.lower()]


def test_a_pair_is_matched_with_the_network(profile, pair, tmp_path):
    small = [tmp_path / path.name for path in pair]
    for source, target in zip(pair, small):
        gdal.Translate(str(target), str(source), srcWin=[40, 20, 220, 200])
    out_dir = tmp_path / "out"
    wanted = {"REFERENCE": small[0], "SENSED": small[1], "DEVICE": "cpu", **outputs(out_dir)}
    code, out, errors = profile.run(*arguments(wanted))
    assert code == 0, errors
    assert re.search(r"VERDICT:\s*PASS", out)
    assert {path.name for path in out_dir.iterdir()} == {path.name for path in outputs(out_dir).values()}
    assert gdal.Open(str(out_dir / "warped.tif")).RasterCount == 1
    assert profile.leftovers() == []


def test_one_solution_warps_more_rasters_and_gives_a_gcp_file(profile, pair, tmp_path):
    wanted = {"REFERENCE": pair[0], "SENSED": pair[1], "DESCRIPTOR": 1, "TIE_POINTS": tmp_path / "ties.gpkg"}
    assert profile.run(*arguments(wanted), f"RECORD={tmp_path}/record.json")[0] == 0
    more = [f"SENSED={pair[1]}", f"SENSED={pair[0]}", f"SOLUTION={tmp_path}/record.json", f"FOLDER={tmp_path}/out"]
    code, out, errors = profile.run("run", "ltformer:warp", "--", *more)
    assert code == 0, errors
    assert re.search(r"COUNT:\s*2", out)
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["nir_warped.tif", "visible_warped.tif"]
    points = [f"TIE_POINTS={tmp_path}/ties.gpkg", f"SENSED={pair[1]}", f"POINTS_FILE={tmp_path}/g.points"]
    code, out, errors = profile.run("run", "ltformer:exportgcps", "--", *points)
    assert code == 0, errors
    assert (tmp_path / "g.points").read_text().startswith("#CRS: PROJCRS")
    assert profile.leftovers() == []


@pytest.fixture
def model(provider, tmp_path):
    """A .model3 file: two rasters in, ltformer:match with RootSIFT, the warped raster out."""
    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("align", "Tests")
    child = QgsProcessingModelChildAlgorithm("ltformer:match")
    child.setChildId("match")
    for name in ("REFERENCE", "SENSED"):
        parameter = QgsProcessingParameterRasterLayer(name.lower(), name)
        model.addModelParameter(parameter, QgsProcessingModelParameter(parameter.name()))
        child.addParameterSources(name, [source.fromModelParameter(parameter.name())])
    child.addParameterSources("DESCRIPTOR", [source.fromStaticValue(1)])
    output = QgsProcessingModelOutput("aligned", "aligned")
    output.setChildId("match")
    output.setChildOutputName("WARPED")
    child.setModelOutputs({"aligned": output})
    model.addChildAlgorithm(child)
    path = tmp_path / "match.model3"
    assert model.toFile(str(path))
    return path


def run_model(profile, model, pair, warped):
    return profile.run("run", model, "--", f"reference={pair[0]}", f"sensed={pair[1]}", f"match:aligned={warped}")


def test_a_model_runs(profile, model, pair, tmp_path):
    code, _, errors = run_model(profile, model, pair, tmp_path / "aligned.tif")
    assert code == 0, errors
    assert gdal.Open(str(tmp_path / "aligned.tif")) is not None
    assert profile.leftovers() == []


def test_a_model_stops_with_the_sentence_for_bad_input(profile, model, pair, tmp_path):
    far = make_raster(tmp_path / "far.tif", geotransform=(9e5, 1, 0, 5e6, 0, -1), epsg=32617)
    code, _, errors = run_model(profile, model, (pair[0], far), tmp_path / "aligned.tif")
    assert code != 0
    assert any("do not overlap" in line for line in errors)
    assert not (tmp_path / "aligned.tif").exists()


def test_a_model_stops_where_the_pair_is_not_trustworthy(profile, model, unrelated, tmp_path):
    code, _, errors = run_model(profile, model, unrelated, tmp_path / "aligned.tif")
    assert code != 0
    assert any("No warped raster was written" in line for line in errors)
    assert not (tmp_path / "aligned.tif").exists()


@pytest.fixture(scope="module")
def inputs(pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "points.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    (folder / "points.csv").write_text("x,y\n1,2\n")
    (folder / "text.tif").write_text("no raster")
    make_raster(folder / "far.tif", geotransform=(9e5, 1, 0, 5e6, 0, -1), epsg=32617)
    VARIANTS["all_nodata"](folder / "nodata.tif")
    return {"visible": pair[0], "nir": pair[1], "folder": folder}


BAD_INPUTS = {
    "missing band": ({"SENSED_BAND": 4}, r"Band 4 was requested but 'nir\.tif' has 1 band\."),
    "missing file": ({"SENSED": "{folder}/none.tif"}, r"The sensed raster '.*none\.tif' does not exist\."),
    "vector": ({"SENSED": "{folder}/points.geojson"}, r"is a vector layer; choose a raster\."),
    "no raster": ({"REFERENCE": "{folder}/text.tif"}, r"The reference raster .* is no raster that GDAL can open\."),
    "no overlap": ({"SENSED": "{folder}/far.tif"}, r"do not overlap: their extents are [\d.]+ km apart"),
    "same image": ({"REFERENCE": "{nir}"}, r"are the same band \(1\) of 'nir\.tif'; choose two images\."),
    "offset": ({"MAX_OFFSET": "12km"}, r"'12km' is neither pixels like '64' nor metres like '250m'\."),
    "device": ({"DEVICE": "gpu"}, r"The device 'gpu' is none of"),
    "choice": ({"TRANSFORM": "cubic"}, r"'cubic' is no choice for TRANSFORM; it is one of auto, shift"),
    "format": ({"WARPED": "{out}/w.jp2"}, r"must be a GeoTIFF"),
    "area": ({"AOI": "{folder}/none.gpkg"}, r"'.*none\.gpkg' is no vector layer that can be opened\."),
    "weights": ({"WEIGHTS": "{folder}/none.safetensors"}, r"none\.safetensors"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_bad_input_is_one_clear_sentence_and_no_file(profile, inputs, tmp_path, case):
    changes, sentence = BAD_INPUTS[case]
    wanted = {"REFERENCE": inputs["visible"], "SENSED": inputs["nir"], **outputs(tmp_path)}
    wanted.update({name: str(value).format(out=tmp_path, **inputs) for name, value in changes.items()})
    code, _, errors = profile.run(*arguments(wanted))
    assert code == 1
    assert any(re.search(sentence, line) for line in errors), errors
    assert "Traceback" not in "\n".join(errors)
    assert list(tmp_path.iterdir()) == []
    assert profile.leftovers() == []


def test_two_unrelated_rasters_fail_with_the_reasons_and_keep_report_and_record(profile, unrelated, tmp_path):
    wanted = {"REFERENCE": unrelated[0], "SENSED": unrelated[1], "DESCRIPTOR": 1, **outputs(tmp_path)}
    code, _, errors = profile.run(*arguments(wanted))
    assert code == 1
    assert any("No warped raster was written, as the verdict FAIL" in line for line in errors), errors
    names = {path.name for path in tmp_path.iterdir()}
    assert "warped.tif" not in names
    assert {"report.html", "record.json"} <= names


def test_without_an_engine_the_sentence_says_what_to_do(profile, pair, tmp_path):
    python = bare_python(tmp_path)
    wanted = {"REFERENCE": pair[0], "SENSED": pair[1], **outputs(tmp_path / "out")}
    code, _, errors = profile.run(*arguments(wanted), LTFORMER_PYTHON=str(python))
    assert code == 1
    assert any("it lacks" in line and "Check and set up environment" in line for line in errors)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def start_slow_run(profile, folder):
    """Starts a run on the whole orchard pair and returns once the engine works."""
    orchard = SAMPLES / "orchard"
    wanted = {"REFERENCE": orchard / "red.tif", "SENSED": orchard / "nir.tif", "DEVICE": "cpu", **outputs(folder)}
    process = profile.start(*arguments(wanted))
    for line in process.stdout:
        if "Opening the rasters" in line:
            break
    time.sleep(0.5)
    return process


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_the_engine_and_leaves_nothing(profile, tmp_path, number):
    with start_slow_run(profile, tmp_path) as process:
        assert profile.worker_pids()
        process.send_signal(number)
        start_s = time.monotonic()
        process.communicate(timeout=20)
    assert time.monotonic() - start_s < 8  # mostly the end of QGIS itself on a busy machine
    while profile.worker_pids() and time.monotonic() - start_s < 10:
        time.sleep(0.1)
    assert not profile.worker_pids()
    assert list(tmp_path.iterdir()) == []
    assert profile.leftovers() == []


def test_the_example_model_aligns_three_bands_and_makes_the_ndvi(profile, pair, tmp_path):
    code, out, errors = profile.run("list")
    assert "ltformer:align_bands_and_ndvi" in out, errors
    bands = [f"{name}={pair[1]}" for name in ("NIR", "RED", "GREEN")]
    made = ["match:NIR aligned", "red:Red aligned", "green:Green aligned", "ndvi:NDVI"]
    wanted = [f"{name}={tmp_path}/{number}.tif" for number, name in enumerate(made)]
    code, out, errors = profile.run(
        "run", "ltformer:align_bands_and_ndvi", "--", f"REFERENCE={pair[0]}", *bands, *wanted
    )
    assert code == 0, errors
    nir, red, green, ndvi = (gdal.Open(str(tmp_path / f"{number}.tif")) for number in range(4))
    assert nir.GetGeoTransform() == gdal.Open(str(pair[0])).GetGeoTransform() == ndvi.GetGeoTransform()
    for band in (red, green):
        assert (band.ReadAsArray() == nir.ReadAsArray()).all()  # the same pixels, moved by the same solution
    inside = ndvi.ReadAsArray()[30:-30, 30:-30]
    assert abs(inside[inside != -9999]).max() < 1e-3
    assert profile.leftovers() == []
