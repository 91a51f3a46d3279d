"""The same facts by the same names in every room."""

from functools import partial

import numpy as np
import pytest

from thalweg.frameworks.common.facts import name_of, of_framework, of_network


def squared(outputs, targets):
    return ((outputs - targets) ** 2).mean()


class Squared:
    def __call__(self, outputs, targets):
        return squared(outputs, targets)


@pytest.mark.parametrize(
    ("loss", "name"),
    [(squared, "squared"), (partial(squared, targets=0), "squared"), (Squared(), "Squared"), ("mse", "mse")],
)
def test_a_loss_is_named(loss, name):
    assert name_of(loss) == name


def test_facts_are_those_of_a_plain_function_unless_something_differs():
    framework = of_framework("jax", backend="own")
    facts = of_network(framework, np.ones(3, np.float32), device="cpu", loss="mse", examples=7, mode="training")
    assert facts == {
        "framework": "jax",
        "framework_version": framework["framework_version"],
        "backend": "own",
        "device": "cpu",
        "mode": "training",
        "statistics": "none",
        "loss": "mse",
        "examples": 7,
        "precision": 32,
        "parameters": 3,
    }
