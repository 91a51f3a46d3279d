"""What our optimisers are called in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

from thalweg.frameworks.common.optimizers import Counterpart

BETAS = {"betas": ("b1", "b2")}
EPS = {"eps": "eps"}
DECAY = {"weight_decay": "weight_decay"}

# PyTorch's momentum of NAdam rises to b1 by a rule of its own (momentum_decay), which optax's does not have.
TABLE: Mapping[str, Counterpart] = {
    "sgd": Counterpart("SGD", {"momentum": "momentum", "nesterov": "nesterov"}),
    "adam": Counterpart("Adam", EPS, BETAS),
    "adamw": Counterpart("AdamW", EPS | DECAY, BETAS),
    "amsgrad": Counterpart(
        "Adam", EPS, BETAS, {"amsgrad": True}, {"bias_correction_mu": True, "bias_correction_nu": True}
    ),
    "nadam": Counterpart("NAdam", EPS, BETAS, only={"nesterov": True}),
    "nadamw": Counterpart("NAdam", EPS | DECAY, BETAS, {"decoupled_weight_decay": True}, {"nesterov": True}),
    "radam": Counterpart("RAdam", EPS, BETAS, only={"threshold": 5.0}),
    "adamax": Counterpart("Adamax", EPS, BETAS),
    "adadelta": Counterpart("Adadelta", EPS | {"rho": "rho"}),
    "adagrad": Counterpart("Adagrad", EPS | {"initial_accumulator_value": "initial_accumulator_value"}),
    "rmsprop": Counterpart("RMSprop", EPS | {"decay": "alpha", "momentum": "momentum", "centered": "centered"}),
    "rprop": Counterpart(
        "Rprop",
        tuples={"etas": ("eta_minus", "eta_plus"), "step_sizes": ("min_step_size", "max_step_size")},
    ),
}
