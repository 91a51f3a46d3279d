"""A slice: an objective with some of its parameters held."""

import math

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue, UnknownName


@pytest.fixture(scope="module")
def four():
    """A bowl about (1, -2, 3, 0.5) whose parameters are coupled, so that a slice's minimum lies elsewhere."""
    middle = jnp.array([1.0, -2.0, 3.0, 0.5])
    axes = [tw.problems.Axis(name, -5, 5 + k) for k, name in enumerate("abcd")]

    def value(p):
        return jnp.sum((p - middle) ** 2) + p[0] * p[2] + 2 * p[1] * p[3]

    return tw.objective(tw.problems.function(value, axes, start=[1.0, 2.0, 3.0, 4.0], name="coupled"))


@pytest.mark.parametrize(
    "held", [{"c": 1.5, "d": -1.0}, {"a": 0.5, "c": 2.0}, {"b": -3.0, "d": 1.0}, {"a": 4.0, "d": 0.0}]
)
def test_a_slice_has_the_values_of_the_whole_at_the_held_parameters(four, held):
    part = four.fix(**held)
    free = [name for name in "abcd" if name not in held]
    surface = tw.survey(part, points=[5, 7])
    assert surface["train_loss"].dims == tuple(free)
    for place in surface["train_loss"].stack(all=free):
        at = held | {name: float(place.coords[name]) for name in free}
        assert float(place) == pytest.approx(float(four.problem.value(jnp.array([at[n] for n in "abcd"]))), rel=1e-6)


def test_a_slice_goes_through_survey_valleys_descent_and_figures(four):
    part = four.fix(c=1.5, d=-1.0)
    surface = tw.survey(part, points=41)
    valleys = tw.find_valleys(part, surface)
    # The gradient vanishes where 2 (a - 1) + c = 0 and 2 (b + 2) + 2 d = 0.
    np.testing.assert_allclose(valleys["position"].values, [[1 - 1.5 / 2, -2 + 1.0]], atol=1e-9)
    runs = tw.descend(part, optax.sgd(0.1), steps=60)
    assert runs["param"].values.tolist() == ["a", "b"]
    assert runs["params"].values[0, 0].tolist() == [1.0, 2.0]
    np.testing.assert_allclose(runs["params"].values[0, -1], valleys["position"].values[0], atol=1e-5)
    for result in (surface, valleys, runs):
        assert result.attrs["fixed"] == "c = 1.5, d = -1"
    note = [text.get_text() for text in tw.figures.plane(surface, runs, valleys).static().texts]
    assert any("coupled at c = 1.5, d = −1" in text for text in note)


def test_a_slice_can_be_cut_again(four):
    assert four.fix(a=1.0).fix(d=2.0).problem.fixed == "a = 1, d = 2"
    assert four.fix(d=2.0, a=1.0).problem.parameters == ("b", "c")


def test_known_minima_are_those_on_the_slice():
    rastrigin = tw.problems.rastrigin(3)
    assert rastrigin.minima[0].position == (0.0, 0.0, 0.0)
    whole = tw.objective(rastrigin)
    assert whole.fix(x2=0.0).problem.minima[0].position == (0.0, 0.0)
    assert whole.fix(x2=0.5).problem.minima == ()


def test_data_keep_their_line_and_what_is_derived():
    problem = tw.problems.line((2.0, 1.0), points=50, noise=0.0)
    part = tw.objective(problem, tw.losses.quadratic()).fix(b=1.5)
    slope, intercept = part.problem.line(np.array([3.0]))
    assert (float(slope), float(intercept)) == (3.0, 1.5)
    x, y = part.train
    best = float(tw.find_valleys(part)["position"][0, 0])
    assert best == pytest.approx(float((x * (y - 1.5)).sum() / (x * x).sum()), abs=1e-9)
    with pytest.raises(InvalidValue, match="no exact census"):
        tw.find_valleys(tw.objective(problem, tw.losses.power(1 / 2)).fix(b=1.5), method="exact")


@pytest.mark.parametrize(
    ("held", "error", "words"),
    [
        ({"e": 1.0}, UnknownName, "unknown parameter of coupled 'e'; allowed: a, b, c, d"),
        ({}, InvalidValue, "no parameter is held; give a value for one or more of a, b, c, d"),
        (
            dict.fromkeys("abcd", 0.0),
            InvalidValue,
            "all parameters of coupled are held; leave one or more of a, b, c, d",
        ),
        ({"b": 6.5}, InvalidValue, "a parameter is held at b = 6.5, off its axis; give a number from -5 to 6"),
        ({"b": math.nan}, InvalidValue, "b = nan is not allowed; give a finite number"),
        ({"b": "1"}, InvalidValue, "b = '1' is not a number"),
    ],
)
def test_what_cannot_be_held_is_refused(four, held, error, words):
    with pytest.raises(error, match=words):
        four.fix(**held)


def test_results_of_a_slice_and_of_the_whole_are_not_mixed(four):
    part = four.fix(c=1.5, d=-1.0)
    surface, other = tw.survey(part, points=21), four.fix(a=0.0, b=0.0)
    valleys = tw.find_valleys(part, surface)
    with pytest.raises(InvalidValue, match=r"surface is over a, b, and coupled has .* objective.fix\(c=…, d=…\)"):
        tw.find_valleys(four, surface)
    with pytest.raises(
        InvalidValue, match="surface is over a, b, and coupled has the parameters c, d; give one over c, d$"
    ):
        tw.find_valleys(other, surface)
    runs = tw.descend(other, optax.sgd(0.1), steps=2)
    for act in (tw.find_derailments, tw.locate, lambda runs, valleys: tw.figures.plane(surface, runs, valleys)):
        with pytest.raises(InvalidValue, match="runs are over c, d, and the .* over a, b; give those of one objective"):
            act(runs, valleys)
    descent = tw.Descent(optax.sgd(0.1), steps=2)
    with pytest.raises(InvalidValue, match="valleys are over a, b, and the objective is over c, d"):
        tw.outcomes(other, descent, valleys)
    with pytest.raises(InvalidValue, match="valleys are over a, b, and the objective is over c, d"):
        tw.find_paths(other, valleys, [(0, 1)])
    with pytest.raises(InvalidValue, match="valleys are over a, b, and the objective is over c, d"):
        tw.race(other, {"sgd": tw.Optimizer(optax.sgd, learning_rate=0.1)}, valleys)


def test_a_survey_needs_all_parameters_in_any_order(four):
    a, b = four.problem.domain[:2]
    with pytest.raises(
        InvalidValue, match=r"domain is over a, b, and .* or hold the others: objective.fix\(c=…, d=…\)"
    ):
        tw.survey(four, domain=[a, b])
    with pytest.raises(InvalidValue, match=r"survey at most 3: hold the others, such as objective.fix\(d=1.5\)"):
        tw.survey(four)
    with pytest.raises(InvalidValue, match="domain has b on a circle of period 11, and that parameter is on no circle"):
        tw.survey(four.fix(c=0.0, d=0.0), domain=[a, tw.problems.Axis("b", -5, 6, periodic=True)])
    part = four.fix(c=1.0, d=1.0)
    usual = tw.survey(part, points=11)
    assert tw.survey(part, points=11, domain=[b, a]).identical(usual)
    turned = usual.transpose("b", "a")
    assert tw.find_valleys(part, turned).equals(tw.find_valleys(part, usual))
