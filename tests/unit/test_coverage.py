from __future__ import annotations

import numpy as np
import pytest

from ltcore.coverage import CELLS, CoverageCells

TO_CELLS = np.array([[CELLS / 400, 0, -1.0], [0, CELLS / 200, -2.0], [0, 0, 1]])  # cells of 50 x 25 px from (50, 50)


def centres() -> np.ndarray:
    column, row = np.meshgrid(np.arange(CELLS) + 0.5, np.arange(CELLS) + 0.5)
    return np.column_stack([50 + column.ravel() * 50, 50 + row.ravel() * 25])


@pytest.mark.parametrize("count", [0, 1, 16, 64])
def test_it_is_the_share_of_shared_cells_that_hold_a_point(count):
    cells = CoverageCells(TO_CELLS, np.ones(CELLS**2, bool))
    assert cells.share_held(np.repeat(centres()[:count], 3, axis=0)) == count / 64


def test_cells_that_the_images_do_not_share_do_not_count():
    shared = np.arange(CELLS**2) < 32
    cells = CoverageCells(TO_CELLS, shared)
    assert cells.share_held(centres()[:16]) == 0.5
    assert cells.share_held(centres()[32:]) == 0


def test_without_shared_ground_nothing_is_covered():
    assert CoverageCells(np.eye(3), np.zeros(CELLS**2, bool)).share_held(centres()) == 0
