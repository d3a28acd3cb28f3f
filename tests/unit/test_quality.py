from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from ltcore.config import VerdictConfig
from ltcore.coverage import Evidence
from ltcore.geometry.transforms import EstimationFailure, Transform
from ltcore.quality import assess, limits_in_reference_px
from ltcore.result import QualityReport, TransformFit

GOOD = Evidence(coverage=0.9, structure=30.0)


def fit(inliers=200, outliers=20, residual=0.2, heldout=0.3):
    """A fit whose inliers are off by `residual` px in all directions, and by `heldout` px along x when left out."""
    random = np.random.default_rng(0)
    angle = random.uniform(0, 2 * np.pi, inliers + outliers)
    length = np.full(inliers + outliers, 50.0)
    length[:inliers] = residual
    mask = np.arange(inliers + outliers) < inliers
    return TransformFit(
        Transform("affine", np.eye(3)),
        mask,
        np.column_stack([np.cos(angle), np.sin(angle)]) * length[:, None],
        np.where(mask[:, None], [heldout, 0.0], np.nan),
    )


def judged(found, evidence=GOOD, pixel_size_map=None, **limits):
    return assess(found, len(found.inliers), evidence, pixel_size_map, VerdictConfig(**limits))


def test_a_good_fit_passes_with_numbers_in_words():
    report = judged(fit(residual=np.linspace(0.01, 0.4, 200)), pixel_size_map=0.5)
    lengths = np.linspace(0.01, 0.4, 200)
    rmse = np.sqrt((lengths**2).mean())
    assert asdict(report) == asdict(
        QualityReport(
            verdict="PASS",
            reasons=(
                "200 of 220 tie points agree; those left out of the fit are off by 0.30 px RMS; "
                "they cover 90% of the overlap; structure score 30.",
            ),
            tie_points=220,
            inliers=200,
            rmse_px=pytest.approx(rmse),
            rmse_map=pytest.approx(rmse / 2),
            ce90_px=pytest.approx(np.percentile(lengths, 90)),
            heldout_rmse_px=pytest.approx(0.3),
            bias_px=pytest.approx((0.3, 0.0)),  # of the held-out residuals: those in the fit average to 0
            coverage=0.9,
            structure=30.0,
        )
    )


@pytest.mark.parametrize(
    ("changed", "evidence", "sentence"),
    [
        ({"inliers": 8, "outliers": 0}, GOOD, "Only 8 tie points agree; at least 15 is needed."),
        (
            {"inliers": 30, "outliers": 200}, GOOD,
            "Only 13% of 230 tie points agree with one transform; at least 25% is needed.",
        ),
        (
            {"heldout": 2.0}, GOOD,
            "Tie points left out of the fit are off by 2.00 px RMS; at most 1.5 px is needed.",
        ),
        (
            {"heldout": np.inf}, GOOD,
            "Tie points left out of the fit are off by inf px RMS; at most 1.5 px is needed.",
        ),
        ({}, Evidence(0.05, 30.0), "The tie points cover 5% of the overlap; at least 10% is needed."),
        (
            {}, Evidence(0.9, 0.5),
            "The images' structure agrees by only 0.5 standard deviations; at least 8 is needed.",
        ),
        (
            {}, Evidence(0.9, 0.0),
            "The images' structure agrees by 0 standard deviations, as another offset agrees as well: the ground is "
            "another, or repeats itself; at least 8 is needed.",
        ),
        (
            {}, Evidence(0.9, 30.0, 3.5),
            "In a tenth of the overlap neighbouring tie points lie 3.50 px or more off the transform, together; "
            "at most 3 px is needed.",
        ),
        ({}, Evidence(float("nan"), 30.0), "The tie points cover nan% of the overlap; at least 10% is needed."),
    ],
)  # fmt: skip
def test_each_criterion_alone_fails_a_fit_and_says_so(changed, evidence, sentence):
    report = judged(fit(**changed), evidence)
    assert report.verdict == "FAIL"
    assert sentence in report.reasons
    assert report.rmse_map is None


def test_a_structure_that_is_no_number_fails():
    assert judged(fit(), Evidence(0.9, float("nan"))).verdict == "FAIL"


# What a fit must be exactly to stand on a limit, and a little worse.
AT_LIMITS = {
    "inliers": (lambda value: (fit(int(value), 0), GOOD), -1),
    "inlier_share": (lambda value: (fit(round(1000 * value), round(1000 * (1 - value))), GOOD), -0.002),
    "heldout_px": (lambda value: (fit(heldout=value), GOOD), 0.01),
    "coverage": (lambda value: (fit(), Evidence(value, 30.0)), -0.01),
    "structure": (lambda value: (fit(), Evidence(0.9, value)), -0.1),
    "local_px": (lambda value: (fit(), Evidence(0.9, 30.0, value)), 0.01),
}
LIMITS = {"inliers": (15, 40), "inlier_share": (0.25, 0.5), "heldout_px": (1.5, 1.0), "coverage": (0.125, 0.25),
          "structure": (8.0, 12.0), "local_px": (3.0, 0.75)}  # fmt: skip


@pytest.mark.parametrize("criterion", AT_LIMITS)
def test_a_limit_itself_is_good_enough_and_anything_worse_is_not(criterion):
    made, worse = AT_LIMITS[criterion]
    fails_from, warns_from = LIMITS[criterion]
    limits = {f"fail_{criterion}": fails_from, f"warn_{criterion}": warns_from}
    for value, verdict in (
        (warns_from, "PASS"), (warns_from + worse, "WARN"), (fails_from, "WARN"), (fails_from + worse, "FAIL"),
    ):  # fmt: skip
        found, evidence = made(value)
        assert judged(found, evidence, **limits).verdict == verdict, value


def test_between_the_limits_it_warns_and_says_what_a_pass_needs():
    report = judged(fit(inliers=30, outliers=0, heldout=1.2))
    assert report.verdict == "WARN"
    assert report.reasons == (
        "Only 30 tie points agree; at least 40 would be needed for a PASS.",
        "Tie points left out of the fit are off by 1.20 px RMS; at most 1 px would be needed for a PASS.",
    )


def test_one_criterion_that_fails_outweighs_all_that_warn():
    report = judged(fit(inliers=30, outliers=0, heldout=1.2), Evidence(0.2, 3.0))
    assert report.verdict == "FAIL"
    assert len(report.reasons) == 4


def test_limits_are_settings():
    assert judged(fit(heldout=1.2), warn_heldout_px=1.3).verdict == "PASS"


def test_a_block_that_could_not_be_predicted_leaves_no_number():
    report = judged(fit(heldout=np.inf))
    assert report.heldout_rmse_px is None
    assert report.bias_px is None


def test_a_single_inlier_has_numbers_of_its_own():
    report = judged(fit(inliers=1, outliers=0))
    assert (report.inliers, report.verdict) == (1, "FAIL")
    assert report.rmse_px == pytest.approx(0.2)
    assert report.reasons == ("Only 1 tie points agree; at least 15 is needed.",)


def test_no_inlier_fails_without_numbers():
    assert judged(fit(inliers=0, outliers=7)) == QualityReport(
        "FAIL", ("None of the 7 tie points agree with the transform.",), 7, 0
    )


def test_no_fit_fails_with_its_reason():
    report = assess(EstimationFailure("nothing agrees"), 5, GOOD, None, VerdictConfig())
    assert report == QualityReport("FAIL", ("Nothing agrees.",), 5, 0)


def test_lengths_are_held_to_pixels_of_the_coarser_raster():
    scaled = limits_in_reference_px(VerdictConfig(), 4.0)
    assert (scaled.fail_heldout_px, scaled.warn_heldout_px) == (6.0, 4.0)
    assert (scaled.fail_local_px, scaled.warn_local_px) == (12.0, 3.0)
    assert limits_in_reference_px(scaled, 0.25) == VerdictConfig()
