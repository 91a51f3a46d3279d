import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidData, InvalidValue


def test_a_plain_function_is_descended_to_its_minimum():
    axis = tw.problems.Axis("x", -4, 4)
    bowl = tw.problems.function(lambda p: (p[0] - 1.5) ** 2, axis, start=[-3.0])
    runs = tw.descend(tw.objective(bowl), optax.sgd(0.25), steps=60)
    # Each step halves the distance: 4.5 * 2^-60 is below rounding.
    assert runs["params"].values[0, -1, 0] == pytest.approx(1.5, abs=1e-12)
    assert runs["status"].values[0] == tw.Status.CONVERGED


def test_a_plain_residual_of_several_columns_is_fitted():
    generator = np.random.default_rng(3)
    u, v = generator.random((2, 50))
    columns = {"u": u, "v": v, "y": 2 * u - 5 * v}
    axes = [tw.problems.Axis("a", -9, 9), tw.problems.Axis("b", -9, 9)]
    problem = tw.problems.regression(lambda p, u, v, y: p[0] * u + p[1] * v - y, columns, axes)
    runs = tw.descend(tw.objective(problem, tw.losses.quadratic()), optax.sgd(0.8), steps=800)
    np.testing.assert_allclose(runs["params"].values[0, -1], [2, -5], atol=1e-8)


def test_columns_of_different_length_are_refused():
    with pytest.raises(InvalidData, match="give one-dimensional arrays of one length"):
        tw.problems.regression(lambda p, x, y: 0.0, {"x": [1, 2], "y": [1]}, tw.problems.Axis("k", 0, 1))


def test_an_empty_interval_is_refused():
    with pytest.raises(InvalidValue, match="axis k runs from 1 to 1; low must be below high"):
        tw.problems.Axis("k", 1, 1)
