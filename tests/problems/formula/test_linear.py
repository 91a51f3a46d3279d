"""In which parameters a formula is linear, against second derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.precision import computing
from thalweg.problems.formula.formula import formula
from thalweg.problems.formula.linear import linear_in

CASES = {
    "A*exp(-t/tau)*cos(2*pi*f*t + p) + c": ("A", "c"),
    "a + b*t": ("a", "b"),
    "b1*(b2 + b3*t)/(b4 + t)": ("b2", "b3"),
    "(a + b*t + c*t**2)/(1 + d*t)": ("a", "b", "c"),
    "a*b*t + c*a": ("b", "c"),
    "-(a - b)/2 + a": ("a", "b"),
    "where(t > t0, a*t, b)": ("a", "b"),
    "a*t > b": (),
    "a**1 + b**2 + 2**c": ("a",),
    "a*a + b": ("b",),
    "a % 2 + b": ("b",),
    "(a + t)*(a - t)": (),
    "exp(a) + a": (),
    "t": (),
    "a*b*c": ("a",),
}


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=CASES)
def test_linear_parameters_are_found(text, expected):
    read = formula(text, ["t"])
    parameters = [name for name in read.names if name != "t"]
    linear = linear_in(read.node, parameters)
    assert linear == expected
    if not linear:
        return

    def model(values, others):
        return jnp.asarray(read(dict(zip(linear, values, strict=True)) | others)) * 1.0

    others = {name: 0.7 + 0.1 * k for k, name in enumerate(parameters)} | {"t": 1.3}
    with computing(64):
        curvature = jax.hessian(model)(jnp.arange(1.0, len(linear) + 1), others)
    np.testing.assert_array_equal(curvature, 0.0)


def test_a_product_keeps_the_parameter_that_stands_in_fewer():
    assert linear_in(formula("k*(a + b*t + c*t**2)", ["t"]).node, ["k", "a", "b", "c"]) == ("a", "b", "c")


def test_only_candidates_are_looked_at():
    assert linear_in(formula("a*t + b", ["t"]).node, ["b"]) == ("b",)
