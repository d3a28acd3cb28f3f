"""What is only true of projective transforms: perspective, horizons, errors that count in the target."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from ltcore.geometry.transforms import EstimationFailure, Transform, apply_matrix, estimate
from tests.unit.geometry.test_transforms import fitted, spread_points


def test_three_of_four_points_on_one_line_fail_for_projective() -> None:
    source = np.array([[0, 0], [100, 0], [200, 0], [50, 300.0]])
    assert isinstance(estimate("projective", source, source), EstimationFailure)


def test_a_projective_fit_of_noisy_points_has_the_least_error_in_the_target() -> None:
    """Not in the products of the direct linear transform, which weigh points near the horizon otherwise."""
    random = np.random.default_rng(7)
    truth = Transform("projective", [[1, 0.1, 40], [-0.1, 1.1, -30], [6e-4, 3e-4, 1]])
    source = spread_points(random, 40)
    target = truth(source) + random.normal(0, 2, (40, 2))
    found = fitted("projective", source, target)
    cost = ((found(source) - target) ** 2).sum()
    for _ in range(60):
        moved = found.matrix + random.normal(0, 1, (3, 3)) * [[1e-5, 1e-5, 1e-2], [1e-5, 1e-5, 1e-2], [1e-8, 1e-8, 0]]
        assert cost <= ((Transform("projective", moved)(source) - target) ** 2).sum() + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_a_strong_perspective_is_recovered_to_the_last_digits(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = Transform("projective", [[1, 0.3, 40], [-0.2, 1.1, -30], [2.5e-3, -0.9e-3, 1]])
    source = spread_points(random, 12)
    found = fitted("projective", source, truth(source))
    np.testing.assert_allclose(found(source), truth(source), atol=1e-9)


def test_a_projective_fit_of_noisy_points_is_where_a_general_solver_ends() -> None:
    random = np.random.default_rng(7)
    truth = Transform("projective", [[1, 0.3, 40], [-0.2, 1.1, -30], [2.5e-3, -0.9e-3, 1]])
    source = spread_points(random, 40)
    target = truth(source) + random.normal(0, 3, (40, 2))
    found = fitted("projective", source, target)

    def residuals(numbers: np.ndarray) -> np.ndarray:
        return np.asarray((apply_matrix(np.append(numbers, 1).reshape(3, 3), source) - target).ravel())

    start = found.matrix.ravel()[:8]
    best = least_squares(residuals, start, x_scale=np.abs(start), xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    np.testing.assert_allclose(found(source), apply_matrix(np.append(best, 1).reshape(3, 3), source), atol=1e-4)


def test_a_horizon_through_the_origin_or_the_middle_is_degenerate() -> None:
    random = np.random.default_rng(3)
    through_origin = np.array([[1, 0, 5], [0, 1, 3], [1e-3, 2e-3, 0.0]])
    source = spread_points(random, 20) + 300
    failure = estimate("projective", source, apply_matrix(through_origin, source))
    assert failure == EstimationFailure("the projective transform is degenerate")
    around = spread_points(random, 20)
    around = np.concatenate([around, 2 * around.mean(axis=0) - around])  # symmetric about its middle
    middle = around.mean(axis=0)
    through_middle = np.array([[1, 0, 5], [0, 1, 3], [1e-3, 2e-3, -middle @ [1e-3, 2e-3]]])
    failure = estimate("projective", around, apply_matrix(through_middle, around))
    assert failure == EstimationFailure("the tie points are too close to one line for the projective transform")
