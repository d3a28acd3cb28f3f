"""The command line as a user runs it: a process, its exit code, what it prints and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from tests.data.make_rasters import HEIGHT, NORTH_UP, UTM_33N, WIDTH, make_raster, shifted_pair, texture_at, to_bytes

SAMPLES = Path(__file__).parents[2] / "samples"
OUTPUTS = {"tie_points.gpkg", "gcps.points", "gcps.vrt", "warped.tif", "report.html", "record.json"}
SUMMARY_KEYS = {
    "verdict", "reasons", "transform", "tie_points", "inliers", "rmse_px", "rmse_map", "ce90_px", "heldout_rmse_px",
    "bias_px", "coverage", "device", "backend", "seconds", "outputs",
}  # fmt: skip
SIZE = (300, 260)


def ltcore(*args, **kwargs):
    command = [sys.executable, "-m", "ltcore", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **kwargs)


def quick(reference, sensed, out, *more):
    """A run without what takes long: no network, no report."""
    return ltcore("register", reference, sensed, "--out", out, "--descriptor", "rootsift", "--no-report", *more)


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """The georeferenced sample, registered once with all outputs."""
    out = tmp_path_factory.mktemp("registered") / "out"
    pair = SAMPLES / "georeferenced" / "visible.tif", SAMPLES / "georeferenced" / "nir.tif"
    return ltcore("register", *pair, "--out", out, "--json"), out


def test_json_has_every_field_and_all_outputs_are_there(registered):
    done, out = registered
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert set(summary) >= SUMMARY_KEYS
    assert summary["verdict"] == "PASS"
    assert {path.name for path in out.iterdir()} == OUTPUTS
    assert {Path(path).name for path in summary["outputs"].values()} == OUTPUTS
    assert np.array(summary["transform"]["matrix"]).shape == (3, 3)
    assert np.array(summary["transform"]["check_grid"]).shape == (100, 4)


def test_the_sample_lands_where_it_truly_lies(registered):
    summary = json.loads(registered[0].stdout)
    truth = json.loads((SAMPLES / "georeferenced" / "truth.json").read_text())
    matrix = np.array(truth["sensed_to_reference"])
    grid = np.array(summary["transform"]["check_grid"])
    homogeneous = np.column_stack([grid[:, :2], np.ones(len(grid))]) @ matrix.T
    expected = homogeneous[:, :2] / homogeneous[:, 2:]
    # The bands of the scene itself are a tenth of a pixel apart, which the truth does not know.
    native = np.hypot(*truth["scene_red_nir_offset_px"])
    assert np.sqrt(((grid[:, 2:] - expected) ** 2).sum(axis=1).mean()) < 0.1 + native


def test_the_drone_pair_agrees_with_points_picked_by_hand(tmp_path):
    pair = SAMPLES / "orchard" / "red.tif", SAMPLES / "orchard" / "nir.tif"
    done = ltcore("register", *pair, "--out", tmp_path / "out", "--json", "--no-report", "--no-warp")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["verdict"] == "PASS"
    picked = json.loads((Path(__file__).parents[1] / "data" / "orchard_check_points.json").read_text())["points"]
    sensed = np.array([[*point["sensed"], 1] for point in picked]) @ np.array(summary["transform"]["matrix"]).T
    error = sensed[:, :2] / sensed[:, 2:] - [point["reference"] for point in picked]
    assert np.sqrt((error**2).sum(axis=1).mean()) < 1.0


def test_plain_lines_of_progress_without_a_terminal(registered):
    lines = [line for line in registered[0].stderr.splitlines() if line.startswith("[")]
    assert len(lines) > 5
    assert "\r" not in registered[0].stderr
    assert "Traceback" not in registered[0].stderr


def test_the_same_seed_gives_the_same_record_apart_from_times(tmp_path, registered):
    pair = SAMPLES / "georeferenced" / "visible.tif", SAMPLES / "georeferenced" / "nir.tif"
    assert ltcore("register", *pair, "--out", tmp_path / "again").returncode == 0
    records = [json.loads((out / "record.json").read_text()) for out in (registered[1], tmp_path / "again")]
    for record in records:
        assert record.pop("seconds")
        assert record.pop("cpu_seconds")
        assert record.pop("finished_at")
    assert json.dumps(records[0]) == json.dumps(records[1])


def test_replay_gives_the_same_tie_points(tmp_path, registered):
    done = ltcore("register", "--replay", registered[1] / "record.json", "--out", tmp_path / "again", "--json")
    assert done.returncode == 0, done.stderr
    records = [json.loads((out / "record.json").read_text()) for out in (registered[1], tmp_path / "again")]
    assert records[0]["tie_points"] == records[1]["tie_points"]


@pytest.mark.parametrize("solution", ["record.json", "tie_points.gpkg", "gcps.points"])
def test_one_solution_warps_another_raster(tmp_path, registered, solution):
    source = gdal.Open(str(SAMPLES / "georeferenced" / "nir.tif"))
    bands = np.stack([source.ReadAsArray(), 255 - source.ReadAsArray()])
    other = make_raster(
        tmp_path / "other.tif", bands, geotransform=source.GetGeoTransform(), epsg=26917, names=["nir", "inverse"]
    )
    out = tmp_path / "warped.tif"
    done = ltcore("warp", other, "--gcps", registered[1] / solution, "--out", out)
    assert done.returncode == 0, done.stderr
    expected = gdal.Open(str(registered[1] / "warped.tif"))
    x0, size, _, y0, _, _ = expected.GetGeoTransform()
    bounds = (x0, y0 - size * expected.RasterYSize, x0 + size * expected.RasterXSize, y0)
    warped = gdal.Warp("", str(out), format="MEM", outputBounds=bounds, xRes=size, yRes=size, resampleAlg="cubic")
    first, second = warped.ReadAsArray()[:2].astype(float)
    inside = np.s_[40:-40, 40:-40]
    assert warped.GetRasterBand(2).GetDescription() == "inverse"
    assert np.abs(first - expected.ReadAsArray().astype(float))[inside].mean() < 2
    assert np.abs(255 - second - first)[inside].mean() < 2


@pytest.mark.parametrize("model", ["poly3", "tps"])
def test_a_bending_transform_is_written_and_used_again(tmp_path, model):
    """No matrix, but a check grid and parameters; the record alone repeats the warp."""
    pair = shifted_pair(tmp_path, (3.5, -2.25), SIZE, geotransform=NORTH_UP, epsg=UTM_33N)
    out = tmp_path / "out"
    done = quick(*pair, out, "--transform", model, "--json")
    assert done.returncode == 0, done.stderr
    transform = json.loads(done.stdout)["transform"]
    assert (transform["model"], transform["matrix"]) == (model, None)
    grid = np.array(transform["check_grid"])
    moved = grid[:, 2:] - grid[:, :2]
    assert np.abs(moved - moved.mean(axis=0)).max() < 0.3
    expected = gdal.Open(str(out / "warped.tif")).ReadAsArray().astype(float)
    for solution, more in (("gcps.points", ("--transform", model)), ("record.json", ())):
        again = tmp_path / "again.tif"
        done = ltcore("warp", pair[1], "--gcps", out / solution, "--out", again, "--overwrite", *more)
        assert done.returncode == 0, done.stderr
    assert np.array_equal(gdal.Open(str(again)).ReadAsArray(), expected)
    harmed = json.loads((out / "record.json").read_text())
    del harmed["transform"]["parameters"]["before"]
    (tmp_path / "harmed.json").write_text(json.dumps(harmed))
    done = ltcore("warp", pair[1], "--gcps", tmp_path / "harmed.json", "--out", tmp_path / "no.tif")
    assert done.returncode == 2
    assert "not a whole run record" in done.stderr


@pytest.mark.parametrize("solution", ["missing.points", "record.txt"])
def test_a_solution_that_cannot_be_used_is_refused(tmp_path, solution):
    raster = make_raster(tmp_path / "a.tif")
    done = ltcore("warp", raster, "--gcps", tmp_path / solution, "--out", tmp_path / "w.tif")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "w.tif").exists()


def test_a_record_of_another_size_is_refused(tmp_path, registered):
    raster = make_raster(tmp_path / "a.tif")
    done = ltcore("warp", raster, "--gcps", registered[1] / "record.json", "--out", tmp_path / "w.tif")
    assert done.returncode == 2
    assert f"{WIDTH} x {HEIGHT}" in done.stderr


def unusable(folder, kind):
    """The arguments of a run whose input is unusable, and words of the sentence it must say."""
    good = make_raster(folder / "good.tif", size=SIZE)
    if kind == "missing file":
        return (good, folder / "nowhere.tif"), "does not exist"
    if kind == "missing band":
        return (good, good, "--sensed-band", "5"), "has 1 band"
    if kind == "vector":
        path = folder / "points.geojson"
        path.write_text('{"type": "FeatureCollection", "features": []}')
        return (good, path), "not a raster"
    if kind == "all nodata":
        return (good, make_raster(folder / "b.tif", np.zeros((260, 300), np.uint8), nodata=0)), "no usable pixels"
    if kind == "blank":
        return (good, make_raster(folder / "b.tif", np.full((260, 300), 9, np.uint8))), "blank"
    if kind == "bad option":
        return (good, good, "--max-offset", "far"), "max_offset"
    if kind == "bad transform":
        return (good, good, "--transform", "spline"), "spline"
    far = (NORTH_UP[0] + 50_000, *NORTH_UP[1:])
    near = make_raster(folder / "c.tif", size=SIZE, geotransform=NORTH_UP, epsg=UTM_33N)
    return (near, make_raster(folder / "d.tif", size=SIZE, geotransform=far, epsg=UTM_33N)), "do not overlap"


@pytest.mark.parametrize(
    "kind",
    ["missing file", "missing band", "vector", "all nodata", "blank", "bad option", "bad transform", "no overlap"],
)
def test_unusable_input_is_exit_2_with_a_clear_sentence(tmp_path, kind):
    arguments, words = unusable(tmp_path, kind)
    done = quick(*arguments[:2], tmp_path / "out", *arguments[2:])
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["unrelated", "noise"])
def test_no_trustworthy_registration_is_exit_3_without_a_warped_raster(tmp_path, kind):
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    reference = make_raster(tmp_path / "a.tif", to_bytes(texture_at(x, y, 1)))
    noise = np.random.default_rng(0).integers(1, 255, SIZE[::-1], dtype=np.uint8)
    sensed = make_raster(tmp_path / "b.tif", noise if kind == "noise" else to_bytes(texture_at(x, y, 2)))
    done = ltcore("register", reference, sensed, "--out", tmp_path / "out", "--json")
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    assert summary["verdict"] == "FAIL"
    assert summary["reasons"]
    assert summary["transform"]["matrix"] is None
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "record.json", "tie_points.gpkg"} <= left
    assert "warped.tif" not in left


def test_outputs_are_replaced_only_when_allowed(tmp_path):
    pair = shifted_pair(tmp_path, (3, 2), SIZE)
    assert quick(*pair, tmp_path / "out").returncode == 0
    before = (tmp_path / "out" / "record.json").read_bytes()
    refused = quick(*pair, tmp_path / "out")
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert (tmp_path / "out" / "record.json").read_bytes() == before
    assert quick(*pair, tmp_path / "out", "--overwrite").returncode == 0


def test_inputs_are_never_modified(tmp_path):
    pair = shifted_pair(tmp_path / "in", (3, 2), SIZE)
    before = [path.read_bytes() for path in pair]
    assert quick(*pair, tmp_path / "out").returncode == 0
    assert [path.read_bytes() for path in pair] == before
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["reference.tif", "sensed.tif"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path, number):
    pair = SAMPLES / "orchard" / "red.tif", SAMPLES / "orchard" / "nir.tif"
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "ltcore", "register", *map(str, pair), "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:  # in the middle of the longest stage
        if "Describing" in line:
            break
    process.send_signal(number)
    asked = time.monotonic()
    _, message = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Cancelled" in message
    assert "Traceback" not in message
    assert time.monotonic() - asked < 10
    assert not out.exists()


def test_info_names_versions_device_and_weights():
    done = ltcore("info", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["versions"]["gdal"]
    assert report["device"]["reason"]
    assert report["backend"]["backend"] in ("torch", "openvino")
    assert "float32" in report["backend"]["reason"]
    assert "ltformer-d128" in {weights["name"] for weights in report["weights"]}
    assert "GTiff" in report["gdal_raster_drivers"]


def test_help_is_quick_and_needs_no_torch():
    script = "import sys; sys.argv = ['ltcore', '--help']\nimport ltcore.cli\ntry: ltcore.cli.main()\n"
    script += "except SystemExit: pass\n"
    done = subprocess.run(
        [sys.executable, "-c", script + "print('torch' in sys.modules, 'cv2' in sys.modules)"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip().endswith("False False")
