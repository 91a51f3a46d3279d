"""What our optimisers are called in Keras."""

from __future__ import annotations

from collections.abc import Mapping

from thalweg.frameworks.optimizers import Counterpart

MOMENTS = {"b1": "beta_1", "b2": "beta_2"}
EPS = {"eps": "epsilon"}
DECAY = {"weight_decay": "weight_decay"}

# The momentum of Keras' Nadam rises to b1 by a rule of its own, which optax's does not have.
TABLE: Mapping[str, Counterpart] = {
    "sgd": Counterpart("SGD", {"momentum": "momentum", "nesterov": "nesterov"}),
    "adam": Counterpart("Adam", MOMENTS | EPS),
    "adamw": Counterpart("AdamW", MOMENTS | EPS | DECAY),
    "amsgrad": Counterpart(
        "Adam",
        MOMENTS | EPS,
        fixed={"amsgrad": True},
        only={"bias_correction_mu": True, "bias_correction_nu": True},
    ),
    "nadam": Counterpart("Nadam", MOMENTS | EPS, only={"nesterov": True}),
    "nadamw": Counterpart("Nadam", MOMENTS | EPS | DECAY, only={"nesterov": True}),
    "adamax": Counterpart("Adamax", MOMENTS | EPS),
    "adamaxw": Counterpart("Adamax", MOMENTS | EPS | DECAY),
    "adadelta": Counterpart("Adadelta", EPS | {"rho": "rho"}),
    "adagrad": Counterpart("Adagrad", EPS | {"initial_accumulator_value": "initial_accumulator_value"}),
    "rmsprop": Counterpart("RMSprop", EPS | {"decay": "rho", "momentum": "momentum", "centered": "centered"}),
    "lion": Counterpart("Lion", MOMENTS | DECAY),
    "lamb": Counterpart("Lamb", MOMENTS | EPS),
}
