"""Optimisers in words, also those that are given as objects of optax's."""

import optax
import pytest

import thalweg as tw
from thalweg.descent.described import OPAQUE, described
from thalweg.descent.optimizers import CATALOGUE, from_settings

COSINE = optax.cosine_decay_schedule(0.3, 2000)

CASES = [
    (optax.sgd(0.05), "sgd(learning_rate=0.05)"),
    (optax.sgd(0.05, momentum=0.9), "sgd(learning_rate=0.05, momentum=0.9)"),
    (optax.sgd(0.05, momentum=0.9, nesterov=True), "sgd(learning_rate=0.05, momentum=0.9, nesterov=True)"),
    (optax.adam(0.01, b1=0.5), "adam(learning_rate=0.01, b1=0.5)"),
    (optax.adam(0.01, b2=0.99), "adam(learning_rate=0.01, b2=0.99)"),
    (optax.rprop(0.2), "rprop(learning_rate=0.2)"),
    (optax.lbfgs(0.5, memory_size=3), "lbfgs(learning_rate=0.5, memory_size=3)"),
    (optax.sgd(COSINE), "sgd(learning_rate=cosine_decay_schedule(init_value=0.3, decay_steps=2000))"),
    (
        optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.3, momentum=0.5)),
        "clip_by_global_norm(max_norm=1), sgd(learning_rate=0.3, momentum=0.5)",
    ),
    (optax.scale_by_adam(b1=0.8), "scale_by_adam(b1=0.8, b2=0.999, eps=1e-08, eps_root=0, nesterov=False)"),
    (optax.GradientTransformation(len, len), OPAQUE),
    (tw.Optimizer(optax.sgd, learning_rate=0.05, momentum=0.9), "sgd(learning_rate=0.05, momentum=0.9)"),
    (tw.Optimizer(optax.sgd, learning_rate=[0.1, 0.2], clip=1.0), "sgd(learning_rate=0.1…0.2, clip=1)"),
    (tw.Optimizer(optax.nadam, learning_rate=0.05), "adam(learning_rate=0.05, nesterov=True)"),
]


@pytest.mark.parametrize(("optimizer", "text"), CASES, ids=lambda part: part if isinstance(part, str) else "")
def test_an_optimiser_is_described_as_it_is_called(optimizer, text):
    assert described(optimizer) == text


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in ("lamb", "fromage", "nadam", "nadamw")])
def test_what_is_made_by_the_catalogue_is_recognised_with_its_rate(name):
    assert described(CATALOGUE[name](0.1)) == f"{name}(learning_rate=0.1)"


@pytest.mark.parametrize("name", ["lamb", "fromage"])
def test_what_is_not_recognised_is_described_by_its_links(name):
    assert "scale_by_trust_ratio(" in described(CATALOGUE[name](0.1))


def test_a_schedule_of_an_experiment_file_is_written_as_it_is_called():
    rate = {"kind": "exponential_decay", "init_value": 0.05, "transition_steps": 10, "decay_rate": 0.8}
    made, _ = from_settings({"kind": "sgd", "learning_rate": rate}, 1)
    schedule = "exponential_decay(init_value=0.05, transition_steps=10, decay_rate=0.8)"
    assert described(made) == f"sgd(learning_rate={schedule})"
