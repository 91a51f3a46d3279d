import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent import optimizers


def bowl():
    axes = [tw.problems.Axis("x", -4, 4), tw.problems.Axis("y", -4, 4)]
    return tw.objective(tw.problems.function(lambda p: (p[0] - 1) ** 2 + 3 * (p[1] + 2) ** 2, axes, start=[-1.0, 1.5]))


def settings(kind: str) -> dict:
    return {"kind": kind} if kind == "lbfgs" else {"kind": kind, "learning_rate": 0.02}


FEW = {"sgd", "rprop", "lars"}
"""Those that descend in the quick suite, too; test_against_others.py follows every one step by step."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in FEW else pytest.mark.long) for kind in optimizers.CATALOGUE]
)
def test_every_optimizer_descends_a_bowl(kind):
    optimizer, resolved = optimizers.from_settings(settings(kind), 2)
    assert resolved["kind"] == kind
    loss = tw.descend(bowl(), optimizer, steps=30)["train_loss"].values[0]
    assert np.isfinite(loss).all()
    assert loss[-1] < loss[0]


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_a_named_optimizer_is_optaxs(kind):
    ours = tw.descend(bowl(), optimizers.from_settings(settings(kind), 2)[0], steps=10)
    theirs = tw.descend(bowl(), getattr(optax, kind)(0.02), steps=10)
    np.testing.assert_array_equal(ours["params"].values, theirs["params"].values)


def test_clipping_bounds_the_step():
    optimizer, _ = optimizers.from_settings({"kind": "sgd", "learning_rate": 0.5, "clip": 0.25}, 2)
    runs = tw.descend(bowl(), optimizer, steps=5)
    steps = np.linalg.norm(np.diff(runs["params"].values[0], axis=0), axis=-1)
    assert runs["grad_norm"].values[0, 0] > 1
    assert steps[0] == pytest.approx(0.125, rel=1e-12)
    assert (steps <= 0.125 * (1 + 1e-12)).all()


def test_a_schedule_is_given_as_a_table():
    schedule = {"kind": "exponential_decay", "init_value": 0.1, "transition_steps": 1, "decay_rate": 0.5}
    ours, resolved = optimizers.from_settings({"kind": "sgd", "learning_rate": schedule}, 2)
    assert resolved["learning_rate"]["staircase"] is False
    theirs = optax.sgd(optax.exponential_decay(0.1, 1, 0.5))
    np.testing.assert_array_equal(
        tw.descend(bowl(), ours, steps=6)["params"].values, tw.descend(bowl(), theirs, steps=6)["params"].values
    )


@pytest.mark.parametrize(
    ("table", "error", "text"),
    [
        ({"kind": "sgd", "learning_rate": -0.1}, InvalidValue, "optimizer.learning_rate = -0.1 is not allowed"),
        ({"kind": "sgd", "learning_rate": 0.1, "nesterov": 1}, InvalidValue, "optimizer.nesterov = 1 is not allowed"),
        ({"kind": "adam", "learning_rate": 0.1, "mask": True}, UnknownName, r"unknown key in \[optimizer\] 'mask'"),
        ({"kind": "sgd", "learning_rate": {"kind": "cosine"}}, UnknownName, "unknown schedule 'cosine'; did you mean"),
        (
            {
                "kind": "sgd",
                "learning_rate": {
                    "kind": "warmup_cosine_decay_schedule",
                    **{"init_value": 0, "peak_value": 0.1, "warmup_steps": 9, "decay_steps": 5},
                },
            },
            InvalidValue,
            r"\[optimizer.learning_rate\] is refused by optax: .*; mend its values",
        ),
    ],
)
def test_bad_settings_are_refused_in_one_line(table, error, text):
    with pytest.raises(error, match=text) as caught:
        optimizers.from_settings(table, 2)
    assert "\n" not in str(caught.value)


def test_an_optimizer_finds_its_rate_by_the_search_that_it_carries():
    searching = optax.chain(optax.sgd(0.1), optax.scale_by_zoom_linesearch(max_linesearch_steps=5))
    assert optimizers.finds_rate(tw.Optimizer(optax.lbfgs))
    assert optimizers.finds_rate(optax.lbfgs())
    assert optimizers.finds_rate(searching)
    assert [name for name, maker in optimizers.CATALOGUE.items() if optimizers.finds_rate(tw.Optimizer(maker))] == [
        "lbfgs"
    ]
