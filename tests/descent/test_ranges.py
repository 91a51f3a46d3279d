"""Settings outside the range in which a method is defined are refused, wherever they are given."""

from functools import partial

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.descent.optimizer import recipe_of
from thalweg.descent.optimizers import CATALOGUE, SCHEDULES, from_settings, keywords
from thalweg.descent.ranges import RANGES

OUTSIDE = {
    "learning_rate": (-0.05, 0, "above 0"),
    "momentum": (1.5, 1, "of at least 0 and below 1"),
    "b1": (-0.1, 1, "of at least 0 and below 1"),
    "b2": (1.0, 2, "of at least 0 and below 1"),
    "b3": (1.0, -1, "of at least 0 and below 1"),
    "decay": (1.0, 1.5, "of at least 0 and below 1"),
    "rho": (1.01, -0.5, "of at least 0 and below 1"),
    "eps": (-1e-8, -1, "of at least 0"),
    "eps_root": (-1e-8, -1, "of at least 0"),
    "weight_decay": (-1e-4, -1, "of at least 0"),
    "clip": (0.0, -1, "above 0"),
    "eta_minus": (0.0, 1.0, "above 0 and below 1"),
    "eta_plus": (0.99, -1, "of at least 1"),
    "threshold": (3.9, 0, "of at least 4"),
    "memory_size": (0, -3, "of at least 1"),
}


def takes(name):
    return [maker for maker in CATALOGUE.values() if name == "clip" or name in keywords(maker)]


def with_rate(maker, **settings):
    return tw.Optimizer(maker, **({"learning_rate": 0.1} | settings))


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_number_outside_is_refused_by_every_maker_that_takes_it(name):
    assert takes(name)
    *values, allowed = OUTSIDE[name]
    for maker in takes(name):
        for value in values:
            with pytest.raises(InvalidValue, match=f"{name} = {value} is not allowed; give a finite number {allowed}"):
                recipe_of(with_rate(maker, **{name: value}))


@pytest.mark.parametrize("name", [name for name in OUTSIDE if name != "memory_size"])
def test_of_an_array_the_first_bad_number_is_named(name):
    bad, _, allowed = OUTSIDE[name]
    good = {"learning_rate": 0.1, "clip": 1.0, "eta_plus": 1.2, "threshold": 5.0}.get(name, 0.5)
    with pytest.raises(InvalidValue, match=rf"{name}\[2\] = {float(bad)!r} is not allowed; .* {allowed}"):
        recipe_of(with_rate(takes(name)[0], **{name: np.array([good, good, bad, bad])}))


def test_all_defaults_of_optax_are_inside():
    for maker in (*CATALOGUE.values(), *SCHEDULES.values()):
        for name, default in keywords(maker).items():
            if isinstance(default, int | float) and not isinstance(default, bool):
                assert name in RANGES, name
                recipe_of(tw.Optimizer(maker, **{name: default}))


@pytest.mark.parametrize(
    "made",
    [
        optax.sgd(0.05, momentum=1.5),
        optax.adam(0.05, b1=1.0),
        optax.chain(optax.clip_by_global_norm(1.0), optax.lion(0.1, b2=-0.5)),
        optax.rmsprop(0.1, eps=-1e-3),
    ],
)
def test_what_optax_has_made_is_looked_into(made):
    with pytest.raises(InvalidValue, match=r"(decay|b1|b2|eps) of the optimizer = \S+ is not allowed"):
        tw.Descent(made)


def test_what_optax_makes_of_allowed_settings_is_allowed():
    rate = optax.warmup_cosine_decay_schedule(0.0, 0.1, 10, 100)
    for maker in CATALOGUE.values():
        tw.Descent(maker(learning_rate=0.1))
    tw.Descent(optax.chain(optax.clip_by_block_rms(1.0), optax.adam(rate)))
    tw.Descent(tw.Optimizer(optax.sgd, learning_rate=rate, momentum=0.0))
    tw.Descent(tw.Optimizer(optax.sgd, learning_rate=100.0, momentum=None))


def test_makers_of_ones_own_are_not_judged_but_for_what_is_ours():
    def mine(momentum, learning_rate):
        return optax.sgd(learning_rate * (momentum - 1))

    assert recipe_of(tw.Optimizer(mine, momentum=1.5, learning_rate=-0.1))[0].fixed[0] == ("momentum", 1.5)
    with pytest.raises(InvalidValue, match="clip = -1 is not allowed"):
        recipe_of(tw.Optimizer(mine, momentum=1.5, learning_rate=0.1, clip=-1))
    with pytest.raises(InvalidValue, match="momentum = 1.5 is not allowed"):
        recipe_of(tw.Optimizer(partial(optax.sgd, 0.1), momentum=1.5))


FILES = [
    ({"kind": "sgd", "learning_rate": 0.1, "momentum": 1.5}, "optimizer.momentum = 1.5 is not allowed; .* below 1"),
    ({"kind": "adam", "learning_rate": 0.1, "b2": 1}, "optimizer.b2 = 1 is not allowed; .* below 1"),
    ({"kind": "adam", "learning_rate": 0.1, "eps": -1.0}, "optimizer.eps = -1.0 is not allowed"),
    ({"kind": "rmsprop", "learning_rate": 0.1, "decay": 1.2}, "optimizer.decay = 1.2 is not allowed; .* below 1"),
    (
        {
            "kind": "sgd",
            "learning_rate": {"kind": "linear_schedule", "init_value": -1, "end_value": 0, "transition_steps": 5},
        },
        "optimizer.learning_rate.init_value = -1 is not allowed; give a finite number of at least 0",
    ),
]


@pytest.mark.parametrize(("table", "words"), FILES)
def test_an_experiment_file_has_the_same_ranges(table, words):
    with pytest.raises(InvalidValue, match=words):
        from_settings(table, 1)


def test_a_map_over_a_setting_is_refused_at_its_first_bad_pixel():
    objective = tw.objective(tw.problems.function(lambda p: p[0] ** 2, tw.problems.Axis("x", -5, 5)))
    valleys = tw.find_valleys(objective, tw.survey(objective, points=21), refine=False)
    descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.01), steps=5)
    along = tw.Range("x", -5, 5, 4), tw.Range("momentum", 0, 1.5, 6)
    with pytest.raises(
        InvalidValue, match=r"momentum\[4\] = 1.125 is not allowed; give a finite number of at least 0 and"
    ):
        tw.outcome_map(objective, descent, valleys, along=along)
