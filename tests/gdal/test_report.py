from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from osgeo import gdal

from ltcore.errors import RasterReadError
from ltcore.geometry.transforms import Transform
from ltcore.progress import CancelledError, NullProgress
from ltcore.raster.read import grid_of
from ltcore.report import render, write_report
from ltcore.report_previews import Crop, Previews, whole
from ltcore.report_similarity import edge_correlations
from ltcore.result import RegistrationResult
from ltcore.types import Gaps
from tests.data.make_rasters import NORTH_UP, UTM_33N, VARIANTS, make_raster, shifted_pair, texture, to_bytes
from tests.data.make_result import make_result, without_fit

SHIFT = Transform("shift", [[1, 0, 9.0], [0, 1, -6.0], [0, 0, 1]])


def result_for(out: Path, sources: tuple[Path, Path], **how: Any) -> RegistrationResult:
    grids = grid_of(gdal.Open(str(sources[0]))), grid_of(gdal.Open(str(sources[1])))
    return make_result(out, sources=sources, grids=grids, transform=how.pop("transform", SHIFT), **how)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return shifted_pair(tmp_path / "in", (9.0, -6.0), geotransform=NORTH_UP, epsg=UTM_33N)


def pictures(html: str) -> dict[str, np.ndarray]:
    found = re.findall(r'<img src="data:image/(?:png|jpeg);base64,([^"]+)" alt="([^"]+)"', html)
    return {alt: cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), 1) for data, alt in found}


def test_report_needs_no_other_file(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    write_report(tmp_path / "report.html", result_for(tmp_path, pair), NullProgress())
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    without_pictures = re.sub(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", "", html)
    assert not re.search(r"https?:|//|@import|url\(|<script|<link|<iframe", without_pictures)
    assert set(re.findall(r'(?:src|href)="([^"]*)"', without_pictures)) == {""}
    assert len(html) < 4_000_000


def test_report_shows_every_picture_and_number(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = result_for(tmp_path, pair)
    html = render(result, NullProgress())
    found = pictures(html)
    assert len(found) == 5
    for name, picture in found.items():
        assert picture.shape[1] > 500, name
        assert picture.std() > 10, f"{name} is blank"
    for text in ("PASS", f"{result.quality.rmse_px:.2f} px", "54 of 60", "75%", "shift", "column 128.0", "137.00"):
        assert text in html, text
    assert "<td>0.25</td><td>0.50</td>" in html  # wall and CPU seconds of a stage
    assert "WGS 84 / UTM zone 33N" in html


def test_words_of_users_are_escaped(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    odd = pair[1].rename(pair[1].with_name("<b>&nir.tif"))
    html = render(result_for(tmp_path, (pair[0], odd)), NullProgress())
    assert "<b>&nir" not in html
    assert "&lt;b&gt;&amp;nir.tif" in html
    assert "All is &lt;well&gt; &amp; good." in html


@pytest.mark.parametrize("count", [0, 1, 40])
def test_report_of_a_failure(tmp_path: Path, pair: tuple[Path, Path], count: int) -> None:
    html = render(without_fit(result_for(tmp_path, pair, count=count)), NullProgress())
    assert list(pictures(html)) == ["Tie points in both rasters"]
    assert "FAIL" in html
    assert "only 3 tie points agree" in html
    assert "No warped raster was written" in html


@pytest.mark.parametrize("count", [1, 3])
def test_report_of_very_few_points(tmp_path: Path, pair: tuple[Path, Path], count: int) -> None:
    assert len(pictures(render(result_for(tmp_path, pair, count=count), NullProgress()))) == 5


KINDS = ["plain", "rotated", "south_up", "with_nodata", "all_nodata", "with_alpha", "with_mask"]


@pytest.mark.parametrize("kind", KINDS)
def test_report_of_odd_rasters(tmp_path: Path, kind: str) -> None:
    sources = VARIANTS["other_crs"](tmp_path / "a.tif"), VARIANTS[kind](tmp_path / "b.tif")
    assert len(pictures(render(result_for(tmp_path, sources), NullProgress()))) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "b.tif"]  # no statistics beside inputs


@pytest.mark.parametrize("size", [(40, 3000), (3000, 40)])
def test_report_of_long_thin_rasters(tmp_path: Path, size: tuple[int, int]) -> None:
    path = make_raster(tmp_path / "a.tif", size=size)
    found = pictures(render(result_for(tmp_path, (path, path)), NullProgress()))
    assert len(found) == 5
    assert all(max(picture.shape) < 2000 and min(picture.shape[:2]) > 50 for picture in found.values())


def test_registered_pictures_agree_and_unregistered_do_not(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """The numbers behind the before/after picture: the sensed raster has reversed contrast."""
    previews = Previews(result_for(tmp_path, pair), NullProgress())
    crop = whole(256, 192, 128)
    reference = previews.reference(crop)
    after = previews.after()
    assert after is not None
    agreement = [_correlation(reference, previews.sensed(crop, view)) for view in (previews.before(), after)]
    assert agreement[1] < -0.97
    assert agreement[0] > -0.7


def test_before_follows_the_georeference_of_both(tmp_path: Path) -> None:
    """The same ground in UTM, and twice as coarse in another place of the grid: laid on each other they agree."""
    fine = to_bytes(texture(256, 192))
    coarse = fine.reshape(96, 2, 128, 2).mean(axis=(1, 3))[10:90, 20:120].astype(np.uint8)
    reference = make_raster(tmp_path / "a.tif", fine, geotransform=NORTH_UP, epsg=UTM_33N)
    moved = (NORTH_UP[0] + 80, 4.0, 0.0, NORTH_UP[3] - 40, 0.0, -4.0)
    sensed = make_raster(tmp_path / "b.tif", coarse, geotransform=moved, epsg=UTM_33N)
    previews = Previews(result_for(tmp_path, (reference, sensed)), NullProgress())
    crop = whole(256, 192, 128)
    seen = previews.sensed(crop, previews.before())
    assert _correlation(previews.reference(crop), seen) > 0.95
    assert np.isnan(seen[:9]).all()  # north of the sensed raster
    assert np.isfinite(seen[12:88, 22:118]).all()


def test_a_close_up_is_read_at_full_resolution(tmp_path: Path) -> None:
    path = make_raster(tmp_path / "a.tif", to_bytes(texture(2600, 500)))  # its overview is coarser
    previews = Previews(result_for(tmp_path, (path, path)), NullProgress())
    part = previews.reference(Crop(2200, 100, 80, 60, (80, 60)))
    assert _correlation(part, texture(2600, 500)[100:160, 2200:2280]) > 0.995


def test_report_of_a_raster_that_has_gone(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = result_for(tmp_path, pair)
    pair[1].unlink()
    with pytest.raises(RasterReadError, match=r"sensed\.tif"):
        write_report(tmp_path / "report.html", result, NullProgress())
    assert not (tmp_path / "report.html").exists()


def test_report_can_be_cancelled(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    class Cancelled(NullProgress):
        def is_cancelled(self) -> bool:
            return True

    with pytest.raises(CancelledError):
        write_report(tmp_path / "report.html", result_for(tmp_path, pair), Cancelled())


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    seen = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[seen], b[seen])[0, 1])


def test_report_says_why_areas_have_no_points(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = result_for(tmp_path, pair)
    assert "Where there are no tie points" not in render(result, NullProgress())
    gaps = Gaps(300, np.zeros((121, 4, 2)), ("nodata",) * 120 + ("outlier",))
    html = render(replace(result, gaps=gaps), NullProgress())
    rows = re.findall(r"<tr><th>([a-z ]+)</th><td>([^<]+)</td><td class", html)
    assert rows == [("nodata", "40%"), ("outlier", "&lt; 1%")]


def test_edges_are_more_alike_after_the_registration_than_before(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    right = result_for(tmp_path, pair)
    before, after = edge_correlations(right, Previews(right, NullProgress()), NullProgress())
    assert after > 0.9
    assert abs(before) < 0.3
    assert f"<b>{before:.2f}</b> before, <b>{after:.2f}</b> after" in render(right, NullProgress())
    nothing = result_for(tmp_path, pair, transform=Transform("shift", np.eye(3)))
    alike = edge_correlations(nothing, Previews(nothing, NullProgress()), NullProgress())
    assert alike[0] == pytest.approx(alike[1], abs=1e-6)


def test_edges_are_not_compared_without_transform_or_common_ground(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    failed = without_fit(result_for(tmp_path, pair))
    assert np.isnan(edge_correlations(failed, Previews(failed, NullProgress()), NullProgress())).all()
    away = result_for(tmp_path, pair, transform=Transform("shift", [[1, 0, 5000], [0, 1, 0], [0, 0, 1]]))
    assert np.isnan(edge_correlations(away, Previews(away, NullProgress()), NullProgress())).all()
