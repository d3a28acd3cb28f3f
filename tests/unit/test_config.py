import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.config import FitConfig, RasterSource, RegistrationConfig, RegistrationJob, job_from_json, to_json_object
from ltcore.errors import InputError

MINIMAL = {"reference": {"path": "a.tif"}, "sensed": {"path": "b.tif"}, "out_dir": "out"}


@given(
    transform=st.sampled_from(["auto", "shift", "similarity", "affine", "projective", "poly2", "poly3", "tps"]),
    seed=st.integers(0, 2**31 - 1),
    band=st.one_of(st.integers(1, 300), st.just("luminance")),
)
def test_a_job_survives_json(transform, seed, band):
    config = RegistrationConfig(fit=FitConfig(transform=transform, seed=seed))
    job = RegistrationJob(RasterSource(Path("a.tif"), band), RasterSource(Path("b.tif")), Path("out"), config=config)
    assert job_from_json(json.dumps(to_json_object(job))) == job


def test_a_band_may_be_text():
    assert job_from_json({**MINIMAL, "sensed": {"path": "b.tif", "band": "4"}}).sensed.band == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"config": {"fit": {"transform": "spline"}}}, "config.fit.transform"),
        ({"config": {"fit": {"seed": -1}}}, "config.fit.seed"),
        ({"config": {"match": {"max_offset": "far"}}}, "config.match.max_offset"),
        ({"config": {"features": {"device": "toaster"}}}, "config.features.device"),
        ({"reference": {"path": "a.tif", "band": "blue"}}, "reference.band"),
        ({"config": {"verdict": {"fail_inlier": 3}}}, "config.verdict.fail_inlier"),
        *[
            ({"config": {"verdict": {name: value}}}, f"config.verdict.{name}")
            for name in (
                "fail_heldout_px",
                "warn_heldout_px",
                "fail_structure",
                "warn_structure",
                "fail_local_px",
                "warn_local_px",
                "fail_coverage",
                "warn_coverage",
                "fail_inlier_share",
                "warn_inlier_share",
                "fail_inliers",
            )
            for value in (float("nan"), float("inf"), -0.5)
        ],
    ],
)
def test_bad_settings_are_named(change, field):
    with pytest.raises(InputError) as refusal:
        job_from_json({**MINIMAL, **change})
    assert field in str(refusal.value)


def test_text_that_is_no_json_is_an_input_error():
    with pytest.raises(InputError):
        job_from_json("{")
