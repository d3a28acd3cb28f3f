import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.hypotheses import similarity_hypotheses


def matches(right, wrong, seed=0, angle=2.0, scale=0.6):
    """Returns sensed and reference points and scores: `right` that a similarity explains, then `wrong` ones."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, 400, (right + wrong, 2))
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    reference = sensed @ np.array([[c, -s], [s, c]]).T + [300, 120]
    reference[right:] = random.uniform(0, 400, (wrong, 2))
    return sensed, reference + random.normal(0, 0.5, reference.shape), random.uniform(0.2, 0.8, right + wrong)


@settings(deadline=None, max_examples=25)
@given(angle=st.floats(-3.1, 3.1), scale=st.floats(0.25, 4.0), seed=st.integers(0, 99))
def test_six_right_ones_among_forty_wrong_are_found_whatever_the_turn(angle, scale, seed):
    sensed, reference, score = matches(6, 40, seed, angle, scale)
    found = similarity_hypotheses(sensed, reference, score, 4.0, 3)
    errors = [np.linalg.norm(one(sensed[:6]) - reference[:6], axis=1).max() for one in found]
    assert min(errors) < 8


def test_the_first_has_the_most_matches_and_no_two_are_the_same():
    sensed, reference, score = matches(30, 20)
    found = similarity_hypotheses(sensed, reference, score, 4.0, 3)
    assert np.linalg.norm(found[0](sensed[:30]) - reference[:30], axis=1).max() < 3
    assert all(np.median(np.linalg.norm(found[0](sensed) - other(sensed), axis=1)) > 8 for other in found[1:])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_matches_speak_for_nothing(count):
    assert similarity_hypotheses(*matches(count, 0), 4.0, 3) == []


def test_matches_of_one_spot_speak_for_nothing():
    sensed, reference, score = matches(10, 0)
    assert similarity_hypotheses(sensed / 400, reference / 400, score, 4.0, 3) == []
