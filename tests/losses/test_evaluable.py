"""A function that reads more parameters than its domain has is refused, where JAX would take the last one instead."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue

X, Y = tw.problems.Axis("x", -3, 3), tw.problems.Axis("y", -2, 5)


def of(value, *axes):
    return tw.objective(tw.problems.function(value, axes, name="mine"))


def unpacked(p):
    x, y = p
    return x * y


BEYOND = {
    "in order": (lambda p: (p[0] - 1) ** 2 + p[2] ** 2, 2),
    "from the end": (lambda p: p[0] + p[-3], -1),
    "several": (lambda p: jnp.sum(p[np.array([0, 4])]), 4),
    "take": (lambda p: jnp.take(p, 3), 3),
    "side by side": (lambda p: jnp.sum(jax.vmap(lambda i: p[i])(jnp.arange(3))), 2),
    "in a loop": (lambda p: jax.lax.fori_loop(0, 4, lambda i, total: total + p[i], 0.0), 2),
    "in a branch": (lambda p: jax.lax.cond(p[0] > 0, lambda q: q[3], lambda q: q[0], p), 3),
    "in a call": (jax.jit(lambda p: p[0] * p[3]), 3),
}

WITHIN = {
    "in order": lambda p: (p[0] - 1) ** 2 + p[1] ** 2,
    "from the end": lambda p: p[-1] + p[-2],
    "several": lambda p: jnp.sum(p[np.array([1, 0])]),
    "side by side": lambda p: jnp.sum(jax.vmap(lambda i: p[i])(jnp.arange(2))),
    "in a loop": lambda p: jax.lax.fori_loop(0, 2, lambda i, total: total + p[i], 0.0),
    "backwards": lambda p: jax.lax.scan(lambda s, k: (s + p[k], None), 0.0, jnp.arange(2), reverse=True)[0],
    "filled on purpose": lambda p: p[0] + p.at[7].get(mode="fill", fill_value=0.0),
    "where the parameters say": lambda p: p[jnp.clip(jnp.floor(p[0]).astype(int), 0, 1)],
}


@pytest.mark.parametrize("way", BEYOND)
def test_a_place_that_is_not_there_is_named(way):
    value, place = BEYOND[way]
    with pytest.raises(
        InvalidValue, match=rf"mine reads parameter number {place}, counted from 0, .* parameters x, y;"
    ):
        of(value, X, Y)


@pytest.mark.parametrize("way", WITHIN)
def test_what_is_there_may_be_read_in_any_way(way):
    assert of(WITHIN[way], X, Y).problem.parameters == ("x", "y")


def test_places_of_what_is_made_of_the_parameters_are_looked_at_too():
    with pytest.raises(InvalidValue, match="reads place 5 of 4 numbers"):
        of(lambda p: jnp.concatenate([p, 2 * p])[5], X, Y)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (unpacked, "cannot be evaluated at the parameter x: not enough values to unpack"),
        (lambda p: np.sin(p[0]), "write it with jax.numpy"),
        (lambda p: p, r"gives an array of shape \(1,\)"),
        (lambda p: p[0] > 1, "gives a value of type bool"),
        (lambda p: 3, "gives a value of type int32"),
        (lambda p: (p[0], p[0]), "gives a tuple, not one number"),
        (lambda p: None, "gives a NoneType, not one number"),
        (lambda p, q: p[0] + q, "missing 1 required positional argument"),
    ],
)
def test_what_is_no_function_of_the_parameters_is_refused_in_one_line(value, reason):
    with pytest.raises(InvalidValue, match=reason) as refusal:
        of(value, X)
    assert "\n" not in str(refusal.value)


def test_a_residual_is_looked_at_with_its_columns():
    x, loss = np.linspace(0, 1, 5), tw.losses.quadratic()
    one = tw.problems.regression(lambda p, x, y: p[0] * x + p[1] - y, {"x": x, "y": x}, X)
    with pytest.raises(InvalidValue, match="regression reads parameter number 1, counted from 0, .* the parameter x;"):
        tw.objective(one, loss)
    short = tw.problems.regression(lambda p, x, y: p[0] * x - y, {"x": x}, X)
    with pytest.raises(InvalidValue, match="at the parameter x and 1 column: .* missing 1 required positional"):
        tw.objective(short, loss)


def test_a_parameter_may_be_ignored():
    trough = of(lambda p: (p[0] - 1) ** 2, X, Y)
    valleys = tw.find_valleys(trough, tw.survey(trough, points=7))
    assert valleys.sizes["valley"] == 1
    assert float(valleys["position"][0, 0]) == pytest.approx(1.0, abs=1e-9)
