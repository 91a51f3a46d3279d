"""The published experiment and the straight line before it, descended in every framework's own way."""

import os
import random
import subprocess
import sys

import jax
import keras
import numpy as np
import optax
import pytest
import torch

import thalweg as tw
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.descent import Descent
from thalweg.frameworks.descent import MANNERS, descend

PENCIL = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
LINE = tw.objective(tw.problems.line(), tw.losses.quadratic())
SGD = tw.Optimizer(optax.sgd, learning_rate=0.05)

# Keras makes an epoch of every step, in tens of milliseconds each.
HUNDRED = [pytest.param(name, marks=pytest.mark.long if name == "keras" else ()) for name in MANNERS]


def both(objective, framework, rate, steps, **settings):
    """The runs of a framework and of Thalweg's own driver."""
    optimizer, precision = tw.Optimizer(optax.sgd, learning_rate=rate), settings.pop("precision")
    theirs = descend(objective, Descent(optimizer, steps, precision=precision), framework, **settings)
    return theirs, tw.descend(objective, optimizer, steps=steps, precision=precision, **settings)


def apart(theirs, ours, name="params"):
    return np.abs(theirs[name].values.astype(float) - ours[name].values).reshape(theirs.sizes["step"], -1).max(axis=1)


@pytest.mark.parametrize("framework", HUNDRED)
def test_the_published_run_agrees_in_64_bits_over_all_steps(framework):
    theirs, ours = both(PENCIL, framework, 0.05, 100, starts=np.pi / 4, precision=64)
    # The issue asks for 1e-9; measured 2e-13, at the floor of the last steps, where rounding grows a thousandfold.
    assert apart(theirs, ours).max() < 1e-9
    for name in ("train_loss", "test_loss"):
        assert apart(theirs, ours, name).max() < 1e-9
    # On the floor the gradient changes by thousands times the angle, and is of order 1 to 10.
    np.testing.assert_allclose(theirs["grad_norm"], ours["grad_norm"], rtol=1e-6)


@pytest.mark.parametrize("framework", HUNDRED)
def test_the_published_run_agrees_in_32_bits_until_the_floor(framework):
    theirs, ours = both(PENCIL, framework, 0.05, 100, starts=np.pi / 4, precision=32)
    distance, norm = apart(theirs, ours), ours["grad_norm"].values[0].astype(float)
    # Until the floor of the 36° valley, at step 6: a few roundings of 6e-8 a step, in sums of another order.
    assert distance[:7].max() < 5e-7
    # There the gradient changes by 3200 times the angle, and from then on two runs part in proportion to it; see
    # tests/descent/test_published.py. They part at step 7, to 2e-5, and to 2e-4 before the last floor, at step 94.
    assert (distance[7:94] <= 3 * 6e-8 * 3200 * 0.05 * norm[7:94] / norm[7]).all()
    assert distance[7] > 5e-7
    assert theirs["params"].dtype == theirs["train_loss"].dtype == np.float32


@pytest.mark.parametrize("precision", [64, 32])
@pytest.mark.parametrize("framework", MANNERS)
def test_the_straight_line_agrees(framework, precision):
    theirs, ours = both(LINE, framework, 0.1, 10, starts=[5.0, 0.0], precision=precision)
    # Ten steps, each a few roundings of numbers up to 5 in the parameters and up to 20 in the loss.
    ulp = np.finfo(f"f{precision // 8}").eps
    assert apart(theirs, ours).max() < 10 * 5 * ulp
    assert apart(theirs, ours, "train_loss").max() < 10 * 20 * ulp
    assert apart(theirs, ours, "test_loss").max() < 10 * 20 * ulp


@pytest.mark.parametrize("framework", MANNERS)
def test_a_residual_of_exactly_zero_gives_a_framework_no_gradient(framework):
    theirs, ours = both(PENCIL, framework, 0.05, 2, starts=0.0, precision=64)
    assert theirs["last_step"].values == 0  # the start itself is known, and its loss
    assert theirs["train_loss"].values[0, 0] == pytest.approx(ours["train_loss"].values[0, 0], rel=1e-12)
    assert np.isnan(theirs["grad_norm"].values[0, 0])
    assert theirs["status"].values == tw.Status.DIVERGED
    assert ours["last_step"].values == 2


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_adam_parts_at_its_first_step_where_epsilon_is_elsewhere(framework):
    adam = tw.Optimizer(optax.adam, learning_rate=0.05, eps=1e-3)
    theirs = descend(PENCIL, Descent(adam, steps=3), framework)
    distance = apart(theirs, tw.descend(PENCIL, adam, steps=3))
    # Beside the corrected root ε changes the first step by rate * ε / |g|; TensorFlow has it beside the root that is
    # 31.6 times smaller. Where ε is at the same place, rounding alone is left.
    gradient = float(theirs["grad_norm"][0, 0])
    expected = 0.05 * (1e-3 * 1000**0.5 / (gradient + 1e-3 * 1000**0.5) - 1e-3 / (gradient + 1e-3))
    if framework == "tensorflow":
        assert distance[1] == pytest.approx(expected, rel=1e-9)
    else:
        assert distance.max() < 1e-14


def test_several_starts_and_what_is_kept_of_a_run():
    theirs = descend(PENCIL, Descent(SGD, steps=4), "torch", starts=[0.3, 0.9])
    ours = tw.descend(PENCIL, SGD, starts=[0.3, 0.9], steps=4)
    assert theirs.sizes == ours.sizes
    assert set(theirs.data_vars) == set(ours.data_vars)
    # Four steps of a few roundings.
    np.testing.assert_allclose(theirs["params"], ours["params"], rtol=0, atol=1e-13)
    assert theirs.attrs["framework"] == "torch"
    assert theirs.attrs["framework_version"] == torch.__version__
    assert theirs.attrs["idiom"] == "torch.optim.SGD"
    assert theirs.attrs["device"] == "cpu"
    assert theirs.attrs["computed_precision"] == 64
    assert {"problem", "loss", "optimizer", "steps", "precision", "thalweg_version"} <= theirs.attrs.keys()


def test_times_are_of_the_first_step_and_the_median_of_the_others(monkeypatch):
    # Seconds that the five steps of each of two runs take, by a clock that begins anew with each.
    taken = [10.0, 1.0, 2.0, 3.0, 100.0, 20.0, 4.0, 5.0, 6.0, 200.0]
    ticks = iter([tick for seconds in taken for tick in (0.0, seconds)])
    monkeypatch.setattr("thalweg.frameworks.common.trajectory.perf_counter", lambda: next(ticks))
    attrs = descend(LINE, Descent(SGD, steps=4), "torch", starts=[[5.0, 0.0], [4.0, 0.0]]).attrs
    assert (attrs["seconds_first"], attrs["seconds_per_step"]) == (10.0, 4.5)


def test_the_idioms_in_words():
    idioms = {name: descend(LINE, Descent(SGD, steps=1), name).attrs["idiom"] for name in MANNERS}
    assert idioms == {
        "jax": "jax.jit, optax.sgd",
        "torch": "torch.optim.SGD",
        "tensorflow": "GradientTape, tf.keras.optimizers.SGD",
        "tensorflow:update": "GradientTape, hand-written update",
        "tensorflow:v1": "GradientTape, tf.compat.v1.train.GradientDescentOptimizer",
        "keras": "model.fit, keras.optimizers.SGD",
    }


def test_the_derived_quantities_and_a_surface_without_data():
    surface = tw.objective(tw.problems.himmelblau())
    for framework in MANNERS:
        theirs, ours = both(surface, framework, 0.01, 3, precision=64)
        # Three steps of a few roundings of numbers of order 1, in a loss of order 100.
        assert apart(theirs, ours).max() < 1e-13
        assert np.isnan(theirs["test_loss"]).all()


@pytest.mark.parametrize("framework", MANNERS)
def test_nothing_global_is_different_afterwards(framework):
    def seen():
        return {
            "floatx": keras.config.floatx(),
            "policy": keras.config.dtype_policy().name,
            "torch type": torch.get_default_dtype(),
            "torch grad": torch.is_grad_enabled(),
            "torch state": torch.get_rng_state().tolist(),
            "torch threads": torch.get_num_threads(),
            "jax": jax.config.jax_enable_x64,
            "python": random.getstate(),
            "numpy": np.random.get_state()[1].tolist(),
        }

    before = seen()
    for precision in (32, 64):
        descend(LINE, Descent(SGD, steps=1, precision=precision), framework)
    assert seen() == before
    with torch.no_grad():
        descend(LINE, Descent(SGD, steps=1), framework)
        assert not torch.is_grad_enabled()


def test_what_cannot_be_done_is_said_in_one_line():
    with pytest.raises(UnknownName, match=r"^unknown framework 'tensorfow'; did you mean 'tensorflow'\? allowed: jax,"):
        descend(LINE, Descent(SGD), "tensorfow")
    with pytest.raises(
        InvalidValue, match=r"^mini-batches are drawn by Thalweg's own descend only; leave minibatch out$"
    ):
        descend(LINE, Descent(SGD, minibatch=tw.Minibatch(10)), "torch")
    with pytest.raises(InvalidValue, match=r"^learning_rate has 2 values for 1 runs; give one number, or one a run$"):
        descend(LINE, Descent(SGD.replace(learning_rate=[0.1, 0.2])), "torch")


BACKEND = """
import numpy as np, optax, thalweg as tw
from thalweg.frameworks.descent import descend
from thalweg.base.errors import InvalidValue
from thalweg.descent.descent import Descent

objective, sgd = tw.objective(tw.problems.line(), tw.losses.quadratic()), tw.Optimizer(optax.sgd, learning_rate=0.1)
for bits in (32, 64):
    theirs = descend(objective, Descent(sgd, 10, precision=bits), "keras", starts=[5.0, 0.0])
    ours = tw.descend(objective, sgd, steps=10, starts=[5.0, 0.0], precision=bits)
    # Keras computes in 32 bits here whatever is asked for: ten steps of a few roundings of numbers up to 5, or 20.
    for name, size in (("params", 5), ("train_loss", 20), ("test_loss", 20), ("grad_norm", 20)):
        assert np.abs(theirs[name].values - ours[name].values).max() < 10 * size * 1.2e-7, (bits, name)
    assert theirs.attrs["computed_precision"] == 32
    assert theirs["params"].dtype == f"float{bits}"
try:
    descend(objective, Descent(sgd, 1), "tensorflow")
except InvalidValue as error:
    assert "KERAS_BACKEND=tensorflow" in str(error)
else:
    raise AssertionError("TensorFlow has no optimiser classes on this backend")
adam = tw.Optimizer(optax.adam, learning_rate=0.05)
assert np.isfinite(descend(objective, Descent(adam, 3), "keras")["params"]).all()
print(theirs.attrs["backend"])
"""


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_keras_on_another_backend(backend):
    environment = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-W", "error", "-c", BACKEND]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == backend
