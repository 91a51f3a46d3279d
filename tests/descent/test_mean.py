import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.precision import computing
from thalweg.descent.mean import BLOCK, value_and_gradient


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_every_example_counts_however_many_the_last_block_has(count):
    x = np.arange(1.0, count + 1)
    with computing(64):
        loss, slope = value_and_gradient(lambda p, x: p[0] * x, jnp.full((1, 16), 2.0), (jnp.asarray(x),))
    # Sums of small whole numbers are exact, and one quotient is rounded once.
    np.testing.assert_array_equal(np.asarray(loss), 2 * x.mean())
    np.testing.assert_array_equal(np.asarray(slope), x.mean())
