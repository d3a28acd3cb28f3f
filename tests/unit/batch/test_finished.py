"""A pair is done only if its record is whole and made from what would be used again."""

import json
import shutil
from dataclasses import replace

import pytest

from ltcore.batch.finished import finished_record
from ltcore.batch.manifest import read_manifest
from ltcore.batch.tasks import run_pair
from ltcore.ltformer.describe import make_describer
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster

AREA = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{UTM_33N}"}},
    "features": [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[500_000, 5_600_000], [500_600, 5_600_000], [500_600, 5_599_480], [500_000, 5_599_480],
                     [500_000, 5_600_000]]
                ],
            },
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory, rasters):
    """A folder with two rasters, an area of interest and the finished pair of them, and its job."""
    folder = tmp_path_factory.mktemp("finished")
    for name, path in zip(("red.tif", "nir.tif"), rasters):
        shutil.copy(path, folder / name)
    (folder / "area.geojson").write_text(json.dumps(AREA))
    (folder / "pairs.csv").write_text(
        "reference,sensed,aoi,descriptor,report\nred.tif,nir.tif,area.geojson,rootsift,no\n"
    )
    (pair,) = read_manifest(folder / "pairs.csv", folder / "out")
    assert run_pair(pair, "run", resume=False).verdict == "PASS"
    return folder, pair


@pytest.fixture
def pair(template):
    """The same pair; what a test changes is put back."""
    folder, pair = template
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield pair
    for path, content in kept.items():
        path.write_bytes(content)


def is_finished(job):
    return finished_record(job, make_describer) is not None


def test_a_finished_pair_is_found_and_not_run_again(pair):
    assert is_finished(pair.job)
    written = (pair.job.out_dir / "record.json").stat().st_mtime_ns
    outcome = run_pair(pair, "run", resume=True)
    assert (outcome.verdict, outcome.resumed) == ("PASS", True)
    assert (pair.job.out_dir / "record.json").stat().st_mtime_ns == written


def test_whether_outputs_may_be_replaced_does_not_matter(pair):
    output = replace(pair.job.config.output, overwrite=False)
    assert is_finished(replace(pair.job, config=replace(pair.job.config, output=output)))


@pytest.mark.parametrize("stage", ["fit", "match", "sensed", "reference", "aoi"])
def test_other_settings_are_another_job(pair, stage):
    job = pair.job
    changed = {
        "fit": lambda: replace(job, config=replace(job.config, fit=replace(job.config.fit, seed=1))),
        "match": lambda: replace(job, config=replace(job.config, match=replace(job.config.match, max_offset="99"))),
        "sensed": lambda: replace(job, sensed=replace(job.sensed, band=2)),
        "reference": lambda: replace(job, reference=replace(job.reference, path=job.sensed.path)),
        "aoi": lambda: replace(job, aoi=None),
    }[stage]()
    assert not is_finished(changed)


def test_inputs_are_known_by_their_content(pair):
    make_raster(pair.job.sensed.path, size=(300, 260), geotransform=NORTH_UP, epsg=UTM_33N)
    assert not is_finished(pair.job)


def test_the_area_is_known_by_its_content(pair):
    pair.job.aoi.write_text(pair.job.aoi.read_text() + " ")
    assert not is_finished(pair.job)


@pytest.mark.parametrize("file", ["warped.tif", "tie_points.gpkg", "record.json"])
def test_a_missing_output_is_not_finished(pair, file):
    (pair.job.out_dir / file).unlink()
    assert not is_finished(pair.job)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("job"),
        lambda record: record.update(outputs=None),
        lambda record: record.update(inputs={}),
        lambda record: record.update(ltcore_version="0.0.1"),
        lambda record: record.update(weights={"name": "ltformer-d128", "sha256": "0"}),
        lambda record: record["job"].update(config=7),
        lambda record: record.pop("seconds"),
        lambda record: record.update(seconds={"read": "soon"}),
        lambda record: record.update(notes=[1]),
        lambda record: record.update(quality=[]),
        lambda record: record["quality"].update(verdict="SPLENDID"),
        lambda record: record["quality"].pop("coverage"),
        lambda record: record["outputs"].update(warped="../../../etc/passwd"),
        lambda record: record["provenance"].pop("aoi_sha256"),  # as in records of `ltcore refit`
        lambda record: record["inputs"]["sensed"].update(sha256=None),
    ],
)
def test_records_of_something_else_are_not_finished(pair, change):
    path = pair.job.out_dir / "record.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    assert not is_finished(pair.job)


def test_half_a_record_is_not_finished(pair):
    path = pair.job.out_dir / "record.json"
    path.write_bytes(path.read_bytes()[:500])
    assert not is_finished(pair.job)
