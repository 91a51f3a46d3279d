import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.formulation import MOST, Formulation, formulation
from thalweg.descent.optimizers import CATALOGUE, from_settings, varying


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(noise=0.05), tw.losses.fourth_root())


STARTS = [0.3, -0.9, 1.2, 0.7]


@pytest.mark.parametrize(
    ("maker", "name", "values", "more"),
    [
        (optax.sgd, "learning_rate", [0.001, 0.05, 0.2, 0.5], {}),
        (optax.sgd, "momentum", [0.0, 0.5, 0.9, 0.99], {"learning_rate": 0.02}),
        (optax.sgd, "clip", [0.01, 0.1, 1.0, 100.0], {"learning_rate": 0.2}),
        (optax.rmsprop, "decay", [0.5, 0.9, 0.95, 0.99], {"learning_rate": 0.02}),
        (optax.adamw, "weight_decay", [0.0, 0.1, 1.0, 2.0], {"learning_rate": 0.02}),
    ],
)
def test_a_setting_may_differ_from_run_to_run(maker, name, values, more):
    smooth = tw.objective(tw.problems.function(lambda p: jnp.sqrt(1 + p[0] ** 2), tw.problems.Axis("x", -3, 3)))
    together = tw.descend(smooth, tw.Optimizer(maker, **more, **{name: values}), starts=STARTS, steps=25)
    for k, value in enumerate(values):
        alone = tw.descend(smooth, tw.Optimizer(maker, **more, **{name: value}), starts=STARTS[k], steps=25)
        # 1 - decay is rounded after the subtraction or before it: a few roundings of 2e-16, each grown by some steps.
        np.testing.assert_allclose(together["params"].values[k], alone["params"].values[0], rtol=0, atol=1e-12)
    assert len(np.unique(together["params"].values[:, -1])) == 4


def test_a_learning_rate_of_ones_own_is_the_same_to_the_last_bit(objective):
    each = tw.descend(objective, tw.Optimizer(optax.sgd, learning_rate=[0.05] * 4), starts=STARTS, steps=60)
    all_of_them = tw.descend(objective, optax.sgd(0.05), starts=STARTS, steps=60)
    np.testing.assert_array_equal(each["params"].values, all_of_them["params"].values)


def test_an_optimizer_of_ones_own_can_vary_in_everything(objective):
    def mine(rate, bound):
        return optax.chain(optax.clip(bound), optax.scale(-rate))

    runs = tw.descend(objective, tw.Optimizer(mine, rate=[0.1, 0.2], bound=[1e-3, 2e-3]), starts=STARTS[:2], steps=4)
    np.testing.assert_allclose(np.abs(np.diff(runs["params"].values[..., 0])), [[1e-4] * 4, [4e-4] * 4], rtol=1e-9)


def test_other_values_of_a_varying_setting_compile_nothing():
    traces = []

    def counted(p, x, y):
        traces.append(1)
        return p[0] * x - y

    columns = {"x": np.arange(5.0), "y": np.arange(5.0)}
    objective = tw.objective(
        tw.problems.regression(counted, columns, tw.problems.Axis("k", -3, 3)), tw.losses.quadratic()
    )
    for rate in (0.01, 0.02):
        tw.descend(objective, tw.Optimizer(optax.sgd, learning_rate=[rate]), starts=2.0, steps=5)
        once = len(traces) if rate == 0.01 else once
    assert len(traces) == once > 0


def test_equal_experiments_share_one_program():
    traces = []

    def counting(learning_rate):
        traces.append(1)
        return optax.sgd(learning_rate)

    def descend():
        traces.clear()
        objective = tw.objective(tw.problems.pencil(points=13), tw.losses.power(0.7))
        tw.descend(objective, tw.Optimizer(counting, learning_rate=0.01), steps=4)
        return len(traces)

    assert descend() > descend() == 0


def test_equal_schedules_share_one_program():
    table = {"kind": "exponential_decay", "init_value": 0.1, "transition_steps": 3, "decay_rate": 0.5}
    one, other = (from_settings({"kind": "sgd", "learning_rate": table}, 1)[0] for _ in range(2))
    assert one.settings["learning_rate"] == other.settings["learning_rate"]
    assert hash(one.settings["learning_rate"]) == hash(other.settings["learning_rate"])


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_number_of_every_named_optimizer_can_vary(kind):
    bowl = tw.objective(tw.problems.function(lambda p: (p[0] - 1) ** 2, tw.problems.Axis("x", -4, 4)))
    settings = {"kind": kind} if kind == "lbfgs" else {"kind": kind, "learning_rate": 0.02}
    optimizer, resolved = from_settings(settings, 1)
    for name in varying(optimizer):
        value = resolved.get(name, 0.5)
        several = optimizer.replace(**{name: [value, value]})
        if (kind, name) in {("lbfgs", "memory_size"), ("lbfgs", "learning_rate")}:
            continue
        tw.Descent(several, steps=3).check(bowl, 2)


def test_what_optax_cannot_vary_is_refused_in_one_line(objective):
    with pytest.raises(InvalidValue, match="memory_size cannot differ from run to run; give one value for all"):
        tw.descend(objective, tw.Optimizer(optax.lbfgs, memory_size=[5, 6]), starts=[0.1, 0.2])
    with pytest.raises(InvalidValue, match="learning_rate has the shape .2, 1.; give one finite number, or one a run"):
        tw.descend(objective, tw.Optimizer(optax.sgd, learning_rate=[[0.1], [0.2]]))
    with pytest.raises(InvalidValue, match="learning_rate has the shape .1,. and is not finite everywhere"):
        tw.descend(objective, tw.Optimizer(optax.sgd, learning_rate=[np.nan]))
    with pytest.raises(InvalidValue, match="learning_rate = .'quick'. holds texts; give one number, or a list of them"):
        tw.descend(objective, tw.Optimizer(optax.sgd, learning_rate=["quick"]))
    with pytest.raises(UnknownName, match="unknown setting of sgd 'momentun'; did you mean 'momentum'"):
        tw.Optimizer(optax.sgd, learning_rate=0.1, momentun=3)


@pytest.mark.parametrize("optimizer", [optax.lbfgs(), tw.Optimizer(optax.lbfgs, clip=1.0)])
def test_line_searches_in_32_bits_are_refused(objective, optimizer):
    text = "line searches, such as lbfgs, may never end in 32 bits; give precision = 64 and no shadows"
    with pytest.raises(InvalidValue, match=text):
        tw.descend(objective, optimizer, precision=32)
    with pytest.raises(InvalidValue, match=text):
        tw.outcomes(objective, tw.Descent(optimizer, shadows=True), tw.find_valleys(objective))
    assert np.isfinite(tw.descend(objective, optimizer, steps=3)["train_loss"]).all()


def test_how_it_is_computed_is_chosen_by_rule_and_can_be_asked(objective):
    assert formulation(objective) is Formulation.BLOCKS
    assert formulation(tw.objective(tw.problems.booth())) is Formulation.CLOSED
    assert formulation(wide(MOST + 1)) is Formulation.WHOLE
    assert formulation(wide(MOST)) is Formulation.BLOCKS
    assert "one run after the other" in Formulation.WHOLE.description
    assert tw.descend(objective, optax.sgd(0.1), steps=1).attrs["formulation"] == "blocks"


def wide(parameters):
    """A sum of cosines with many parameters."""
    x = np.linspace(-1, 1, 37)
    axes = [tw.problems.Axis(f"a{k}", -1, 1) for k in range(parameters)]

    def residual(p, x, y):
        return jnp.dot(p, jnp.cos(jnp.arange(parameters) * x)) - y

    problem = tw.problems.regression(residual, {"x": x, "y": np.sin(3 * x) + 0.2 * x}, axes)
    return tw.objective(problem, tw.losses.quadratic())


@pytest.mark.parametrize(
    "minibatch",
    [None, pytest.param(tw.Minibatch(9, seed=2), marks=pytest.mark.long), tw.Minibatch([9, 4, 37], seed=2)],
)
def test_all_formulations_are_one_descent(monkeypatch, minibatch):
    starts = tw.starts.uniform(wide(23).problem, 3)
    blocks = tw.descend(wide(23), tw.Descent(optax.adam(0.01), 12, minibatch), starts=starts)
    monkeypatch.setattr("thalweg.descent.formulation.MOST", 22)
    objective = wide(23)  # another one, for which nothing is compiled yet
    whole = tw.descend(objective, tw.Descent(optax.adam(0.01), 12, minibatch), starts=starts)
    assert (blocks.attrs["formulation"], whole.attrs["formulation"]) == ("blocks", "whole")
    # The same sums in another order.
    np.testing.assert_allclose(whole["params"].values, blocks["params"].values, rtol=0, atol=1e-12)
    if minibatch is not None:
        descent = tw.Descent(optax.adam(0.01), 12, tw.Minibatch(9, seed=2))
        alone = tw.descend(objective, descent, starts=starts[:1])
        np.testing.assert_array_equal(whole["params"].values[0], alone["params"].values[0])
