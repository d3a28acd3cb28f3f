from benchmarks.registration.bars import bars
from benchmarks.registration.report import build_report, code_state
from tests.benchmarks.registration.test_confusion import row

FACTS = {"unavailable": {}, "versions": {}, "excluded": [], "code": code_state()}


def table(*rows, suite="smallshift", split="test"):
    return bars([build_report(suite, split, 0, list(rows), FACTS)])


def test_a_bar_is_met_or_not_and_a_failure_is_infinite():
    good, bad = row("PASS", kind="a", rmse_px=0.1), row("FAIL", kind="b", rmse_px=None)
    text = table(good, bad)
    assert "| smallshift a | median RMSE, px | <= 0.120 | 0.100 | met |" in text
    assert "| smallshift b | median RMSE, px | <= 0.120 | inf | **not met** |" in text
    assert "| smallshift a, b, c | share < 0.3 px | >= 90 % | 50 % | **not met** |" in text
    assert "| smallshift a, b, c | failures | <= 0 | 1 | **not met** |" in text


def test_the_time_of_the_fastest_peer_in_the_same_run_is_the_bar():
    peers = [
        row("RETURNED", kind="a", method=name, cpu_seconds=s)
        for name, s in (("AROSICS COREG_LOCAL", 3.0), ("ALIKED + LightGlue + MAGSAC", 0.5))
    ]
    assert "| <= 0.50 | 1.00 | **not met** |" in table(row("PASS", kind="a"), *peers)


def test_val_is_no_report():
    assert table(row("PASS", kind="a"), split="val").count("\n") == 1
