import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.precision import computing
from thalweg.descent.mean import AT_ONCE, BLOCK, NARROW, value_and_gradient


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_every_example_counts_however_many_the_last_block_has(count):
    x = np.arange(1.0, count + 1)
    with computing(64):
        loss, slope = value_and_gradient(lambda p, x: p[0] * x, jnp.full((1, 16), 2.0), (jnp.asarray(x),))
    # Sums of small whole numbers are exact, and one quotient is rounded once.
    np.testing.assert_array_equal(np.asarray(loss), 2 * x.mean())
    np.testing.assert_array_equal(np.asarray(slope), x.mean())


@pytest.mark.parametrize("count", [1, BLOCK - 1, 2 * BLOCK + 3, AT_ONCE * BLOCK, (AT_ONCE + 3) * BLOCK + 1])
def test_every_example_counts_where_several_blocks_are_computed_at_once(count):
    x = np.arange(1.0, count + 1)
    with computing(64):
        place = jnp.stack([jnp.full(16, 2.0), jnp.full(16, 3.0)])
        loss, slope = value_and_gradient(lambda p, x: p[0] * x - p[1], place, (jnp.asarray(x),))
    # Sums of whole numbers are exact; XLA may multiply by the reciprocal of the count, which rounds twice.
    np.testing.assert_allclose(loss, np.full(16, (2 * x - 3).sum() / count), rtol=4e-16)
    np.testing.assert_allclose(slope, np.stack([np.full(16, x.sum() / count), np.full(16, -1.0)]), rtol=4e-16)


@pytest.mark.parametrize("precision", [32, 64])
def test_few_lanes_have_the_bits_of_many(precision):
    drawn = np.random.default_rng(0)
    x, y = drawn.normal(size=(2, 5 * BLOCK + 3)).astype(f"float{precision}")
    places = drawn.normal(size=(2, 2 * NARROW)).astype(f"float{precision}")

    def example(p, x, y):
        return jnp.sqrt(jnp.abs(p[0] * x + jnp.cos(p[1]) - y))

    with computing(precision):
        x, y = jnp.asarray(x), jnp.asarray(y)
        many = jax.jit(value_and_gradient, static_argnums=0)(example, places, (x, y))
        few = jax.jit(value_and_gradient, static_argnums=0)(example, places[:, :16], (x, y))
    np.testing.assert_array_equal(np.asarray(few[0]), np.asarray(many[0])[:16])
    np.testing.assert_array_equal(np.asarray(few[1]), np.asarray(many[1])[:, :16])
