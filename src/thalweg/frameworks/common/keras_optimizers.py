"""What our optimisers are called in Keras, and how they are made; those of TensorFlow are the same classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.frameworks.common.optimizers import Chosen, Counterpart

MOMENTS = {"beta_1": "b1", "beta_2": "b2"}
EPS = {"epsilon": "eps"}
DECAY = {"weight_decay": "weight_decay"}

# The momentum of Keras' Nadam rises to b1 by a rule of its own, which optax's does not have.
TABLE: Mapping[str, Counterpart] = {
    "sgd": Counterpart("SGD", {"momentum": "momentum", "nesterov": "nesterov"}),
    "adam": Counterpart("Adam", MOMENTS | EPS),
    "adamw": Counterpart("AdamW", MOMENTS | EPS | DECAY),
    "amsgrad": Counterpart(
        "Adam", MOMENTS | EPS, {"amsgrad": True}, {"bias_correction_mu": True, "bias_correction_nu": True}
    ),
    "nadam": Counterpart("Nadam", MOMENTS | EPS, only={"nesterov": True}),
    "nadamw": Counterpart("Nadam", MOMENTS | EPS | DECAY, only={"nesterov": True}),
    "adamax": Counterpart("Adamax", MOMENTS | EPS),
    "adamaxw": Counterpart("Adamax", MOMENTS | EPS | DECAY),
    "adadelta": Counterpart("Adadelta", EPS | {"rho": "rho"}),
    "adagrad": Counterpart("Adagrad", EPS | {"initial_accumulator_value": "initial_accumulator_value"}),
    "rmsprop": Counterpart("RMSprop", EPS | {"rho": "decay", "momentum": "momentum", "centered": "centered"}),
    "lion": Counterpart("Lion", MOMENTS | DECAY),
    "lamb": Counterpart("Lamb", MOMENTS | EPS),
}


@contextmanager
def floats(keras: Any, precision: int) -> Iterator[None]:
    """Let Keras compute in 32 or 64 bits inside this block."""
    before = keras.config.floatx()
    keras.config.set_floatx(f"float{precision}")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def arguments(chosen: Chosen, settings: dict[str, Any], precision: int) -> dict[str, Any]:
    """Put together what an optimiser of Keras' is made with.

    Of a Python number Keras makes 32 bits, whatever the variables have: 0.9 would be another number in 64-bit runs.
    Only rho it multiplies as it is, which keeps all digits of a Python number and fails with one of NumPy's.
    """
    given = {"learning_rate": float(chosen.rates[0]), "global_clipnorm": chosen.clip, **settings}
    if precision == 32:
        return given
    return {
        name: np.float64(value) if isinstance(value, float) and name != "rho" else value
        for name, value in given.items()
    }
