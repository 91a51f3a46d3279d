"""What a minimum is in words, where it is no proper one."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.fitting.census import task_of
from thalweg.fitting.errors import errors
from thalweg.fitting.outcomes import walls, words
from thalweg.fitting.terms import residuals, terms
from thalweg.losses import quadratic
from thalweg.problems import Axis, Domain

X = np.linspace(0.1, 2, 12)


def said(model, position, rested=True, **ranges):
    objective = tw.objective(tw.problems.fit({"x": X, "y": X**2}, model, "y", ranges=ranges), quadratic())
    task, columns, domain = task_of(objective, eliminate=False), objective.train, objective.problem.domain
    place = np.array(position)
    low, high = walls(place[None], domain)
    told = errors(terms(task, columns, place), (low | high)[0])
    return words(place, domain, told, lambda places: residuals(task, columns, places), rested)


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("a*b*x", "a·b"),
        ("a/b*x", "a/b"),
        ("(a + b)*x", "a + b"),
        ("(a - b)*x**2", "a - b"),
        ("a*exp(-x)*b", "a·b"),
    ],
)
def test_what_alone_is_told_of_two_parameters(model, kept):
    # Of equal ones a product and a sum, and a quotient and a difference, have one direction.
    assert said(model, [2.0, 2.0]) == f"the data do not tell a and b apart, only {kept}"
    assert said(model, [2.0, -3.0]) == f"the data do not tell a and b apart, only {kept}"


def test_a_parameter_that_does_nothing_is_named():
    assert said("a*x + 0*k", [1.0, 3.0]) == "the data do not tell k: the curve is the same whatever it is"


def test_two_open_directions_are_told_one_by_one():
    told = said("a*b*x + (c + d)*x**2", [1.0, 2.0, 3.0, 4.0])
    assert told.count("the data do not tell") == 2
    assert "a and b apart, only a·b" in told
    assert "c and d apart, only c + d" in told


def test_other_directions_are_told_by_their_steps():
    told = said("(a + 2*b + 4*c)*x + (a - b)*x**2", [1.0, 1.0, 1.0])
    # a and b go together, by 1 for every 3/4 that c falls.
    assert told.startswith("the data do not tell a, b and c apart: the curve stays if a by +1, b by +1, c by -0.75 ")


def test_a_wall_is_named_with_what_to_do():
    told = said("a*x", [0.1], a="0.1:10:log")
    assert told == "a lies at the low end of its range, 0.1: widen the range or take it as a bound"
    assert "a lies at the high end of its range, 10" in said("a*x", [10.0], a="0.1:10:log")
    assert said("a*x", [0.1], a="0.1:10:log:open") == ""


def test_walls_are_those_of_bounded_intervals():
    domain = Domain(
        [Axis("a", 0, 1), Axis("b", 0.1, 10, log=True), Axis("c", 0, 1, bounded=False), Axis("d", 0, 1, True)]
    )
    low, high = walls(np.array([[0.0, 0.1, 0.0, 0.0], [1.0, 10.0, 1.0, 1.0], [0.5, 0.5, -9.0, 0.5]]), domain)
    assert low.tolist() == [[True, True, False, False], [False] * 4, [False] * 4]
    assert high.tolist() == [[False] * 4, [True, True, False, False], [False] * 4]


def test_a_search_that_did_not_come_to_rest_is_told():
    assert said("a*x", [1.0], rested=False) == "the search did not come to rest: the fit may go on from here"


def test_a_parameter_that_runs_away_is_named():
    told = said("a*(1 - exp(-x/tau))", [3e7, 1e7], a="0:1:open", tau="0.1:10:log:open")
    assert told == "a grows without end and tau grows without end: the curve only approaches its best"
    told = said("x**2*(1 + exp(-k*x))", [1e6], k="0.1:10:log:open")
    assert told == "k grows without end: the curve only approaches its best"
    told = said("x**2*(1.1 + k*x)", [1e-12], k="0.1:10:log:open")
    assert told == "k falls to 0 without end: the curve only approaches its best"


def test_a_parameter_that_does_nothing_does_not_run_away():
    told = said("a*x + 0*k", [1.0, 1e9], k="0.1:10:log:open")
    assert told == "the data do not tell k: the curve is the same whatever it is"
    told = said("a*b*x", [1e9, 1e-9], a="0.1:10:log:open", b="0.1:10:log:open")
    assert told == "the data do not tell a and b apart, only a·b"
