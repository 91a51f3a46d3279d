"""Every problem and every loss, written in every framework: the numbers are ours, the derivatives the framework's."""

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.formula import formula
from thalweg.losses import CATALOGUE
from thalweg.problems.closed_form import SURFACES

STARS = Path(tw.problems.__file__).parent / "data" / "stars-cyg.csv"
# Where a loss takes settings, each way in which it is computed.
SETTINGS = {
    "fourth_root": [{}, {"smoothing": 0.1}],
    "root": [{"n": 3}, {"n": 8}],
    "power": [{"p": 3}, {"p": 1.7}, {"p": 1.7, "smoothing": 0.1}],
    "barron": [{"alpha": alpha} for alpha in (2, 1, 0, -2, -np.inf, np.inf, 0.5, -1.0, 3.0)],
}
LOSSES = [CATALOGUE[name](**settings) for name in CATALOGUE for settings in SETTINGS.get(name, [{}])]
PROBLEMS = [
    tw.problems.pencil(noise=0.05),
    tw.problems.pencil(noise=0.05, residual="orthogonal"),
    tw.problems.line(),
    tw.problems.table(STARS, "log_temperature", "log_light"),
]


def everything(x):
    """Use every operation that can be translated, on a vector of three."""
    matrix = jnp.reshape(jnp.concatenate([x, x * 2, jnp.arange(3.0) + x]), (3, 3))
    mixed = jnp.einsum("ij,kj->ik", matrix, matrix.T) @ jnp.array([1.0, -2.0, 0.5])
    inside = jnp.tanh(mixed / 10) * 0.9
    waves = jnp.arcsin(inside) + jnp.arccos(inside) * jnp.arctanh(inside) + jnp.arcsinh(mixed) + jnp.arccosh(2 + x**2)
    folded = jnp.clip(jnp.mod(mixed, 0.7), 0.1, 0.6) + jnp.floor(mixed) + jnp.ceil(x) + jnp.round(mixed)
    grown = jnp.sinh(inside) + jnp.cosh(inside) + jnp.exp2(inside) + jnp.cbrt(mixed) + jax.lax.rsqrt(1 + x**2)
    soft = jax.nn.sigmoid(mixed) + jax.scipy.special.erf(x) + jnp.arctan2(x, mixed) + jnp.arctan(x) + x**-3
    chosen = jnp.where(jnp.isfinite(mixed) & ~(mixed > 1) ^ (x >= 0.5), soft, grown)
    kept = jnp.where((x <= 0) | (x < -1), 0, jnp.sum(matrix, axis=0)) + matrix[::2, 1:2].sum() + jnp.where(x != 0, 1, 2)
    ends = jnp.max(waves) + jnp.min(folded) + jnp.sum(jax.lax.clamp(-1.0, x, 0.6))
    return ends + jnp.prod(chosen) + jnp.sum(kept.astype(int).astype(x.dtype)) + kept.sum()


@jax.custom_vjp
def doubled(x):
    return jnp.sum(x * x)


doubled.defvjp(lambda x: (doubled(x), x), lambda x, g: (100 * g * x,))


def surface(function, parameters=3):
    axes = [tw.problems.Axis(f"x{k}", -3, 3) for k in range(parameters)]
    return tw.objective(tw.problems.function(function, axes, start=(0.7, -1.3, 0.4)[:parameters]))


def catalogue(problems, losses):
    """Objectives by name."""
    return {f"{p.name} {p.distance} {k}": tw.objective(p, loss) for p in problems for k, loss in enumerate(losses)}


@cache
def written(objectives):
    """Formulas by name, each with a point, and our loss and gradient there."""
    return {name: (taken(objective), *ours(objective)) for name, objective in OBJECTIVES[objectives]().items()}


OBJECTIVES = {
    "losses": lambda: catalogue(PROBLEMS[:1], LOSSES),
    "problems": lambda: catalogue(PROBLEMS[1:], LOSSES[:3]),
    "surfaces": lambda: {name: tw.objective(make()) for name, make in SURFACES.items()},
    "everything": lambda: {"everything": surface(everything)},
    "all pairs": lambda: catalogue(PROBLEMS[1:], LOSSES[3:]),
}


def taken(objective, precision=64):
    return formula(objective.example, len(objective.problem.domain), objective.train, precision)


def point_of(objective):
    # A little off the usual start, which for some problems is a point of symmetry.
    return np.array(objective.problem.start) + 0.123


def ours(objective):
    columns = objective.train

    def mean(point):
        if not columns:
            return objective.example(point)
        return jnp.mean(jax.vmap(objective.example, (None, *(0 for _ in columns)))(point, *columns))

    point, evaluated = point_of(objective), jax.value_and_grad(mean)
    if not columns:  # compiled as one, for means share most of their operations, and these do not
        evaluated = jax.jit(evaluated)
    with computing(64):
        loss, gradient = evaluated(point)
        return point, float(loss), np.asarray(gradient)


def in_jax(formula, point):
    with computing(formula.precision):
        terms = formula.written(None)
        loss, gradient = jax.jit(jax.value_and_grad(lambda p: jnp.mean(terms(p, *formula.columns))))(point)
        return float(loss), np.asarray(gradient)


def in_torch(formula, point):
    torch = FRAMEWORKS["torch"].load()
    terms = formula.written(import_module("thalweg.frameworks.torch.descend").DIALECT)
    point = torch.tensor(point, requires_grad=True)
    loss = terms(point, *map(torch.tensor, formula.columns)).mean()
    loss.backward()
    return loss.item(), point.grad.numpy()


def in_tensorflow(formula, point, room="tensorflow"):
    tf = FRAMEWORKS["tensorflow"].load()
    terms = formula.written(import_module(f"thalweg.frameworks.{room}.descend").DIALECT)
    point = tf.constant(point)
    with tf.GradientTape() as tape:
        tape.watch(point)
        loss = tf.reduce_mean(terms(point, *map(tf.constant, formula.columns)))
    return float(loss), tape.gradient(loss, point).numpy()


def in_keras(formula, point):
    return in_tensorflow(formula, point, "keras")


WAYS = {"jax": in_jax, "torch": in_torch, "tensorflow": in_tensorflow, "keras": in_keras}


def test_every_framework_is_among_those_tried_here():
    assert set(WAYS) == set(FRAMEWORKS)


@pytest.mark.parametrize(
    ("way", "objectives"),
    # JAX compiles anew for each objective, and translates nothing.
    [
        pytest.param(way, k, marks=pytest.mark.long if k == "all pairs" or (way == "jax" and k != "problems") else ())
        for way in WAYS
        for k in OBJECTIVES
    ],
)
def test_losses_and_gradients_are_ours_to_rounding(way, objectives):
    for name, (given, point, loss, gradient) in written(objectives).items():
        found, slope = WAYS[way](given, point)
        # A mean of 670 terms in another order, and functions that are right to an ulp or two; the terms of some
        # surfaces are a thousand times their sum. Measured: 2e-13 at most.
        assert found == pytest.approx(loss, rel=1e-12), name
        np.testing.assert_allclose(slope, gradient, rtol=0, atol=1e-12 * np.abs(gradient).max(), err_msg=name)


@pytest.mark.parametrize("way", WAYS)
def test_a_framework_differentiates_the_plain_formula(way):
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    # At angle 0 the residuals of one line are exactly zero: Thalweg takes the slope 0 there, a framework inf * 0.
    loss, gradient = WAYS[way](taken(objective), np.zeros(1))
    assert np.isfinite(loss)
    assert np.isnan(gradient).all()
    # A rule that comes with a function, here a wrong one, is not followed.
    _, gradient = WAYS[way](taken(surface(doubled)), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(gradient, [2.0, 4.0, 6.0])


@pytest.mark.parametrize("way", WAYS)
def test_32_bits_stay_32_bits(way):
    objective = tw.objective(PROBLEMS[2], tw.losses.cauchy())
    _, gradient = WAYS[way](taken(objective, 32), point_of(objective).astype(np.float32))
    assert gradient.dtype == np.float32


def test_what_cannot_be_translated_is_named_in_one_line():
    dialect = import_module("thalweg.frameworks.torch.descend").DIALECT
    with pytest.raises(
        InvalidValue, match=r"^the objective uses JAX's sort, which Thalweg cannot write in PyTorch; write"
    ):
        taken(surface(lambda p: jnp.sort(p)[0])).written(dialect)
    with pytest.raises(InvalidValue, match=r"^the objective does not depend on its parameters; give one that does$"):
        taken(surface(lambda p: jnp.ones(()) * 3)).written(dialect)


def test_a_checkpointed_function_is_written_as_what_it_computes():
    """Regression: what ``jax.checkpoint`` wraps was refused as an operation called remat2."""
    plain, wrapped = (taken(surface(f)) for f in (everything, jax.checkpoint(everything)))
    point = np.array([0.7, -1.3, 0.4])
    for one, other in zip(in_torch(plain, point), in_torch(wrapped, point), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_depends_on_nothing_is_computed_once():
    evaluated = []

    def counting(dialect):
        return replace(
            dialect, elementwise={**dialect.elementwise, "sin": lambda x: evaluated.append(x) or torch.sin(x)}
        )

    torch = FRAMEWORKS["torch"].load()
    dialect = import_module("thalweg.frameworks.torch.descend").DIALECT
    terms = taken(surface(lambda p: p[0] * jnp.sum(jnp.sin(jnp.arange(5.0))))).written(counting(dialect))
    for _ in range(3):
        # The sum of five sines to rounding.
        assert terms(torch.tensor([2.0, 0.0, 0.0])).item() == pytest.approx(2 * np.sin(np.arange(5)).sum(), rel=1e-6)
    assert len(evaluated) == 1
