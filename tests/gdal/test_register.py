"""The whole chain on real GDAL files: known truth, bad pairs, both regimes."""

from pathlib import Path

import numpy as np
import pytest
from osgeo import osr

from ltcore.config import (
    FeatureConfig,
    FitConfig,
    MatchConfig,
    RasterSource,
    RegistrationConfig,
    RegistrationJob,
)
from ltcore.errors import InputError
from ltcore.geometry.transforms import apply_matrix
from ltcore.pipeline import register
from ltcore.progress import CancelledError, NullProgress
from ltcore.result import TransformFit
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, shifted_pair, texture_at, to_bytes

SIZE = (320, 280)


def job(reference, sensed, transform="auto", descriptor="rootsift", **match):
    config = RegistrationConfig(
        features=FeatureConfig(descriptor=descriptor, max_keypoints=800),
        match=MatchConfig(**match),
        fit=FitConfig(transform=transform, max_tie_points=300),
    )
    return RegistrationJob(RasterSource(Path(reference)), RasterSource(Path(sensed)), Path("unused"), config=config)


def run(*args, **kwargs):
    return register(job(*args, **kwargs), NullProgress())


def error_px(result, matrix, size=SIZE):
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 8) * size[0], np.linspace(0.1, 0.9, 8) * size[1])
    grid = np.column_stack([x.ravel(), y.ravel()])
    error = result.fit.transform(grid) - apply_matrix(np.asarray(matrix, float), grid)
    return float(np.sqrt((error**2).sum(axis=1).mean()))


def warped_pair(folder, matrix, size=SIZE, **how):
    """A pair whose sensed pixel s shows the place matrix(s) of the reference, contrast reversed."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    at = apply_matrix(np.asarray(matrix, float), np.column_stack([x.ravel(), y.ravel()])).reshape(*x.shape, 2)
    reference = make_raster(folder / "reference.tif", to_bytes(texture_at(x, y)), **how)
    sensed = make_raster(
        folder / "sensed.tif", (240 - texture_at(at[..., 0], at[..., 1]) * 200).astype(np.uint8), **how
    )
    return reference, sensed


@pytest.mark.parametrize("georeference", [{}, {"geotransform": NORTH_UP, "epsg": UTM_33N}])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(tmp_path, georeference):
    pair = shifted_pair(tmp_path, (12.3, -7.6), SIZE, **georeference)
    result = run(*pair)
    assert result.quality.verdict == "PASS"
    assert result.fit.transform.model == "shift"
    assert error_px(result, [[1, 0, 12.3], [0, 1, -7.6], [0, 0, 1]]) < 0.1


@pytest.mark.parametrize("descriptor", ["ltformer", "rootsift"])
def test_rotation_and_scale_without_georeference(tmp_path, descriptor):
    angle = np.deg2rad(35)
    c, s = 1.15 * np.cos(angle), 1.15 * np.sin(angle)
    matrix = [[c, -s, 80], [s, c, -70], [0, 0, 1]]
    result = run(*warped_pair(tmp_path, matrix), descriptor=descriptor)
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert result.provenance["descriptor"].startswith(descriptor)
    assert error_px(result, matrix) < 0.15


def test_a_raster_registers_to_itself_as_identity(tmp_path):
    reference, _ = shifted_pair(tmp_path, (0, 0), SIZE)
    result = run(reference, reference)
    assert result.quality.verdict == "PASS"
    assert error_px(result, np.eye(3)) < 0.02


def test_swapped_inputs_give_the_inverse(tmp_path):
    matrix = [[1.02, -0.04, 9], [0.03, 0.99, -5], [0, 0, 1]]
    reference, sensed = warped_pair(tmp_path, matrix)
    there, back = run(reference, sensed, transform="affine"), run(sensed, reference, transform="affine")
    x, y = np.meshgrid(np.linspace(40, 280, 6), np.linspace(40, 240, 6))
    grid = np.column_stack([x.ravel(), y.ravel()])
    assert np.abs(back.fit.transform(there.fit.transform(grid)) - grid).max() < 0.2


def test_different_crs_and_pixel_size(tmp_path):
    """The reference in UTM at 2 m, the sensed raster in geographic degrees at about 3 m, off by 8 m."""
    width, height = SIZE
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    reference = make_raster(tmp_path / "a.tif", to_bytes(texture_at(x, y)), geotransform=NORTH_UP, epsg=UTM_33N)
    utm, wgs = osr.SpatialReference(), osr.SpatialReference()
    utm.ImportFromEPSG(UTM_33N)
    wgs.ImportFromEPSG(4326)
    wgs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    utm.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_utm, to_wgs = osr.CoordinateTransformation(wgs, utm), osr.CoordinateTransformation(utm, wgs)
    left, top, _ = to_wgs.TransformPoint(500_000, 5_600_000)
    geotransform = (left, 4.2e-5, 0.0, top, 0.0, -2.7e-5)
    columns, rows = 215, 187
    u, v = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    places = np.array(
        to_utm.TransformPoints(np.column_stack([left + u.ravel() * 4.2e-5, top - v.ravel() * 2.7e-5]).tolist())
    )
    true_column = ((places[:, 0] + 8 - 500_000) / 2).reshape(u.shape)  # what is there truly lies 8 m further east
    true_row = ((5_600_000 - places[:, 1]) / 2).reshape(u.shape)
    shown = to_bytes(texture_at(true_column, true_row))
    sensed = make_raster(tmp_path / "b.tif", shown, geotransform=geotransform, epsg=4326)
    result = run(reference, sensed)
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert result.quality.rmse_map == pytest.approx(result.quality.rmse_px * 2)
    points = np.array([[50.0, 60.0], [150.0, 120.0]])
    expected = [[true_column[60, 50], true_row[60, 50]], [true_column[120, 150], true_row[120, 150]]]
    assert np.abs(result.fit.transform(points + 0.5) - expected).max() < 0.25


@pytest.mark.parametrize(
    "geotransform",
    [
        (500_000.0, 2.0, 0.0, 5_599_440.0, 0.0, 2.0),
        (500_000.0, 1.9, 0.5, 5_600_000.0, 0.5, -1.9),
    ],
    ids=["south-up", "rotated"],
)
def test_any_geotransform_of_the_reference(tmp_path, geotransform):
    pair = shifted_pair(tmp_path, (5.0, 3.0), SIZE, geotransform=geotransform, epsg=UTM_33N)
    result = run(*pair)
    assert result.quality.verdict == "PASS", result.quality.reasons
    assert error_px(result, [[1, 0, 5], [0, 1, 3], [0, 0, 1]]) < 0.15


def other_texture(path, seed, **how):
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    return make_raster(path, to_bytes(texture_at(x, y, seed)), **how)


@pytest.mark.parametrize("kind", ["unrelated", "mirrored", "noise", "unrelated, georeferenced"])
@pytest.mark.parametrize("descriptor", ["ltformer", "rootsift"])
def test_pairs_that_do_not_match_fail_in_words(tmp_path, kind, descriptor):
    how = {"geotransform": NORTH_UP, "epsg": UTM_33N} if "georeferenced" in kind else {}
    reference = other_texture(tmp_path / "a.tif", 1, **how)
    sensed = tmp_path / "b.tif"
    if kind == "noise":
        make_raster(sensed, np.random.default_rng(0).integers(0, 255, SIZE[::-1], dtype=np.uint8))
    elif kind == "mirrored":
        x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
        make_raster(sensed, to_bytes(texture_at(SIZE[0] - x, y, 1)))
    else:
        other_texture(sensed, 2, **how)
    result = run(reference, sensed, descriptor=descriptor)
    assert result.quality.verdict == "FAIL"
    assert result.quality.reasons[0].endswith(".")
    assert len(result.quality.reasons[0].split()) > 4


def test_rows_shifted_by_a_period_do_not_fool_the_verdict(tmp_path):
    """A strictly periodic scene has no unique answer: whatever is found must not be a PASS of a wrong place."""
    rows = np.tile(np.sin(np.arange(280) * 2 * np.pi / 14)[:, None] * 100 + 120, (1, 320)).astype(np.uint8)
    reference = make_raster(tmp_path / "a.tif", rows)
    sensed = make_raster(tmp_path / "b.tif", np.roll(rows, 14, axis=0))
    assert run(reference, sensed).quality.verdict == "FAIL"


def test_no_overlap_is_an_input_error_with_the_distance(tmp_path):
    reference, _ = shifted_pair(tmp_path / "a", (0, 0), geotransform=NORTH_UP, epsg=UTM_33N)
    far = (NORTH_UP[0] + 12_912, *NORTH_UP[1:])
    sensed, _ = shifted_pair(tmp_path / "b", (0, 0), geotransform=far, epsg=UTM_33N)
    with pytest.raises(InputError, match=r"do not overlap: their extents are 12\.4 km apart"):
        run(reference, sensed)


def test_metres_need_georeference(tmp_path):
    with pytest.raises(InputError, match="not both rasters are georeferenced"):
        run(*shifted_pair(tmp_path, (0, 0)), max_offset="50m")


def test_metres_are_turned_into_pixels(tmp_path):
    pair = shifted_pair(tmp_path, (12.0, 0.0), SIZE, geotransform=NORTH_UP, epsg=UTM_33N)  # 24 m
    assert run(*pair, max_offset="40m").quality.verdict == "PASS"
    assert "more than the largest offset of 5 px" in run(*pair, max_offset="10m").quality.reasons[-1]


def test_the_same_seed_gives_the_same_numbers(tmp_path):
    pair = shifted_pair(tmp_path, (3.3, 4.4), SIZE)
    first, second = run(*pair, descriptor="ltformer"), run(*pair, descriptor="ltformer")
    assert np.array_equal(first.fit.transform.matrix, second.fit.transform.matrix)
    assert np.array_equal(first.tie_points.sensed_xy, second.tie_points.sensed_xy)
    assert first.quality == second.quality


def test_cancelling_stops_at_the_next_checkpoint(tmp_path):
    class Cancelled(NullProgress):
        asked = 0

        def is_cancelled(self):
            self.asked += 1
            return self.asked > 3

    with pytest.raises(CancelledError):
        register(job(*shifted_pair(tmp_path, (0, 0), SIZE)), Cancelled())


def test_an_area_of_interest_bounds_the_tie_points(tmp_path):
    reference, sensed = shifted_pair(tmp_path, (2, 2), SIZE, geotransform=NORTH_UP, epsg=UTM_33N)
    polygon = {
        "type": "Polygon",
        "coordinates": [
            [
                [500_000, 5_600_000],
                [500_320, 5_600_000],
                [500_320, 5_599_440],
                [500_000, 5_599_440],
                [500_000, 5_600_000],
            ]
        ],
    }
    aoi = tmp_path / "aoi.geojson"
    aoi.write_text(
        '{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},'
        ' "features": [{"type": "Feature", "properties": {}, "geometry": ' + str(polygon).replace("'", '"') + "}]}"
    )
    values = job(reference, sensed)
    bounded = RegistrationJob(values.reference, values.sensed, values.out_dir, aoi, values.config)
    result = register(bounded, NullProgress())
    assert isinstance(result.fit, TransformFit)
    assert len(result.tie_points) > 20
    assert result.tie_points.reference_xy[:, 0].max() <= 160


def test_tie_points_are_even_over_the_tiles(tmp_path):
    """1300 px make two tiles: neither their seam nor the narrower one may show in the density of the points."""
    result = run(*shifted_pair(tmp_path, (4, 3), (1300, 220)))
    x = result.tie_points.reference_xy[:, 0]
    density, _ = np.histogram(x, bins=np.linspace(20, 1280, 8))
    assert density.min() > 0.6 * density.max()
    assert len(np.unique(result.tie_points.reference_xy, axis=0)) == len(result.tie_points)


@pytest.mark.parametrize("georeference", [{}, {"geotransform": NORTH_UP, "epsg": UTM_33N}])
@pytest.mark.parametrize("period", [48, 64, 90])
def test_ground_that_repeats_itself_has_no_only_answer(tmp_path, period, georeference):
    window = to_bytes(texture_at(*np.meshgrid(np.arange(float(period)), np.arange(float(period)))))
    tiled = np.tile(window, (7, 7))[:280, :320]
    reference = make_raster(tmp_path / "reference.tif", tiled, **georeference)
    result = run(reference, make_raster(tmp_path / "sensed.tif", 255 - tiled, **georeference))
    assert result.quality.verdict == "FAIL", result.quality.reasons
