"""Parameters of groups, and weights of rows: which residual is whose."""

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.problems import Reading


def squares(problem, *params: float) -> float:
    """Add up the squares of all residuals."""
    return sum(float(problem.residual(params, *row)) ** 2 for row in zip(*problem.train.values(), strict=True))


def test_weights_count_squares_of_residuals_so_many_times():
    data = {"t": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 2.0, 4.0, 9.0], "w": [4.0, 0.0, 1.0, 9.0]}
    problem = tw.problems.fit(data, "a*t", "y", reading=Reading(weights="w"))
    assert problem.train["w"].tolist() == [4, 1, 9]
    assert float(problem.residual((2.0,), 3.0, 5.0, 9.0)) == 3.0
    assert problem.told[:2] == ("the table: 3 rows, columns t, y, w", "1 row left out: w is 0 on row 2")
    twice = {name: np.repeat(column, 2) for name, column in data.items() if name != "w"}
    even = tw.problems.fit(data | {"w": [2.0] * 4}, "a*t", "y", reading=Reading(weights="w"))
    assert squares(even, 2.0) == pytest.approx(squares(tw.problems.fit(twice, "a*t", "y"), 2.0), rel=1e-6)


def grouped(model="A*exp(-t/tau) + c", groups="side", **more):
    sides = ["left", "right", "left", "up", "up", "right", "left"]
    data = {"t": [0.0, 1.0, 0.5, 1.0, 2.0, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 2.0], "side": sides}
    ranges = {"A": "each", "tau": "0.1:10:log"} | more.pop("ranges", {})
    return tw.problems.fit(data | more, model, "y", ranges=ranges, reading=Reading(groups=groups))


def test_every_group_has_parameters_of_its_own():
    problem = grouped()
    assert problem.parameters == ("A[left]", "A[right]", "A[up]", "tau", "c")
    assert problem.residual.linear == ("A[left]", "A[right]", "A[up]", "c")
    assert (problem.residual.groups, list(problem.train)) == (("left", "right", "up"), ["t", "side", "y"])
    assert problem.train["side"].tolist() == [0, 1, 0, 2, 2, 1, 0]
    heights = [float(problem.residual((1, 2, 3, 5.0, 0.5), 0.0, group, 0.0)) for group in (0, 1, 2)]
    assert heights == [1.5, 2.5, 3.5]


def test_a_range_for_each_group_is_that_of_all_but_of_those_with_their_own():
    problem = grouped(ranges={"A": "1:2:each", "A[up]": (5, 6), "A[right]": 1.5})
    axes = {axis.name: (axis.low, axis.high) for axis in problem.domain}
    assert (axes["A[left]"], axes["A[up]"], "A[right]" in axes) == ((1, 2), (5, 6), False)
    assert float(problem.residual((0, 0, 1.0, 0), 0.0, 1.0, 0.0)) == 1.5


def test_ties_follow_the_parameter_of_the_group():
    problem = grouped("A*exp(-t/tau) + c", ranges={"c": "2*A + d"})
    assert problem.parameters == ("A[left]", "A[right]", "A[up]", "tau", "d")
    assert float(problem.residual((1, 2, 3, 1.0, 0.5), 0.0, 1.0, 0.0)) == 2 + 4 + 0.5


def test_functions_have_groups_too():
    problem = grouped(lambda t, A, tau, c: A * jnp.exp(-t / tau) + c, ranges={"c": "2*d"})
    assert problem.parameters == ("A[left]", "A[right]", "A[up]", "tau", "d")
    values = dict(zip(problem.parameters, range(1, 6), strict=True))
    at = float(problem.residual(tuple(values.values()), 0.0, 2.0, 0.0))
    assert at == values["A[up]"] + 2 * values["d"]


def test_a_column_of_numbers_may_be_groups_and_data():
    data = {"t": [0.0, 1, 0, 1], "y": [1.0, 2, 3, 5], "T": [300.0, 300, 310.5, 310.5]}
    problem = tw.problems.fit(data, "A*t + b*T", "y", ranges={"A": "each"}, reading=Reading(groups="T"))
    assert problem.parameters == ("A[300]", "A[310.5]", "b")
    assert {name: column.tolist() for name, column in problem.train.items()} == {
        "t": [0, 1, 0, 1],
        "T": [300, 300, 310.5, 310.5],
        "T (group)": [0, 0, 1, 1],
        "y": [1, 2, 3, 5],
    }
