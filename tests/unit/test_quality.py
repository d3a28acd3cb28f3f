import numpy as np
import pytest

from ltcore.config import VerdictConfig
from ltcore.coverage import Evidence
from ltcore.geometry.transforms import EstimationFailure, Transform
from ltcore.quality import assess
from ltcore.result import TransformFit

GOOD = Evidence(coverage=0.9, structure=30.0)


def fit(inliers=200, outliers=20, residual=0.2, heldout=0.3):
    random = np.random.default_rng(0)
    angle = random.uniform(0, 2 * np.pi, inliers + outliers)
    length = np.where(np.arange(inliers + outliers) < inliers, residual, 50.0)
    mask = np.arange(inliers + outliers) < inliers
    return TransformFit(
        Transform("affine", np.eye(3)),
        mask,
        np.column_stack([np.cos(angle), np.sin(angle)]) * length[:, None],
        np.where(mask[:, None], [heldout, 0.0], np.nan),
    )


def test_a_good_fit_passes_with_numbers_in_words():
    report = assess(fit(), 220, GOOD, 0.5, VerdictConfig())
    assert report.verdict == "PASS"
    assert "200 of 220" in report.reasons[0]
    assert report.rmse_px == pytest.approx(0.2)
    assert report.rmse_map == pytest.approx(0.1)
    assert report.ce90_px == pytest.approx(0.2)
    assert report.heldout_rmse_px == pytest.approx(0.3)
    assert report.bias_px == pytest.approx((0.3, 0.0))  # of the held-out residuals: those in the fit average to 0


@pytest.mark.parametrize(
    ("changed", "evidence", "word"),
    [
        ({"inliers": 8, "outliers": 0}, GOOD, "tie points agree"),
        ({"inliers": 30, "outliers": 200}, GOOD, "agree with one transform"),
        ({"heldout": 2.0}, GOOD, "left out of the fit"),
        ({"heldout": np.inf}, GOOD, "left out of the fit"),
        ({}, Evidence(0.05, 30.0), "cover"),
        ({}, Evidence(0.9, 2.0), "structure"),
        ({}, Evidence(0.9, float("nan")), "structure"),
    ],
)
def test_each_criterion_alone_fails_a_fit(changed, evidence, word):
    found = fit(**changed)
    report = assess(found, len(found.inliers), evidence, None, VerdictConfig())
    assert report.verdict == "FAIL"
    assert any(word in reason for reason in report.reasons)
    assert report.rmse_map is None


def test_between_the_limits_it_warns():
    report = assess(fit(heldout=1.2), 220, GOOD, None, VerdictConfig())
    assert report.verdict == "WARN"
    assert "1.20 px" in report.reasons[0]
    assert "at most 1 px would be needed for a PASS" in report.reasons[0]


def test_limits_are_settings():
    assert assess(fit(heldout=1.2), 220, GOOD, None, VerdictConfig(warn_heldout_px=1.3)).verdict == "PASS"


def test_no_fit_fails_with_its_reason():
    report = assess(EstimationFailure("nothing agrees"), 5, GOOD, None, VerdictConfig())
    assert report.verdict == "FAIL"
    assert report.reasons == ("Nothing agrees.",)
    assert report.rmse_px is None
