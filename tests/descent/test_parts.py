import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.precision import computing
from thalweg.descent.parts import value_and_slopes

FORMULAS = {
    "one by one": lambda p, x: p[0] * x**2 - p[1] * x + p[-1],
    "unpacked": lambda p, x: (lambda a, b, c: a * jnp.exp(-b * x) + c)(*p),
    "in pieces": lambda p, x: jnp.sum(p[1:] * x) * p[0] + jnp.prod(p[::2]),
    "as a whole": lambda p, x: jnp.dot(p, p) * x,
    "inside a call": jax.jit(lambda p, x: p[2] * x - p[0]),
    "not at all": lambda p, x: 3 * x,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_derivatives_one_by_one_are_those_of_the_vector(name):
    with computing(64):
        place, x = jnp.array([0.5, -2.0, 3.0]), jnp.array(0.7)
        loss, slopes = value_and_slopes(FORMULAS[name], 3, [x])(list(place), x)
        expected, gradient = jax.value_and_grad(FORMULAS[name])(place, x)
    # The same operations, of which some may be added in another order.
    np.testing.assert_allclose(loss, expected, rtol=1e-15)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-15, atol=1e-15)
