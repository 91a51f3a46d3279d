"""Causes are found by test: each variant of each rule is recognised in a run that follows it, and no other is."""

import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw
from tests.descent import plain
from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.comparison.causes import Parted, computed_in, explain, explain_nonfinite, match, rule_of
from thalweg.frameworks.comparison.rules import RULES, Trait
from thalweg.frameworks.comparison.variants import ASPECTS, variants

START = np.array([0.7, -1.3])

OPTIMIZERS = {
    "sgd": tw.Optimizer(optax.sgd, learning_rate=0.01, momentum=0.9, nesterov=True),
    "sgd, falling rate": tw.Optimizer(optax.sgd, learning_rate=optax.exponential_decay(0.01, 10, 0.5), momentum=0.9),
    "adam": tw.Optimizer(optax.adam, learning_rate=0.05),
    "adamw": tw.Optimizer(optax.adamw, learning_rate=0.05, weight_decay=0.01),
    "amsgrad": tw.Optimizer(optax.amsgrad, learning_rate=0.05),
    "nadam": tw.Optimizer(optax.nadam, learning_rate=0.05),
    "nadamw": tw.Optimizer(optax.nadamw, learning_rate=0.05, weight_decay=0.01),
    "adamax": tw.Optimizer(optax.adamax, learning_rate=0.05),
    "rmsprop": tw.Optimizer(optax.rmsprop, learning_rate=0.05),
    "rmsprop, centred": tw.Optimizer(optax.rmsprop, learning_rate=0.01, centered=True, initial_scale=0.5),
    "rmsprop, momentum": tw.Optimizer(optax.rmsprop, learning_rate=0.01, momentum=0.5),
    "rmsprop, corrected": tw.Optimizer(optax.rmsprop, learning_rate=0.05, bias_correction=True),
    "adagrad": tw.Optimizer(optax.adagrad, learning_rate=0.05),
    "adadelta": tw.Optimizer(optax.adadelta, learning_rate=1.0, weight_decay=0.01),
    "radam": tw.Optimizer(optax.radam, learning_rate=0.05),
    "rprop": tw.Optimizer(optax.rprop, learning_rate=0.01),
    "lion": tw.Optimizer(optax.lion, learning_rate=0.01, weight_decay=0.1),
}


@pytest.fixture(scope="module")
def hills():
    return tw.objective(tw.problems.himmelblau())


def hills_gradient(p):
    x, y = p[..., 0], p[..., 1]
    one, two = x**2 + y - 11, x + y**2 - 7
    return np.stack([4 * x * one + 2 * two, 2 * one + 4 * y * two], axis=-1)


def recorded(points) -> xr.Dataset:
    return xr.Dataset({"params": (("step", "param"), np.asarray(points))})


def walked(rule, steps=25, gradient=hills_gradient, dtype=np.float64):
    """Follow a rule from the start, step by step in a precision."""
    next(rule)
    points = [START.astype(dtype)]
    for _ in range(steps):
        p = points[-1]
        points.append((p + rule.send((gradient(p), p))).astype(dtype))
    return recorded(points)


def ruled(optimizer, ways, **more):
    kind, chosen = rule_of(optimizer, 400, 64)
    return walked(RULES[kind](chosen.settings | {"rate": lambda k: chosen.rates[k]}, ways), **more)


def every(optimizer):
    kind, chosen = rule_of(optimizer, 400, 64)
    return variants(kind, chosen.settings, scheduled=chosen.scheduled)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_variant_is_recognised_and_no_other(hills, name):
    optimizer = OPTIMIZERS[name]
    for ways in every(optimizer):
        assert match(hills, optimizer, ruled(optimizer, ways), 64).followed == [ways]


def test_every_rule_is_tried():
    assert {name.partition(",")[0] for name in OPTIMIZERS} == set(RULES) == set(ASPECTS)


FEW = {"sgd", "adam", "adamw", "rmsprop", "adadelta", "rprop"}
"""Those that our own driver follows in the quick suite, too: it compiles anew for each."""


@pytest.mark.parametrize("name", [pytest.param(k, marks=[] if k in FEW else pytest.mark.long) for k in OPTIMIZERS])
def test_our_own_driver_follows_the_first_variant(hills, name):
    optimizer = OPTIMIZERS[name]
    runs = tw.descend(hills, optimizer, starts=START, steps=25)
    first = every(optimizer)[0]
    if name == "adadelta":  # optax takes the decay as a part of the gradient
        first = (Trait.EPS_IN, Trait.COUPLED)
    assert match(hills, optimizer, runs.isel(run=0), 64).followed == [first]


PLAIN = {
    "amsgrad": (lambda p: plain.amsgrad(p, 0.05, 0.9, 0.999, 1e-8, False), (Trait.BESIDE, Trait.BOTH, Trait.OF_PLAIN)),
    "nadam": (lambda p: plain.nadam(p, 0.05, 0.9, 0.999, 1e-8, False), (Trait.BESIDE, Trait.DOZAT)),
    "rmsprop": (
        lambda p: plain.rmsprop(p, lambda k: 0.05, 0.9, 1e-8),
        (Trait.EPS_OUT, Trait.OWN_START, Trait.NOT_CENTRED),
    ),
    "adagrad": (lambda p: plain.adagrad(p, 0.05, 0.0, 1e-7, True), (Trait.EPS_IN, Trait.ZERO)),
    "radam": (lambda p: plain.radam(p, 0.05, 0.9, 0.999, 1e-8, False), (Trait.UNCORRECTED,)),
    "rprop": (lambda p: plain.rprop(p, 0.01, False), (Trait.AT_ONCE,)),
    "lion": (lambda p: plain.lion(p, 0.01, 0.9, 0.99, 0.1), (Trait.TIMES_RATE,)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_loops_written_after_the_papers_are_recognised(hills, name):
    method, ways = PLAIN[name]
    points = plain.follow(method, hills_gradient, START[None], 25)[0]
    assert match(hills, OPTIMIZERS[name], recorded(points), 64).followed == [ways]


def of_torch(make, steps=25):
    torch = FRAMEWORKS["torch"].load()
    place = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer, points = make(torch.optim, [place]), []
    for _ in range(steps + 1):
        points.append(place.detach().numpy().copy())
        place.grad = torch.tensor(hills_gradient(points[-1]))
        optimizer.step()
    return recorded(points)


TORCH = {
    "sgd": (lambda o, p: o.SGD(p, 0.01, momentum=0.9, nesterov=True), (Trait.AHEAD, Trait.WHOLE), ()),
    "adam": (lambda o, p: o.Adam(p, 0.05), (Trait.BESIDE, Trait.BOTH), ()),
    "adamw": (lambda o, p: o.AdamW(p, 0.05, weight_decay=0.01), (Trait.BESIDE, Trait.BOTH, Trait.TIMES_RATE), ()),
    "nadam": (lambda o, p: o.NAdam(p, 0.05), (Trait.BESIDE, Trait.DOZAT), ("the product of the momenta",)),
    "adamax": (lambda o, p: o.Adamax(p, 0.05), (Trait.EPS_IN_MAX,), ()),
}


@pytest.mark.parametrize("name", TORCH)
def test_pytorch_is_recognised(hills, name):
    make, ways, rounded = TORCH[name]
    found = match(hills, OPTIMIZERS[name], of_torch(make), 64).met
    assert [(one.variant, one.rounded) for one in found] == [(ways, rounded)]


def test_weight_decay_in_the_gradient_is_told_from_that_beside_it(hills):
    run = of_torch(lambda o, p: o.Adam(p, 0.05, weight_decay=0.01))
    assert match(hills, OPTIMIZERS["adamw"], run, 64).followed == [(Trait.BESIDE, Trait.BOTH, Trait.COUPLED)]


def of_keras(steps=25):
    keras = FRAMEWORKS["keras"].load()
    before = keras.config.floatx()
    keras.config.set_floatx("float64")  # else Keras keeps the learning rate in 32 bits too
    try:
        place = keras.Variable(START, dtype="float64")
        optimizer, points = keras.optimizers.Adam(0.05, epsilon=1e-8), []
        optimizer.build([place])
        for _ in range(steps + 1):
            points.append(keras.ops.convert_to_tensor(place).numpy().copy())
            optimizer.apply([keras.ops.convert_to_tensor(hills_gradient(points[-1]), dtype="float64")])
    finally:
        keras.config.set_floatx(before)
    return recorded(points)


@pytest.mark.long
def test_keras_adds_eps_elsewhere_and_rounds_its_corrections(hills):
    (found,) = match(hills, OPTIMIZERS["adam"], of_keras(), 64).met
    assert found.variant == (Trait.UNCORRECTED, Trait.BOTH)
    assert found.rounded == ("b1 and b2 of the bias correction",)


def cause(hills, optimizer, run, precision=64, parts=1):
    own = match(hills, optimizer, tw.descend(hills, optimizer, starts=START, steps=25).isel(run=0), 64)
    return explain("Theirs", match(hills, optimizer, run, precision), own, Parted(parts, 1), precision)


def test_the_difference_of_adam_is_explained_and_placed_at_its_first_step(hills):
    found = cause(hills, OPTIMIZERS["adam"], ruled(OPTIMIZERS["adam"], (Trait.UNCORRECTED, Trait.BOTH)))
    assert found.words == "ε beside the uncorrected root"
    assert found.sentence == (
        "Theirs: ε beside the uncorrected root. The reference: ε beside the corrected root. First seen at step 1."
    )
    assert found.step == 1


def test_an_unknown_rule_is_called_unknown(hills):
    run = walked(RULES["lion"]({"rate": lambda k: 0.05, "b1": 0.9, "b2": 0.99}, ()))
    found = cause(hills, OPTIMIZERS["adam"], run)
    assert found == ("not known", "Theirs: cause not known; no known variant of the update rule follows its run.", 1)
    found = cause(hills, tw.Optimizer(optax.yogi, learning_rate=0.05), run)
    assert found.sentence == "Theirs: cause not known; its rule is not among those known."
    assert match(hills, optax.adam(0.05), run, 64).tried == ()


def test_a_run_that_computes_in_32_bits_is_found_out(hills):
    single = walked(
        RULES["adam"](
            rule_of(OPTIMIZERS["adam"], 400, 64)[1].settings | {"rate": lambda k: 0.05}, ("", Trait.BOTH, Trait.BESIDE)
        ),
        dtype=np.float32,
    )
    widened = recorded(single["params"].values.astype(np.float64))
    assert cause(hills, OPTIMIZERS["adam"], widened).sentence == "Theirs: computes in 32 bits, where 64 were asked for."


def test_gradients_in_32_bits_are_found_out(hills):
    def gradient(p):
        return hills_gradient(p).astype(np.float32).astype(np.float64)

    run = ruled(OPTIMIZERS["sgd"], (Trait.AHEAD, Trait.WHOLE), gradient=gradient)
    assert cause(hills, OPTIMIZERS["sgd"], run).words == "a part of the update is in 32 bits"


def test_equal_runs_and_rounding_need_no_cause(hills):
    optimizer = OPTIMIZERS["sgd"]
    own = match(hills, optimizer, ruled(optimizer, (Trait.AHEAD, Trait.WHOLE)), 64)
    assert explain("Theirs", own, own, Parted(-1, -1), 64).words == "none: equal to the bit"
    found = explain("Theirs", own, own, Parted(-1, 3, amplified=True), 64)
    assert found == ("rounding", "Theirs: differs from step 3 on, by rounding, which the run amplifies.", 3)
    assert explain("Theirs", own, own, Parted(-1, 3), 64).sentence == "Theirs: differs from step 3 on, by rounding."
    assert explain("Theirs", own, own, Parted(9, 3), 64).words == "rounding, amplified"


def test_in_32_bits_a_run_does_not_tell_where_eps_is(hills):
    optimizer = OPTIMIZERS["adam"]
    run = tw.descend(hills, optimizer, starts=START, steps=25, precision=32).isel(run=0)
    own = match(hills, optimizer, run, 32)
    assert {(Trait.BESIDE, Trait.BOTH), (Trait.UNCORRECTED, Trait.BOTH)} <= set(own.followed)
    assert (Trait.UNCORRECTED, Trait.NEITHER) not in own.followed
    told = explain("Theirs", own, own, Parted(-1, 3), 32).sentence
    assert told.endswith("Its run does not tell ε beside the corrected root from ε beside the uncorrected root.")


def test_in_32_bits_the_powers_of_the_bias_correction_may_be_rounded_otherwise(hills):
    """TensorFlow's Adam in 32 bits was told to follow no rule at all."""
    kind, chosen = rule_of(OPTIMIZERS["adam"], 400, 32)
    # One unit in the last place of b2 is 1e-4 of 1 - b2.
    settings = chosen.settings | {"rate": lambda k: 0.05, "b2_power": float(np.nextafter(np.float32(0.999), 1))}
    own = (Trait.BESIDE, Trait.BOTH)
    run = walked(RULES[kind](settings, own), dtype=np.float32)
    found = match(hills, OPTIMIZERS["adam"], run, 32)
    assert own in found.followed
    assert (Trait.UNCORRECTED, Trait.NEITHER) not in found.followed
    assert all(one.rounded == () for one in found.met)


@pytest.mark.filterwarnings("error")
def test_runs_beyond_the_numbers_of_32_bits_are_not_taken_for_such():
    assert computed_in(np.array([[1.1e30], [1.3e90], [-1.7e140], [1.9e200]]), 64) == 64


def test_a_gradient_that_is_no_number_is_traced_to_residuals_of_zero():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    reference = tw.descend(objective, optax.sgd(0.05), starts=0.0, steps=3).isel(run=0)
    theirs = recorded(np.full((4, 1), np.nan))
    found, zeros = explain_nonfinite("Theirs", objective, theirs, reference, 64)
    x, y = objective.train
    assert zeros == int((np.tan(0.0) * x - y == 0).sum()) > 0
    assert found.step == 0
    assert f"{zeros} of {len(x)} residuals are exactly zero there" in found.sentence
    assert explain_nonfinite("Theirs", objective, reference, reference, 64) is None
    # With noise no residual is zero, and the cause must be another.
    noisy = tw.objective(tw.problems.pencil(noise=0.1), tw.losses.fourth_root())
    reference = tw.descend(noisy, optax.sgd(0.05), starts=0.3, steps=3).isel(run=0)
    found, zeros = explain_nonfinite("Theirs", noisy, theirs, reference, 64)
    assert (found.words, zeros) == ("not finite", 0)
