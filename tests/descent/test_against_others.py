"""Every named optimiser and schedule against an implementation that is not optax's.

That is PyTorch where it defines the same method, otherwise a plain loop of the paper (``plain.py``). Where optax and
PyTorch define a method differently, the plain loop is written both ways: one way is ours, the other PyTorch's, so the
difference is exactly the one stated.

The file is long because every named optimiser and schedule is a case of its own; the comparison is short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize
import torch
from torch.optim import lr_scheduler

import thalweg as tw
from tests.descent import plain
from tests.descent.plain import Gradient, Method, Run, Vector
from thalweg.descent.optimizers import CATALOGUE, SCHEDULES

STEPS = 60
MOMENTS: dict[str, Any] = {"b1": 0.85, "b2": 0.97}
BETAS: dict[str, Any] = {"betas": (0.85, 0.97)}
"""Not the defaults, so that a setting that does not arrive shows; so is every ε below that is seen."""


@pytest.fixture(autouse=True)
def sixty_four_bits() -> Iterator[None]:
    """PyTorch's NAdam keeps its product of momenta in the default type even where parameters have 64 bits."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


class Trial(NamedTuple):
    """An objective, the same in NumPy with its gradient by hand, and two starts; nothing in it is symmetric."""

    objective: Any
    value: Callable[[Vector], float]
    gradient: Gradient
    starts: Vector


def banana() -> Trial:
    problem = tw.problems.function(plain.banana, [tw.problems.Axis("x", -3, 3), tw.problems.Axis("y", -2, 5)])
    return Trial(tw.objective(problem), plain.banana, plain.banana_gradient, plain.BANANA_STARTS)


def cooling() -> Trial:
    def residual(p: Any, time: Any, reading: Any) -> Any:
        return p[0] * jnp.exp(-p[1] * time) + p[2] - reading

    axes = [tw.problems.Axis(name, -5, 5) for name in ("height", "speed", "level")]
    problem = tw.problems.regression(residual, {"time": plain.TIME, "reading": plain.READING}, axes)
    objective = tw.objective(problem, tw.losses.quadratic())
    return Trial(objective, plain.cooling, plain.cooling_gradient, plain.COOLING_STARTS)


TRIALS = {"banana": banana(), "cooling": cooling()}


USUAL = {"momentum", "lbfgs"}
"""Those that are tried on examples in the quick suite, too; what has none compiles in a third of the time."""


def on_trials(*names: str) -> pytest.MarkDecorator:
    """Go through names on both trials; most of those that take examples belong to the long suite."""

    def marks(name: str, trial: str) -> list[pytest.MarkDecorator]:
        return [pytest.mark.long] if trial == "cooling" and name not in USUAL else []

    pairs = [(name, trial) for trial in TRIALS for name in names]
    cases = [pytest.param(name, TRIALS[trial], id=f"{trial}-{name}", marks=marks(name, trial)) for name, trial in pairs]
    return pytest.mark.parametrize(("name", "trial"), cases)


def in_torch(maker: Callable[..., Any], schedule: Any = None, decay: float = 0.0, **settings: Any) -> Method:
    """Make a method of an optimiser of PyTorch, with a scheduler or a decoupled decay by hand where given."""

    def run(start: Vector) -> Run:
        p = torch.tensor(start, requires_grad=True)
        optimizer = maker([p], **settings)
        scheduler = schedule(optimizer) if schedule else None
        while True:
            p.grad = torch.from_numpy((yield p.detach().numpy().copy()))
            with torch.no_grad():
                p.mul_(1 - optimizer.param_groups[0]["lr"] * decay)
            optimizer.step()
            if scheduler:
                scheduler.step()

    return run


def compare(trial: Trial, found: optax.GradientTransformation | Method, method: Method) -> Vector:
    """How far ours (or another method) is from a method, as multiples of what rounding explains, (run, step, param)."""
    expected = plain.follow(method, trial.gradient, trial.starts, STEPS)
    bound = plain.rounding(method, trial.gradient, expected)
    assert np.isfinite(expected).all()
    assert (np.ptp(expected, axis=1) > 5e-3).all(), "every parameter must move"
    assert bound.max() < 1e-9, "a trial that grows rounding so much shows little"
    if isinstance(found, optax.GradientTransformation):
        runs = tw.descend(trial.objective, found, starts=trial.starts, steps=STEPS, precision=64)
        paths = runs["params"].values
    else:
        paths = plain.follow(found, trial.gradient, trial.starts, STEPS)
    # Starts must be the same number, so there the bound is 0.
    return np.abs(paths - expected) / np.maximum(bound, np.finfo(float).tiny)


def kind(name: str) -> str:
    return name.split()[0]


SGD, RMSPROP, ADAMW, NADAM = torch.optim.SGD, torch.optim.RMSprop, torch.optim.AdamW, torch.optim.NAdam

# By catalogue name and what is special: a method, and the settings under which optax defines the same one.
SAME = {
    "sgd": (in_torch(SGD, lr=0.01), {"learning_rate": 0.01}),
    # Neither dampens; both begin with the gradient itself in the buffer.
    "sgd momentum": (in_torch(SGD, lr=0.004, momentum=0.8), {"learning_rate": 0.004, "momentum": 0.8}),
    # Both take the rewritten form g + μ m, not a gradient further on.
    "sgd nesterov": (
        in_torch(SGD, lr=0.004, momentum=0.8, nesterov=True),
        {"learning_rate": 0.004, "momentum": 0.8, "nesterov": True},
    ),
    # Here ε goes outside the root, where PyTorch has it, and the decay is called α there.
    "rmsprop": (
        in_torch(RMSPROP, lr=0.02, alpha=0.95, eps=1e-3),
        {"learning_rate": 0.02, "decay": 0.95, "eps": 1e-3, "eps_in_sqrt": False},
    ),
    "rmsprop centred": (
        in_torch(RMSPROP, lr=0.004, alpha=0.95, eps=1e-3, centered=True, momentum=0.7),
        {"learning_rate": 0.004, "decay": 0.95, "eps": 1e-3, "eps_in_sqrt": False, "centered": True, "momentum": 0.7},
    ),
    # Both add ε to the corrected root.
    "adam": (in_torch(torch.optim.Adam, lr=0.03, eps=1e-3, **BETAS), {"learning_rate": 0.03, "eps": 1e-3, **MOMENTS}),
    # Both decay by rate · decay · parameter, apart from the gradient.
    "adamw": (
        in_torch(ADAMW, lr=0.03, eps=1e-3, weight_decay=0.2, **BETAS),
        {"learning_rate": 0.03, "eps": 1e-3, "weight_decay": 0.2, **MOMENTS},
    ),
    # Without ε and with one initial value; where ε goes, see DIFFERENT.
    "adagrad": (
        in_torch(torch.optim.Adagrad, lr=0.1, initial_accumulator_value=0.3, eps=0.0),
        {"learning_rate": 0.1, "initial_accumulator_value": 0.3, "eps": 0.0},
    ),
    "adadelta": (
        in_torch(torch.optim.Adadelta, lr=0.5, rho=0.85, eps=1e-3),
        {"learning_rate": 0.5, "rho": 0.85, "eps": 1e-3},
    ),
    # PyTorch raises the momentum from b1 / 2 to b1; at this speed it has arrived before the first step.
    "nadam": (
        in_torch(NADAM, lr=0.03, eps=1e-3, momentum_decay=1e6, **BETAS),
        {"learning_rate": 0.03, "eps": 1e-3, **MOMENTS},
    ),
    "nadamw": (
        in_torch(NADAM, lr=0.03, eps=1e-3, momentum_decay=1e6, weight_decay=0.2, decoupled_weight_decay=True, **BETAS),
        {"learning_rate": 0.03, "eps": 1e-3, "weight_decay": 0.2, **MOMENTS},
    ),
    # Without ε; where it goes, see DIFFERENT.
    "radam": (in_torch(torch.optim.RAdam, lr=0.01, eps=0.0, **BETAS), {"learning_rate": 0.01, "eps": 0.0, **MOMENTS}),
    "adamax": (in_torch(torch.optim.Adamax, lr=0.03, eps=0.1, **BETAS), {"learning_rate": 0.03, "eps": 0.1, **MOMENTS}),
    # PyTorch's Adamax has only the coupled decay; as Adamax never looks at the parameter, the other is done by hand.
    "adamaxw": (
        in_torch(torch.optim.Adamax, decay=0.2, lr=0.03, eps=0.1, **BETAS),
        {"learning_rate": 0.03, "eps": 0.1, "weight_decay": 0.2, **MOMENTS},
    ),
    # PyTorch has none of those that follow: loops of the papers.
    "lion": (
        partial(plain.lion, rate=0.02, decay=0.2, **MOMENTS),
        {"learning_rate": 0.02, "weight_decay": 0.2, **MOMENTS},
    ),
    "sign_sgd": (partial(plain.sign, rate=0.02), {"learning_rate": 0.02}),
    "optimistic_gradient_descent": (partial(plain.optimistic, rate=0.01), {"learning_rate": 0.01}),
    "adabelief": (
        partial(plain.adabelief, rate=0.02, eps=1e-3, **MOMENTS),
        {"learning_rate": 0.02, "eps": 1e-3, "eps_root": 1e-3, **MOMENTS},
    ),
    # The paper begins the first moment at 0, optax begins both at 1e-6.
    "yogi": (
        partial(plain.yogi, rate=0.03, eps=1e-2, initial=1e-6, **MOMENTS),
        {"learning_rate": 0.03, "eps": 1e-2, **MOMENTS},
    ),
    "novograd": (
        partial(plain.novograd, rate=0.01, b1=0.8, b2=0.4, eps=1e-2, decay=0.2),
        {"learning_rate": 0.01, "b1": 0.8, "b2": 0.4, "eps": 1e-2, "weight_decay": 0.2},
    ),
    "lamb": (
        partial(plain.lamb, rate=0.02, eps=1e-3, decay=0.2, **MOMENTS),
        {"learning_rate": 0.02, "eps": 1e-3, "weight_decay": 0.2, **MOMENTS},
    ),
    "lars": (
        partial(plain.lars, rate=0.1, trust=0.03, momentum=0.8, decay=0.2),
        {"learning_rate": 0.1, "trust_coefficient": 0.03, "momentum": 0.8, "weight_decay": 0.2},
    ),
    "fromage": (partial(plain.fromage, rate=0.02), {"learning_rate": 0.02}),
    "sm3": (partial(plain.sm3, rate=0.1, momentum=0.8, eps=1e-8), {"learning_rate": 0.1, "momentum": 0.8}),
    # 60 steps go around the memory of 3 many times.
    "lbfgs": (partial(plain.lbfgs, rate=0.3, memory=3), {"learning_rate": 0.3, "memory_size": 3, "linesearch": None}),
}


@on_trials(*SAME)
def test_the_path_is_that_of_an_independent_implementation(name, trial):
    method, settings = SAME[name]
    assert compare(trial, CATALOGUE[kind(name)](**settings), method).max() <= 1


FALLING = optax.exponential_decay(0.01, 1, 0.97)
EXPONENTIAL = partial(lr_scheduler.ExponentialLR, gamma=0.97)
RMS = {"decay": 0.95, "eps": 1e-3}
PAPERS_ADAN = partial(plain.adan, rate=0.03, keep=(0.9, 0.8, 0.95), eps=1e-3, swapped=False)

# What cannot be set alike, or is not by default: a loop, its argument that is true for optax and false for the other,
# the other, and optax's settings.
DIFFERENT = {
    # optax can do without this one, and does so in SAME.
    "rmsprop ε": (
        partial(plain.rmsprop, rate=lambda k: 0.02, **RMS),
        "inside",
        in_torch(RMSPROP, lr=0.02, alpha=0.95, eps=1e-3),
        {"learning_rate": 0.02, **RMS},
    ),
    # A constant rate hides it.
    "rmsprop rate": (
        partial(plain.rmsprop, rate=lambda k: 0.01 * 0.97**k, momentum=0.7, **RMS),
        "rate_in",
        in_torch(RMSPROP, EXPONENTIAL, lr=0.01, alpha=0.95, eps=1e-3, momentum=0.7),
        {"learning_rate": FALLING, "eps_in_sqrt": False, "momentum": 0.7, **RMS},
    ),
    "adagrad ε": (
        partial(plain.adagrad, rate=0.1, initial=0.3, eps=1e-2),
        "inside",
        in_torch(torch.optim.Adagrad, lr=0.1, initial_accumulator_value=0.3, eps=1e-2),
        {"learning_rate": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-2},
    ),
    "amsgrad maximum": (
        partial(plain.amsgrad, rate=0.03, eps=1e-3, **MOMENTS),
        "of_corrected",
        in_torch(torch.optim.Adam, lr=0.03, eps=1e-3, amsgrad=True, **BETAS),
        {"learning_rate": 0.03, "eps": 1e-3, **MOMENTS},
    ),
    "nadam momentum": (
        partial(plain.nadam, rate=0.03, eps=1e-3, **MOMENTS),
        "steady",
        in_torch(NADAM, lr=0.03, eps=1e-3, **BETAS),
        {"learning_rate": 0.03, "eps": 1e-3, **MOMENTS},
    ),
    "radam ε": (
        partial(plain.radam, rate=0.01, eps=1e-2, **MOMENTS),
        "to_corrected",
        in_torch(torch.optim.RAdam, lr=0.01, eps=1e-2, **BETAS),
        {"learning_rate": 0.01, "eps": 1e-2, **MOMENTS},
    ),
    # A fault of optax (google-deepmind/optax, pull request 1725): every update comes one step late. When it is mended,
    # rprop moves to SAME.
    "rprop lateness": (
        partial(plain.rprop, rate=0.01),
        "late",
        in_torch(torch.optim.Rprop, lr=0.01),
        {"learning_rate": 0.01},
    ),
    # Likewise (pull request 1715): the change of the gradient has the weight 1 - b2 where the paper, in these letters,
    # has b2. PyTorch has no Adan, so the paper stands for both.
    "adan weight": (
        partial(plain.adan, rate=0.03, keep=(0.9, 0.8, 0.95), eps=1e-3),
        "swapped",
        PAPERS_ADAN,
        {"learning_rate": 0.03, "b1": 0.9, "b2": 0.8, "b3": 0.95, "eps": 1e-3, "eps_root": 1e-3},
    ),
}


@on_trials(*DIFFERENT)
def test_where_optax_differs_the_difference_is_the_stated_one(name, trial):
    loop, detail, other, settings = DIFFERENT[name]
    ours, theirs = partial(loop, **{detail: True}), partial(loop, **{detail: False})
    assert compare(trial, CATALOGUE[kind(name)](**settings), ours).max() <= 1
    assert compare(trial, other, theirs).max() <= 1
    # What is no rounding is far from rounding.
    assert compare(trial, ours, theirs).max() > 1e6


def test_every_name_is_compared():
    assert {kind(name) for name in [*SAME, *DIFFERENT]} == set(CATALOGUE)
    assert {kind(name) for name in RATES} == set(SCHEDULES)


# By the defaults of both, at one rate: what a user meets who carries settings over by name.
ALIKE = {"sgd": SGD, "adam": torch.optim.Adam, "adadelta": torch.optim.Adadelta, "adamax": torch.optim.Adamax}
UNLIKE = {
    "adamw": ADAMW,
    "rmsprop": RMSPROP,
    "adagrad": torch.optim.Adagrad,
    "nadam": NADAM,
    "radam": torch.optim.RAdam,
    "amsgrad": partial(torch.optim.Adam, amsgrad=True),
    "rprop": torch.optim.Rprop,
}


@pytest.mark.parametrize("name", [*ALIKE, *UNLIKE])
def test_defaults_are_alike_or_not_as_documented(name):
    # radam's ε, which is a billionth of the root there, is the least of the differences.
    apart = compare(TRIALS["cooling"], CATALOGUE[name](0.03), in_torch((ALIKE | UNLIKE)[name], lr=0.03)).max()
    assert apart <= 1 if name in ALIKE else apart > 1e3


def scaled(rate: Callable[[int], float]) -> Callable[..., Any]:
    """Make a scheduler of PyTorch of a closed formula; the rate of its optimiser is 1."""
    return partial(lr_scheduler.LambdaLR, lr_lambda=rate)


def to_cosine(k: float, of: float, high: float, low: float) -> float:
    return low + (high - low) * (1 + np.cos(np.pi * k / of)) / 2


def onecycle(k: int) -> float:
    """Half a cosine up in 30 % of the way from 1/25 of the peak, half a cosine down to 1/10000 of the beginning."""
    return to_cosine(18 - k, 18, 0.01, 0.0004) if k <= 18 else to_cosine(k - 18, 42, 0.01, 0.0004 / 1e4)


RATES = {
    "constant_schedule": ((0.006,), scaled(lambda k: 0.006)),
    "exponential_decay": ((1.0, 1, 0.97), EXPONENTIAL),
    "exponential_decay in 10": ((0.01, 10, 0.5), scaled(lambda k: 0.01 * 0.5 ** (k / 10))),
    "exponential_decay in stairs": ((1.0, 7, 0.6, 0, True), partial(lr_scheduler.StepLR, step_size=7, gamma=0.6)),
    "cosine_decay_schedule": ((1.0, STEPS, 0.1), partial(lr_scheduler.CosineAnnealingLR, T_max=STEPS, eta_min=0.1)),
    # optax stays at the end of the cosine, where PyTorch's rises again.
    "cosine_decay_schedule that ends": ((0.01, 40, 0.1), scaled(lambda k: to_cosine(min(k, 40), 40, 0.01, 0.001))),
    "linear_schedule": (
        (1.0, 0.2, 40),
        partial(lr_scheduler.LinearLR, start_factor=1.0, end_factor=0.2, total_iters=40),
    ),
    "polynomial_schedule": ((1.0, 0.0, 2, 50), partial(lr_scheduler.PolynomialLR, total_iters=50, power=2)),
    "warmup_constant_schedule": ((0.001, 0.01, 12), scaled(lambda k: 0.001 + 0.009 * min(k / 12, 1))),
    # The steps of the decay count the warm-up for the cosine and do not count it for the exponential.
    "warmup_cosine_decay_schedule": (
        (0.001, 0.01, 12, 50, 0.002),
        scaled(lambda k: 0.001 + 0.009 * k / 12 if k < 12 else to_cosine(min(k - 12, 38), 38, 0.01, 0.002)),
    ),
    "warmup_exponential_decay_schedule": (
        (0.001, 0.01, 12, 10, 0.6),
        scaled(lambda k: 0.001 + 0.009 * k / 12 if k < 12 else 0.01 * 0.6 ** ((k - 12) / 10)),
    ),
    "cosine_onecycle_schedule": ((60, 0.01), scaled(onecycle)),
    "linear_onecycle_schedule": (
        (60, 0.01),
        scaled(lambda k: np.interp(k, [0, 18, 51, 60], [0.0004, 0.01, 0.0004, 0.0004 / 1e4])),
    ),
}


SLOPE = tw.objective(tw.problems.function(lambda p: p[0], tw.problems.Axis("x", -99, 9), start=[0.0]))


@pytest.mark.parametrize("name", RATES)
def test_a_schedule_is_that_of_pytorch_or_of_its_formula(name):
    arguments, schedule = RATES[name]
    rate = SCHEDULES[kind(name)](*arguments)
    found = tw.descend(SLOPE, optax.sgd(rate), starts=0.0, steps=STEPS)["params"].values[0, :, 0]
    expected = plain.follow(in_torch(SGD, schedule, lr=1.0), lambda p: np.ones(1), np.zeros((1, 1)), STEPS)[0, :, 0]
    # On a slope of 1 a path is minus the sum of the rates: 60 roundings of numbers up to the last.
    np.testing.assert_allclose(found, expected, rtol=0, atol=STEPS * np.finfo(float).eps * np.abs(expected).max())


@on_trials("momentum", "adamw")
def test_a_schedule_reaches_momentum_and_decay_as_in_pytorch(name, trial):
    ours, theirs = {
        "momentum": (optax.sgd(FALLING, momentum=0.6), in_torch(SGD, EXPONENTIAL, lr=0.01, momentum=0.6)),
        "adamw": (optax.adamw(FALLING, weight_decay=0.2), in_torch(ADAMW, EXPONENTIAL, lr=0.01, weight_decay=0.2)),
    }[name]
    assert compare(trial, ours, theirs).max() <= 1


@on_trials("lbfgs")
def test_lbfgs_ends_where_scipys_ends(name, trial):
    runs = tw.descend(trial.objective, CATALOGUE[name](), starts=trial.starts, steps=STEPS)
    for run, start in enumerate(trial.starts):
        end = scipy.optimize.minimize(
            trial.value, start, jac=trial.gradient, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-9}
        )
        # optax stops where values f no longer differ but by rounding, within sqrt(2 eps f / c) of a minimum of curvature
        # c, 1.5e-8 at most here; SciPy where the slope is 1e-9, within 1e-9 / c, 5e-8 for the least curvature, 0.023.
        np.testing.assert_allclose(runs["params"].values[run, -1], end.x, rtol=0, atol=1e-7)
        assert float(runs["train_loss"][run, -1]) == pytest.approx(end.fun, rel=1e-14)
