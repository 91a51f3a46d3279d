"""Descent as users of TensorFlow write it: a compiled step with ``GradientTape``, called in a loop.

The update is made by an optimiser class; or, in the manner ``update``, written by hand; or, in the manner ``v1``, by
the class that TensorFlow 1 had for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.keras_optimizers import TABLE, arguments, floats
from thalweg.frameworks.common.operations import Dialect, elementwise
from thalweg.frameworks.common.optimizers import Counterpart, NoCounterpart, translate
from thalweg.frameworks.common.tensors import device_of
from thalweg.frameworks.common.trajectory import Job, Log, Prepared, Trajectory

math: Any = tf.math

OWN = {
    **{name: getattr(math, name) for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
    **{"where": tf.where, "pow": math.pow, "is_finite": math.is_finite},
    "exp2": lambda x: math.pow(tf.cast(2, x.dtype), x),
}
"""Operations that are not in ``tf.math`` by NumPy's names."""

DIALECT = Dialect(
    title="TensorFlow",
    namespace=tf,
    elementwise=elementwise(math, **OWN),
    reductions={name: getattr(math, name) for name in ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")},
    constant=tf.constant,
    cast=lambda x, dtype: tf.cast(x, dtype.name),
    transpose=tf.transpose,
    concatenate=tf.concat,
    mean=tf.reduce_mean,
)
"""How TensorFlow writes formulas."""

VERSION_1: Mapping[str, Counterpart] = {
    "sgd": Counterpart("GradientDescentOptimizer"),
    "adam": Counterpart("AdamOptimizer", {"beta1": "b1", "beta2": "b2", "epsilon": "eps"}),
    "adadelta": Counterpart("AdadeltaOptimizer", {"rho": "rho", "epsilon": "eps"}),
    "rmsprop": Counterpart(
        "RMSPropOptimizer", {"decay": "decay", "momentum": "momentum", "epsilon": "eps", "centered": "centered"}
    ),
}
"""What our optimisers are called in TensorFlow 1, whose classes TensorFlow 2 still has."""

UPDATE: Mapping[str, Counterpart] = {"sgd": Counterpart("hand-written update")}
"""What is written by hand: plain gradient descent."""

Update = Callable[[Any, Any], None]
"""Changes the variable that it was made for by a gradient at a learning rate, a tensor."""


def prepare(job: Job, manner: str = "") -> Prepared:
    """Prepare a descent in one of three manners: ``""``, ``"update"`` or ``"v1"``."""
    idiom, make = {"": _by_class, "update": _by_hand, "v1": _by_version_1}[manner](job)

    def run(start: np.ndarray) -> Trajectory:
        with floats(tf.keras, job.precision) if manner == "" else nullcontext():
            variable = tf.Variable(start.astype(job.train.dtype))
            return _loop(job, variable, make(variable))

    return Prepared(idiom, {"device": device_of(tf.constant(0.0))}, run)


def _loop(job: Job, variable: Any, update: Update) -> Trajectory:
    loss_at, clip = job.train.mean(DIALECT), job.chosen.clip

    @tf.function(autograph=False)
    def step(rate: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = loss_at(tf.convert_to_tensor(variable))
        gradient = tape.gradient(loss, variable)
        update(gradient if clip is None else tf.clip_by_global_norm([gradient], clip)[0][0], rate)
        return loss, gradient

    log = Log(job)
    rates = tf.constant(job.chosen.rates, dtype=variable.dtype)
    for rate in rates:
        log.begin(variable.numpy())
        loss, gradient = step(rate)
        log.end(float(loss), gradient.numpy())
    return log.trajectory(job.test_loss(DIALECT))


def _by_class(job: Job) -> tuple[str, Callable[[Any], Update]]:
    """Take the optimiser classes of ``tf.keras``; gradients are clipped before they come here."""
    if tf.keras.config.backend() != "tensorflow":
        raise NoCounterpart(
            f"TensorFlow's optimiser classes are Keras', whose backend is {tf.keras.config.backend()!r} now; set "
            "KERAS_BACKEND=tensorflow, or take the hand-written update, tensorflow:update"
        )
    chosen = job.chosen
    name, settings = translate(chosen, TABLE, "TensorFlow")
    given = arguments(chosen._replace(clip=None), settings, job.precision)

    def make(variable: Any) -> Update:
        optimizer = getattr(tf.keras.optimizers, name)(**given)
        optimizer.build([variable])

        def update(gradient: Any, rate: Any) -> None:
            if chosen.scheduled:
                optimizer.learning_rate.assign(rate)
            optimizer.apply_gradients([(gradient, variable)])

        return update

    return f"GradientTape, tf.keras.optimizers.{name}", make


def _by_hand(job: Job) -> tuple[str, Callable[[Any], Update]]:
    chosen = job.chosen
    if chosen.name not in UPDATE:
        raise NoCounterpart(f"only plain gradient descent is written by hand; take tensorflow for {chosen.name}")
    name, _ = translate(chosen, UPDATE, "TensorFlow")
    return f"GradientTape, {name}", lambda variable: lambda gradient, rate: variable.assign_sub(rate * gradient)


def _by_version_1(job: Job) -> tuple[str, Callable[[Any], Update]]:
    chosen = job.chosen
    name, settings = translate(chosen, VERSION_1, "TensorFlow 1")
    if chosen.scheduled:
        raise NoCounterpart(f"TensorFlow 1's {name} keeps its learning rate; give one number, or take tensorflow")

    def make(variable: Any) -> Update:
        # Of a Python number these classes make 32 bits, whatever the variable has.
        numbers = {
            key: value if isinstance(value, bool) else tf.constant(value, variable.dtype)
            for key, value in settings.items()
        }
        optimizer = getattr(tf.compat.v1.train, name)(tf.constant(chosen.rates[0], variable.dtype), **numbers)
        return lambda gradient, rate: optimizer.apply_gradients([(gradient, variable)])

    return f"GradientTape, tf.compat.v1.train.{name}", make
