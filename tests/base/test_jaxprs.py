"""Programs of JAX: calls are opened whatever they are named, and what is put together again computes the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from thalweg.base import jaxprs

X = jnp.linspace(-1.3, 2.1, 7, dtype=jnp.float32)


def with_a_derivative_of_its_own(x):
    own = jax.custom_jvp(jnp.sin)
    own.defjvp(lambda point, along: (own(*point), along[0]))
    return own(x)


def with_a_transpose_of_its_own(x):
    own = jax.custom_vjp(jnp.sin)
    own.defvjp(lambda x: (jnp.sin(x), x), lambda x, slope: (slope,))
    return own(x)


@pytest.mark.parametrize(
    "function", [jax.jit(jnp.sin), jax.checkpoint(jnp.sin), with_a_derivative_of_its_own, with_a_transpose_of_its_own]
)
def test_a_call_opens_to_the_program_that_it_calls(function):
    (equation,) = jaxprs.trace(function, X).jaxpr.eqns
    body = jaxprs.called(equation)
    assert body is not None
    assert [one.primitive.name for one in body.jaxpr.eqns] == ["sin"]


@pytest.mark.parametrize("function", [jnp.sin, lambda x: lax.fori_loop(0, 3, lambda _, y: jnp.sin(y), x)])
def test_an_operation_and_a_loop_are_no_calls(function):
    assert [jaxprs.called(equation) for equation in jaxprs.trace(function, X).jaxpr.eqns][-1] is None


def test_a_program_run_gives_what_the_function_gives():
    def function(x):
        return jax.jit(jnp.cumsum)(x) * 2.0 + jnp.arange(7.0), lax.cond(x[0] > 0, jnp.sin, jnp.cos, x)

    for one, other in zip(jaxprs.run(jaxprs.trace(function, X), [X]), function(X), strict=True):
        np.testing.assert_array_equal(one, other)


def test_literals_are_no_variables_and_stand_for_themselves():
    (equation,) = jaxprs.trace(lambda x: x * 3.0, X).jaxpr.eqns
    (variable,) = jaxprs.variables(equation.invars)
    assert [jaxprs.read({variable: "x"}, atom) for atom in equation.invars] == ["x", 3.0]


@pytest.mark.parametrize(
    "function",
    [lambda x: lax.cond(x[0] > 0, jnp.sin, jnp.cos, x), lambda x: lax.fori_loop(0, 3, lambda _, y: jnp.cos(y), x)],
)
def test_bodies_of_loops_and_branches_are_replaced(function):
    seen = []
    program = jaxprs.trace(function, X)
    jaxprs.run(
        program, [X], lambda one, inputs: jaxprs.bind(jaxprs.with_bodies(one, lambda b: seen.append(b) or b), inputs)
    )
    assert {one.primitive.name for body in seen for one in body.jaxpr.eqns} & {"sin", "cos"}


def test_a_function_of_some_equations_computes_their_results():
    program = jaxprs.trace(lambda x: jnp.exp(jnp.sin(x)), X)
    first, then = program.jaxpr.eqns
    (early,) = jaxprs.function_of(program, program.jaxpr.invars, first.outvars, [first])(X)
    (late,) = jaxprs.function_of(program, first.outvars, program.jaxpr.outvars, [then])(early)
    np.testing.assert_array_equal(late, jnp.exp(jnp.sin(X)))
