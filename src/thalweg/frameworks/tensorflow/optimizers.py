"""What our optimisers are called in TensorFlow 1, whose classes TensorFlow 2 still has."""

from __future__ import annotations

from collections.abc import Mapping

from thalweg.frameworks.common.optimizers import Counterpart

VERSION_1: Mapping[str, Counterpart] = {
    "sgd": Counterpart("GradientDescentOptimizer"),
    "adam": Counterpart("AdamOptimizer", {"b1": "beta1", "b2": "beta2", "eps": "epsilon"}),
    "adadelta": Counterpart("AdadeltaOptimizer", {"rho": "rho", "eps": "epsilon"}),
    "rmsprop": Counterpart(
        "RMSPropOptimizer", {"decay": "decay", "momentum": "momentum", "eps": "epsilon", "centered": "centered"}
    ),
}

UPDATE: Mapping[str, Counterpart] = {"sgd": Counterpart("hand-written update")}
"""What is written by hand: plain gradient descent."""
