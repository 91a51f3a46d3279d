import numpy as np
import pytest

from thalweg.base.precision import computing
from thalweg.fitting.algebra import solve


def solved(matrices, rights):
    with computing(64):
        return np.asarray(solve(np.moveaxis(matrices, 0, -1), rights.T)).T


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_systems_are_solved_each_as_if_alone(size):
    draw = np.random.default_rng(size)
    factors = draw.normal(size=(7, size + 2, size)) * 10.0 ** draw.integers(-3, 4, size=(7, 1, size))
    matrices, rights = np.einsum("kri,krj->kij", factors, factors), draw.normal(size=(7, size))
    expected = np.linalg.solve(matrices, rights[..., None])[..., 0]
    found = solved(matrices, rights)
    # Relative to each unknown's scale; the condition, its scales taken out, is below a thousand.
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_array_equal(solved(matrices[2:3], rights[2:3]), found[2:3])


def test_an_unknown_that_follows_from_others_stays_zero():
    column = np.array([1.0, 2.0, -1.0])
    columns = np.stack([column, np.array([0.0, 1.0, 1.0]), 3 * column])
    right = columns @ np.array([2.0, 0.0, 1.0])
    (found,) = solved((columns @ columns.T)[None], right[None])
    assert found[2] == 0
    np.testing.assert_allclose(columns.T @ found, [2.0, 0.0, 1.0] - (np.array([2.0, 0, 1]) - columns.T @ found))
    np.testing.assert_allclose(columns @ (columns.T @ found), right, atol=1e-12)
