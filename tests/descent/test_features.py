import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.precision import computing
from thalweg.descent.features import apart
from thalweg.descent.mean import value_and_gradient

X, Y = np.random.default_rng(5).normal(size=(2, 37))


def waves(p, x, y):
    return sum(p[k] * jnp.cos((k + 1) * x) for k in range(4)) - jnp.exp(y) * p[1]


def vector(p, x, y):
    return jnp.dot(p, jnp.cos(jnp.arange(4) * x)) - y


def plain(p, x, y):
    return jnp.tan(p[0]) * x - y


@pytest.mark.parametrize(("residual", "shapes"), [(waves, [()] * 5), (vector, [(), (4,)]), (plain, [(), ()])])
def test_features_and_the_rest_are_the_function(residual, shapes):
    loss = tw.losses.fourth_root(smoothing=0.1)

    def example(p, x, y):
        return loss(residual(p, x, y))

    with computing(64):
        columns = (jnp.asarray(X), jnp.asarray(Y))
        late, features = apart(example, 4, columns)
        assert sorted(feature.shape[1:] for feature in features) == sorted(shapes)
        params = jnp.asarray(np.random.default_rng(1).normal(size=(4, 16)))
        compiled = jax.jit(value_and_gradient, static_argnums=0)
        for one, other in zip(compiled(late, params, features), compiled(example, params, columns), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)  # cosines of vectors and of scalars


def test_a_function_without_features_stays_what_it_is():
    columns = (jnp.asarray(X), jnp.asarray(Y))
    assert apart(plain, 1, columns) == (plain, columns)
    assert apart(plain, 1, ()) == (plain, ())


def test_features_are_not_computed_again_at_every_step():
    axes = [tw.problems.Axis(f"a{k}", -1, 1) for k in range(4)]
    objective = tw.objective(tw.problems.regression(waves, {"x": X, "y": Y}, axes), tw.losses.quadratic())
    late, features = apart(objective.example, 4, tuple(map(jnp.asarray, objective.train)))
    text = str(jax.make_jaxpr(late)(jnp.zeros(4), *(feature[0] for feature in features)))
    assert "cos" in str(jax.make_jaxpr(objective.example)(jnp.zeros(4), 0.0, 0.0))
    assert "cos" not in text
    assert "exp" not in text


def test_mini_batches_draw_features(monkeypatch):
    axes = [tw.problems.Axis(f"a{k}", -1, 1) for k in range(4)]
    descent = tw.Descent(optax.adam(0.05), 9, tw.Minibatch(5, seed=1))

    def descend():
        def residual(p, x, y):  # of its own, so that nothing is compiled for it yet
            return vector(p, x, y)

        objective = tw.objective(tw.problems.regression(residual, {"x": X, "y": Y}, axes), tw.losses.quadratic())
        return tw.descend(objective, descent, starts=np.eye(4)[:3])["params"].values

    with_features, asked = descend(), []
    monkeypatch.setattr(
        "thalweg.descent.driver.apart",
        lambda example, count, columns: (asked.append(1), (example, columns))[1],
    )
    without = descend()
    assert asked
    np.testing.assert_allclose(with_features, without, rtol=0, atol=1e-13)
