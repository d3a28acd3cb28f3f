import numpy as np
import pytest

from ltcore.arrays import frozen_array


def test_a_copy_that_cannot_be_written():
    values = np.zeros((3, 2))
    frozen = frozen_array(values, (None, 2))
    values[0, 0] = 7
    assert frozen[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 1


def test_an_empty_list_is_no_points():
    assert frozen_array([], (None, 2)).shape == (0, 2)


@pytest.mark.parametrize("shape", [(2, 3), (None, 3), (None,)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        frozen_array(np.zeros((3, 2)), shape)
