"""Units of an optimiser: the same runs as on parameters that were given these units."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue

SCALES = (100.0, 0.01)


def hill(p):
    return jnp.log(1 + (p[0] - 1) ** 2 + 3 * (p[1] + p[0]) ** 2)


def axes(scales):
    return [tw.problems.Axis(name, -2 * s, 2 * s) for name, s in zip("xy", scales, strict=True)]


@pytest.mark.parametrize(
    ("maker", "settings"),
    [
        (optax.sgd, {"learning_rate": 0.1, "momentum": 0.9, "clip": 0.5}),
        (optax.adam, {"learning_rate": 0.05}),
        (optax.adamw, {"learning_rate": 0.05, "weight_decay": 0.1}),
        pytest.param(optax.lbfgs, {}, marks=pytest.mark.long),
        (lambda: optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(15)), {}),
    ],
)
def test_runs_in_units_are_runs_on_parameters_of_these_units(maker, settings):
    plain = tw.objective(tw.problems.function(hill, axes((1, 1))))
    stretched = tw.objective(
        tw.problems.function(lambda p: hill(jnp.stack([p[0] / SCALES[0], p[1] / SCALES[1]])), axes(SCALES))
    )
    start = np.array([-1.5, 0.7])
    want = tw.descend(plain, tw.Optimizer(maker, **settings), starts=start, steps=60)
    optimizer = tw.Optimizer(maker, **settings, scales=SCALES)
    found = tw.descend(stretched, optimizer, starts=start * SCALES, steps=60)
    np.testing.assert_allclose(found["params"].values / SCALES, want["params"].values, rtol=1e-9, atol=1e-12)
    assert np.ptp(want["params"].values[0, :, 0]) > 0.5
    if maker is optax.lbfgs or not settings:  # a search finds its way without them too
        return
    # Without them the same settings lead elsewhere.
    other = tw.descend(stretched, tw.Optimizer(maker, **settings), starts=start * SCALES, steps=60)
    assert np.abs(other["params"].values / SCALES - want["params"].values).max() > 0.1


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        ((1.0, -1.0), "are not all above 0; give how large a unit of each parameter is"),
        (2.0, "scales has the shape"),
        ((1.0, 2.0, 3.0), "the optimizer is refused by optax"),
    ],
)
def test_units_that_are_none_are_refused(scales, message):
    objective = tw.objective(tw.problems.himmelblau())
    with pytest.raises(InvalidValue, match=message):
        tw.descend(objective, tw.Optimizer(optax.sgd, learning_rate=0.1, scales=scales), steps=2)
