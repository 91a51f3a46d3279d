import jax
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.descent import driver

OPTIMIZERS = {
    "sgd": optax.sgd(0.05),
    "momentum": optax.sgd(0.02, momentum=0.9),
    "adam": optax.adam(0.05),
    "schedule": optax.sgd(optax.exponential_decay(0.05, 10, 0.7)),
    "clipped": optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.05)),
}


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(noise=0.05), tw.losses.fourth_root())


@pytest.fixture(scope="module")
def starts():
    return np.linspace(-1.4, 1.3, 37)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_is_the_same_alone_and_among_others(objective, starts, name):
    together = tw.descend(objective, OPTIMIZERS[name], starts=starts, steps=30)
    for k in (0, 17, 36):
        alone = tw.descend(objective, OPTIMIZERS[name], starts=starts[k], steps=30)
        for variable in ("params", "train_loss", "test_loss", "grad_norm"):
            np.testing.assert_array_equal(alone[variable].values[0], together[variable].values[k])


@pytest.mark.parametrize("precision", [32, 64])
def test_a_descent_is_one_program_and_a_survey_one_for_training_and_one_for_test_data(objective, precision):
    compiled = []

    def listen(event, seconds, **more):
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(more.get("fun_name"))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        # Of a number of steps and of points that nothing else here has.
        tw.descend(objective, optax.sgd(0.05), steps=23, precision=precision)
        assert len(compiled) == 1, compiled
        tw.survey(objective, points=1234, precision=precision)
        assert len(compiled) == 3, compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def test_batches_change_no_number(objective, starts, monkeypatch):
    whole = tw.descend(objective, OPTIMIZERS["sgd"], starts=starts, steps=30, precision=32)
    monkeypatch.setattr(driver, "NUMBERS", 16)
    parts = tw.descend(objective, OPTIMIZERS["sgd"], starts=starts, steps=30, precision=32)
    assert whole.equals(parts)


def test_order_changes_no_number(objective, starts):
    forth = tw.descend(objective, OPTIMIZERS["adam"], starts=starts, steps=30)
    back = tw.descend(objective, OPTIMIZERS["adam"], starts=starts[::-1], steps=30)
    np.testing.assert_array_equal(forth["params"].values, back["params"].values[::-1])


def test_a_second_call_of_the_same_shape_compiles_nothing():
    traces = []

    def counted(p, x, y):
        traces.append(1)
        return p[0] * x - y

    columns = {"x": np.arange(5.0), "y": np.arange(5.0)}
    problem = tw.problems.regression(counted, columns, tw.problems.Axis("k", -3, 3))
    objective, optimizer = tw.objective(problem, tw.losses.quadratic()), optax.sgd(0.01)
    tw.descend(objective, optimizer, starts=2.0, steps=5)
    once = len(traces)
    tw.descend(objective, optimizer, starts=-1.0, steps=5)
    assert once > 0
    assert len(traces) == once


def test_schedules_are_followed():
    axis = tw.problems.Axis("x", -9, 9)
    slope = tw.objective(tw.problems.function(lambda p: p[0], axis, start=[0.0]))
    runs = tw.descend(slope, optax.sgd(optax.exponential_decay(1.0, 1, 0.5)), steps=5)
    # The gradient is 1 everywhere, so step k goes down by 2^-k, exact in binary.
    np.testing.assert_array_equal(np.diff(runs["params"].values[0, :, 0]), [-1, -0.5, -0.25, -0.125, -0.0625])


def test_schedules_have_the_precision_of_the_run():
    axis = tw.problems.Axis("x", -9, 9)
    slope = tw.objective(tw.problems.function(lambda p: p[0], axis, start=[0.0]))
    runs = tw.descend(slope, optax.sgd(optax.exponential_decay(0.1, 1, 0.5)), steps=3)
    # 0.1 in 32 bits is off by 1.5e-9.
    np.testing.assert_allclose(runs["params"].values[0, :, 0], [0, -0.1, -0.15, -0.175], rtol=1e-15)


def test_a_diverged_run_is_reported_and_leaves_its_neighbours_alone():
    axis = tw.problems.Axis("x", -6, 6)
    quartic = tw.objective(tw.problems.function(lambda p: p[0] ** 4, axis))
    starts = [0.5, 5.0, -0.25]
    runs = tw.descend(quartic, optax.sgd(0.1), starts=starts, steps=40)
    alone = tw.descend(quartic, optax.sgd(0.1), starts=[0.5, -0.25], steps=40)
    assert runs["status"].values.tolist() == [tw.Status.MAX_STEPS, tw.Status.DIVERGED, tw.Status.MAX_STEPS]
    last = int(runs["last_step"][1])
    assert 0 < last < 20
    bad = runs.isel(run=1)
    assert np.isfinite(bad["params"].values[: last + 1]).all()
    assert np.isnan(bad["params"].values[last + 1 :]).all()
    assert np.isnan(bad["train_loss"].values[last + 1 :]).all()
    np.testing.assert_array_equal(runs["params"].values[[0, 2]], alone["params"].values)


def test_the_global_setting_of_jax_is_left_alone(objective):
    before = jax.config.jax_enable_x64
    runs = tw.descend(objective, optax.sgd(0.05), steps=3)
    assert runs["params"].dtype == np.float64
    assert jax.config.jax_enable_x64 == before
    assert jax.numpy.ones(1).dtype == np.float32


def test_line_searches_see_the_objective():
    objective = tw.objective(tw.problems.rosenbrock())
    runs = tw.descend(objective, optax.lbfgs(), starts=[-1.2, 1.0], steps=60)
    np.testing.assert_allclose(runs["params"].values[0, -1], [1, 1], atol=1e-7)


@pytest.mark.parametrize("dtype", [32, 64])
def test_precision_is_of_every_number(objective, dtype):
    runs = tw.descend(objective, optax.adam(0.01), steps=2, precision=dtype)
    for name in ("params", "train_loss", "test_loss", "grad_norm"):
        assert runs[name].dtype == f"float{dtype}"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"steps": 0}, "steps = 0 is not allowed; give a whole number of at least 1"),
        ({"starts": [[1.0, 2.0]]}, r"starts have the shape \(1, 2\); give one start, or a list of them, of 1 number"),
        ({"starts": float("nan")}, "a start is .nan.; give finite numbers"),
        ({"starts": []}, r"starts have the shape \(0,\)"),
        ({"starts": "here"}, "starts = 'here' holds texts; give one start, or a list of them, of 1 number"),
        ({"precision": 16}, "precision = 16 is not allowed; give 32 or 64"),
        ({"steps": 10**9}, "more than the 4 GB that are held in memory at once; take fewer runs or steps"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(objective, settings, text):
    with pytest.raises(InvalidValue, match=text):
        tw.descend(objective, optax.sgd(0.1), **settings)


def test_a_minibatch_larger_than_the_data_is_refused(objective):
    with pytest.raises(InvalidValue, match="minibatch size = 671 is more than the 670 training examples; give at most"):
        tw.descend(objective, tw.Descent(optax.sgd(0.1), minibatch=tw.Minibatch(671)))


def test_something_that_is_no_optimizer_is_refused(objective):
    with pytest.raises(
        InvalidValue,
        match="optimizer = 0.05 is not allowed; give a GradientTransformation of optax, a MultiSteps of optax, an Optimizer or a Descent",
    ):
        tw.descend(objective, 0.05)
