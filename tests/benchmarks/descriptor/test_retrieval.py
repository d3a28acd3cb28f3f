"""False positive rate at 95 % recall, and the pairs it is measured on."""

import numpy as np
import pytest

from benchmarks.descriptor.methods import Method
from benchmarks.descriptor.retrieval import PATCH_PX, cut_pairs, fpr95, similarities


def test_rate_by_hand():
    """Of 20 positives the 19 best reach down to 2; of 10 negatives 3 reach that."""
    positive, negative = np.arange(1, 21.0), np.array([-1, 0, 0.5, 1, 1.5, 1.9, 1.99, 2, 2.5, 30])
    score = np.concatenate([positive, negative])
    same = np.arange(30) < 20
    assert fpr95(score, same) == pytest.approx(0.3)
    shuffled = np.random.default_rng(0).permutation(30)
    assert fpr95(score[shuffled], same[shuffled]) == pytest.approx(0.3)


def test_perfect_random_and_constant_scores():
    same = np.arange(4000) % 2 == 0
    assert fpr95(same.astype(float), same) == 0
    assert fpr95(np.random.default_rng(1).random(4000), same) == pytest.approx(0.95, abs=0.02)
    assert fpr95(np.zeros(4000), same) == 1


@pytest.fixture(scope="module")
def pairs(scenes):
    return cut_pairs(scenes, seed=3)


def _place_of(patch, scenes, band):
    """Returns (scene, row, column) of a patch."""
    for number, scene in enumerate(scenes):
        image = getattr(scene, band)
        windows = np.lib.stride_tricks.sliding_window_view(image, patch.shape)[..., 0, 0]
        for row, column in np.argwhere(windows == patch[0, 0]):
            if np.array_equal(image[row : row + PATCH_PX, column : column + PATCH_PX], patch):
                return number, row, column
    raise AssertionError("the patch is in no scene")


def test_half_show_the_same_place_and_half_do_not(pairs, scenes):
    count = len(pairs.same) // 2
    assert pairs.same.sum() == count > 20
    assert pairs.visible.shape == pairs.nir.shape == (2 * count, PATCH_PX, PATCH_PX)
    places = [scene.place for scene in scenes]
    for index in range(0, 2 * count, 7):
        visible = _place_of(pairs.visible[index], scenes, "visible")
        nir = _place_of(pairs.nir[index], scenes, "nir")
        if pairs.same[index]:
            assert visible == nir
        elif visible[0] == nir[0]:
            assert max(abs(visible[1] - nir[1]), abs(visible[2] - nir[2])) >= PATCH_PX
        else:
            assert places[visible[0]] != places[nir[0]]


def test_a_single_spot_has_no_other_place(scenes):
    with pytest.raises(ValueError, match="too few places"):
        cut_pairs(scenes[1:2])


def test_similarity_is_the_inner_product_in_order(pairs):
    class Means(Method):
        """Describes a patch by its mean and 1."""

        name = group = "means"

        def describe_patches(self, patches):
            return np.stack([patches.mean(axis=(1, 2)), np.ones(len(patches))], axis=1)

    wanted = pairs.visible.mean(axis=(1, 2)) * pairs.nir.mean(axis=(1, 2)) + 1
    assert similarities(pairs, Means()) == pytest.approx(wanted, rel=1e-5)
