from dataclasses import replace

import numpy as np
import pytest

from benchmarks.registration.methods import Answer, nothing
from benchmarks.registration.scoring import run, summarised


class Told:
    """A method that is off by some px and says some verdict."""

    name = "told"

    def __init__(self, pair, off_px, verdict):
        self.pair, self.off_px, self.verdict = pair, off_px, verdict

    def __call__(self, pair, sensed_xy):
        if self.off_px is None:
            return nothing("nothing found")
        return Answer(self.pair.checks.reference_xy + np.array([self.off_px, 0]), self.verdict, model="shift")


def row(pair, off_px, verdict="RETURNED"):
    return run(Told(pair, off_px, verdict), pair)


def test_a_good_result_has_its_error(shifted):
    found = row(shifted, 0.25)
    assert (found["rmse_px"], found["median_px"], found["wrong"]) == (0.25, 0.25, False)


def test_a_wrong_result_that_is_called_good_is_counted(shifted):
    assert row(shifted, 1.5, "PASS")["wrong"]
    assert row(shifted, 1.5, "WARN")["wrong"]
    assert row(shifted, 1.5, "RETURNED")["wrong"]


def test_a_result_that_fails_is_a_failure_however_near(shifted):
    found = row(shifted, 0.1, "FAIL")
    assert (found["rmse_px"], found["untrusted_rmse_px"], found["wrong"]) == (None, 0.1, False)


def test_errors_are_counted_in_the_coarser_pixel(shifted):
    assert row(replace(shifted, unit_px=4.0), 2.0)["rmse_px"] == pytest.approx(0.5)


def test_whatever_is_called_good_on_an_unrelated_pair_is_wrong(shifted):
    unrelated = replace(shifted, checks=None)
    assert run(Told(shifted, 0.0, "PASS"), unrelated)["wrong"]
    assert not run(Told(shifted, 0.0, "FAIL"), unrelated)["wrong"]


def test_what_a_method_raises_is_a_failure_with_its_reason(shifted):
    def broken(pair, sensed_xy):
        raise RuntimeError("no GPU")

    broken.name = "broken"
    found = run(broken, shifted)
    assert (found["verdict"], found["reason"], found["rmse_px"]) == ("ERROR", "RuntimeError: no GPU", None)


def test_failures_count_as_infinite_in_medians_and_shares(shifted):
    rows = [row(shifted, 0.2), row(shifted, 0.4), row(shifted, None), row(shifted, None), row(shifted, None)]
    summary = summarised(rows)[0]
    assert summary["rmse_px"] == {"q25": 0.4, "median": None, "q75": None}
    assert summary["share_under"] == {"0.3": 0.2, "0.5": 0.4, "1": 0.4, "3": 0.4}
    assert (summary["failures"], summary["wrong"], summary["right_family"]) == (3, 0, 1.0)


@pytest.mark.parametrize(("errors", "median"), [((0.2, 0.4), 0.3), ((0.2, 0.4, 0.5, None), 0.45), ((0.2, None), None)])
def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two(shifted, errors, median):
    assert summarised([row(shifted, error) for error in errors])[0]["rmse_px"]["median"] == pytest.approx(median)


def test_refusals_of_unrelated_pairs_are_a_share(shifted):
    unrelated = replace(shifted, checks=None)
    rows = [run(Told(shifted, 0.0, verdict), unrelated) for verdict in ("PASS", "FAIL", "FAIL", "FAIL")]
    assert summarised(rows)[0]["refused_of_unrelated"] == 0.75
