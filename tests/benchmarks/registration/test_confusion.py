from dataclasses import replace

import numpy as np
import pytest

from benchmarks.registration.confusion import confusion
from benchmarks.registration.product import stated_uncertainty
from benchmarks.registration.report import build_report, code_state
from benchmarks.registration.table import tables
from tests.data.make_result import make_result

FACTS = {"unavailable": {}, "versions": {}, "excluded": [], "code": code_state()}


def row(verdict, wrong=False, **changes):
    facts = {"chi_square": 1.1, "heldout_within_ce90": 0.9, "checks_within_ce90": 0.95}
    values = {
        "kind": "turned",
        "scene": "a",
        "georeferenced": False,
        "family": "shift",
        "must_be_refused": False,
        "method": "ltcore",
        "verdict": verdict,
        "reason": "",
        "model": "shift",
        "rmse_px": 0.1,
        "median_px": 0.1,
        "untrusted_rmse_px": None,
        "wrong": wrong,
        "seconds": 1.0,
        "cpu_seconds": 1.0,
        "facts": facts,
    }
    return {**values, **changes}


def report(*rows, suite="related"):
    return build_report(suite, "val", 0, list(rows), FACTS)


def test_verdicts_are_counted_a_kind_and_an_error_is_a_fail():
    rows = [row("PASS"), row("PASS", wrong=True), row("ERROR"), row("WARN", kind="far")]
    text = confusion([report(*rows)])
    assert "| related | val | turned | 3 | 2 | 0 | 1 | 1 | 0 |" in text
    assert "| related | val | far | 1 | 0 | 1 | 0 | 0 | 0 |" in text
    assert "| related | val | all | 4 | 2 | 1 | 1 | 1 | 0 |" in text


def test_only_this_product_has_verdicts():
    assert "| related | val | all | 1 | 1 |" in confusion([report(row("PASS"), row("RETURNED", method="ORB"))])


def test_the_stated_uncertainty_stands_below():
    assert "| related | val | 1.10 (1.10 to 1.10) | 90 % | 95 % |" in confusion([report(row("PASS"), row("FAIL"))])


def test_suites_about_verdicts_have_no_table_of_errors():
    text = tables([report(row("PASS")), report(row("FAIL"), suite="unrelated"), report(row("PASS"), suite="gsd")])
    assert text.count("#### ") == 2
    assert text.index("#### gsd") < text.index("#### Verdicts")


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_chi_square_is_one_where_covariances_are_those_of_the_residuals(factor, tmp_path):
    result = make_result(tmp_path, count=4000)
    residuals = np.random.default_rng(0).normal(0, 0.3, (4000, 2))
    points = replace(result.tie_points, covariance_px2=np.tile(np.eye(2) * 0.09 / factor, (4000, 1, 1)))
    fit = replace(result.fit, heldout_residuals_px=residuals)
    found = stated_uncertainty(replace(result, tie_points=points, fit=fit))
    assert found["chi_square"] == pytest.approx(factor, rel=0.05)


def test_without_a_fit_nothing_is_stated(tmp_path):
    result = make_result(tmp_path)
    assert stated_uncertainty(replace(result, quality=replace(result.quality, ce90_px=None))) == {}
