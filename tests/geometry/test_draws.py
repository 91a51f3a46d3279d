import numpy as np

from thalweg.geometry.draws import NORMAL, draw, signs
from thalweg.geometry.leaves import Leaf

DENSE = Leaf("dense", (3, 4), "weight", (1, 0))
BIAS = Leaf("bias", (4,), "bias", (0,))
KERNEL = Leaf("kernel", (2, 2, 3, 5), "weight", (3, 2, 0, 1))
SCALE = Leaf("scale", (5,), "norm", (0,))


def parts(leaves, **options):
    ends = np.cumsum([leaf.size for leaf in leaves])
    cut = np.split(draw(leaves, **options), ends[:-1])
    return {leaf.name: part.reshape(leaf.shape).transpose(leaf.order) for leaf, part in zip(leaves, cut, strict=True)}


def test_layout_and_order_of_leaves_do_not_matter():
    elsewhere = (
        BIAS,
        Leaf("dense", (4, 3), "weight", (0, 1)),
        SCALE,
        Leaf("kernel", (5, 3, 2, 2), "weight", (0, 1, 2, 3)),
    )
    one, other = parts((DENSE, BIAS, KERNEL, SCALE), seed=3, number=1), parts(elsewhere, seed=3, number=1)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])


def test_the_size_of_other_leaves_does_not_matter():
    wide = Leaf("dense", (3, 40), "weight", (1, 0))
    one, other = parts((DENSE, KERNEL), seed=0, number=0), parts((wide, KERNEL), seed=0, number=0)
    np.testing.assert_array_equal(one["kernel"], other["kernel"])


def test_seeds_numbers_and_leaves_have_streams_of_their_own():
    twice = (
        KERNEL,
        Leaf("second", KERNEL.shape, "weight", KERNEL.order),
        Leaf("third", KERNEL.shape, "bias", KERNEL.order),
    )
    draws = [
        *parts(twice, seed=0, number=0).values(),
        *parts(twice, seed=0, number=1).values(),
        *parts(twice, seed=1, number=0).values(),
    ]
    assert len({array.tobytes() for array in draws}) == 9


def test_signs_are_one_or_minus_one_about_equally_often():
    drawn = draw((Leaf("many", (10_000,), "bias", (0,)),), seed=0, number=0, sample=signs)
    assert set(drawn) == {-1.0, 1.0}
    assert abs(drawn.mean()) < 0.04  # 4 standard errors
    assert draw((BIAS,), seed=0, number=0).tolist() == draw((BIAS,), seed=0, number=0, sample=NORMAL).tolist()


def test_a_single_number_is_a_leaf_too():
    assert draw([Leaf("scale", (), "norm", ())], seed=0, number=0).shape == (1,)
