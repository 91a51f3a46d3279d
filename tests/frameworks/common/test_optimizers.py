"""Optimisers in other frameworks: the settings arrive, and with a vanishing ε the methods are the ones that we have."""

import inspect

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.descent.descent import Descent
from thalweg.descent.optimizers import CATALOGUE
from thalweg.frameworks.common.keras_optimizers import TABLE as KERAS
from thalweg.frameworks.common.optimizers import NoCounterpart
from thalweg.frameworks.descent import descend
from thalweg.frameworks.tensorflow.descend import VERSION_1
from thalweg.frameworks.torch.descend import TABLE as TORCH

OBJECTIVE = tw.objective(tw.problems.himmelblau())
START = [-0.5, -1.0]
# TensorFlow's optimiser classes are Keras', so they are tried there, where a run takes milliseconds.
TABLES = {"torch": TORCH, "tensorflow": KERAS, "tensorflow:v1": VERSION_1}
EVERYWHERE = [(framework, name) for framework, table in TABLES.items() for name in table]

# None of these is a default, so that a setting that does not arrive shows.
SETTINGS = {
    "b1": 0.8,
    "b2": 0.95,
    "eps": 1e-14,
    "rho": 0.8,
    "decay": 0.8,
    "momentum": 0.6,
    "initial_accumulator_value": 0.5,
    "weight_decay": 0.3,
    "eta_minus": 0.4,
    "eta_plus": 1.1,
    "min_step_size": 0.004,
    "max_step_size": 0.6,
}
OTHER = {"b1": 0.7, "b2": 0.9, "eps": 3.0, "rho": 0.7, "decay": 0.9, "momentum": 0.3, "initial_accumulator_value": 5.0}
OTHER |= {"weight_decay": 0.1, "eta_minus": 0.6, "eta_plus": 1.3, "min_step_size": 0.2, "max_step_size": 0.4}
OTHER |= {"centered": True, "nesterov": True}

# By their own rules: the momentum of NAdam rises, the maximum of AMSGrad is corrected afterwards, optax's Rprop is a
# step late, the squares of TensorFlow 1's RMSProp begin at 1.
OWN = [(framework, name) for framework in TABLES for name in ("nadam", "nadamw", "amsgrad", "rprop")]
OWN += [("tensorflow:v1", "rmsprop")]

# Large enough steps to cross a valley: what these do depends on their settings only where a gradient falls or turns.
RATES = {"adamax": 0.3, "adamaxw": 1.0, "lion": 1.0, "rprop": 0.3}


def optimizer(name, **changes):
    """An optimiser of the catalogue with settings of ours, as far as it takes them."""
    known = inspect.signature(CATALOGUE[name]).parameters
    settings = {key: value for key, value in SETTINGS.items() if key in known}
    if name == "lamb":  # Keras' decays outside its trust ratio
        settings["weight_decay"] = 0.0
    if name == "adadelta":  # PyTorch's decay is part of the gradient
        settings |= {"weight_decay": 0.0, "eps": 1e-3}
    return tw.Optimizer(CATALOGUE[name], **{"learning_rate": RATES.get(name, 0.01), **settings, **changes})


def run(framework, optimizer, **settings):
    descent = Descent(optimizer, steps=12, **settings)
    return descend(OBJECTIVE, descent, framework, starts=START)["params"].values[0]


def carried(framework, name):
    names = TABLES[framework][name].names.values()
    return [one for ours in names for one in ((ours,) if isinstance(ours, str) else ours)]


def possible(framework, name):
    """Plain where TensorFlow 1 has no such setting."""
    return {"momentum": None} if framework == "tensorflow:v1" and name == "sgd" else {}


@pytest.mark.parametrize(("framework", "name"), [pair for pair in EVERYWHERE if pair not in OWN])
def test_it_is_the_method_that_we_have(framework, name):
    changes = possible(framework, name)
    ours = tw.descend(OBJECTIVE, optimizer(name, **changes), starts=START, steps=12)["params"].values[0]
    assert np.ptp(ours, axis=0).min() > 1e-3, "every parameter must move"
    # Numbers of order 10, a dozen steps of a few roundings each (2e-15), on a surface that doubles a difference a step
    # at most; ε = 1e-14 beside gradients of order 10 is less than that.
    np.testing.assert_allclose(run(framework, optimizer(name, **changes)), ours, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("framework", "name"), EVERYWHERE)
def test_every_setting_arrives(framework, name):
    base = run(framework, optimizer(name, **possible(framework, name)))
    for setting in carried(framework, name):
        changed = run(framework, optimizer(name, **possible(framework, name), **{setting: OTHER[setting]}))
        # Far above rounding (1e-15): the changes are large.
        assert np.abs(changed - base).max() > 1e-6, setting


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "tensorflow:update", "keras"])
def test_schedules_and_clipping(framework):
    rates = optax.exponential_decay(0.02, transition_steps=4, decay_rate=0.5)
    plain = tw.Optimizer(optax.sgd, learning_rate=rates, clip=3.0)
    expected, norms = [np.array(START)], []
    for step in range(12):
        x, y = expected[-1]
        first, second = x * x + y - 11, x + y * y - 7
        gradient = np.array([4 * x * first + 2 * second, 2 * first + 4 * y * second])
        norms.append(np.linalg.norm(gradient))
        gradient *= min(1, 3 / norms[-1])
        expected.append(expected[-1] - 0.02 * 0.5 ** (step / 4) * gradient)
    # Twelve steps of at most 0.06 each; PyTorch adds 1e-6 to the norm (of at least 3) before it divides.
    allowed = 12 * 0.06 * 1e-6 / 3 * 4 if framework == "torch" else 1e-12
    runs = descend(OBJECTIVE, Descent(plain, steps=12), framework, starts=START)
    np.testing.assert_allclose(runs["params"].values[0], expected, rtol=0, atol=allowed)
    # Before they are clipped; second derivatives are 100 at most.
    assert max(norms) > 3
    np.testing.assert_allclose(runs["grad_norm"].values[0, :-1], norms, rtol=0, atol=100 * allowed)


def test_settings_that_differ_from_run_to_run():
    several = tw.Optimizer(optax.sgd, learning_rate=np.array([0.01, 0.002]), momentum=0.5)
    runs = descend(OBJECTIVE, Descent(several, steps=5), "torch", starts=[START, START])
    ours = tw.descend(OBJECTIVE, several, starts=[START, START], steps=5)
    # A few roundings of numbers of order 1.
    np.testing.assert_allclose(runs["params"], ours["params"], rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("framework", "given", "message"),
    [
        (
            "torch",
            optax.sgd(0.1),
            "an optimiser given as an object does not tell its settings; give thalweg.Optimizer(",
        ),
        (
            "torch",
            tw.Optimizer(optax.lion, learning_rate=0.1),
            "PyTorch has no counterpart of lion; leave this framework",
        ),
        ("torch", tw.Optimizer(optax.lbfgs), "lbfgs without a learning rate has no counterpart elsewhere; give it a"),
        (
            "torch",
            tw.Optimizer(optax.lbfgs, learning_rate=1.0),
            "PyTorch has no counterpart of lbfgs; leave this frame",
        ),
        (
            "torch",
            tw.Optimizer(optax.adafactor, learning_rate=0.1),
            "adafactor(learning_rate=0.1) is known to optax only",
        ),
        (
            "torch",
            tw.Optimizer(optax.rmsprop, learning_rate=0.1, initial_scale=0.5),
            "RMSprop of PyTorch has no setting for initial_scale = 0.5; give initial_scale = 0, or leave this framework",
        ),
        (
            "torch",
            tw.Optimizer(optax.radam, learning_rate=0.1, threshold=4.0),
            "RAdam of PyTorch has no setting for thr",
        ),
        ("tensorflow", tw.Optimizer(optax.adam, learning_rate=0.1, nesterov=True), "Adam of TensorFlow has no setting"),
        ("tensorflow:update", tw.Optimizer(optax.adam, learning_rate=0.1), "only plain gradient descent is written by"),
        (
            "tensorflow:update",
            tw.Optimizer(optax.sgd, learning_rate=0.1, momentum=0.9),
            "hand-written update of TensorFlow has no setting for momentum = 0.9; give momentum = 0",
        ),
        (
            "tensorflow:v1",
            tw.Optimizer(optax.sgd, learning_rate=optax.constant_schedule(0.1)),
            "TensorFlow 1's GradientDescentOptimizer keeps its learning rate; give one number",
        ),
    ],
)
def test_what_has_no_counterpart_is_said_in_one_line(framework, given, message):
    with pytest.raises(NoCounterpart) as caught:
        run(framework, given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
