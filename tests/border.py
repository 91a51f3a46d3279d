"""A table of every public function, and calls of them with one argument replaced.

Run by ``tests/test_border.py`` in an interpreter of its own: under pytest the shapes of the numerical layers are checked
too, and what that check raises no user sees. Prints what is wrong, one line a call.
"""

import argparse
import inspect
import itertools
import random
import sys
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import optax
import pandas as pd
import xarray as xr

import thalweg as tw
from thalweg.base.border import GATE
from thalweg.base.showing import shown

SPACES = ("problems", "losses", "starts", "figures", "examples", "networks", "networks.directions", "frameworks")

LONGEST = 600
"""Characters of a message at most."""


@cache
def things():
    """What valid calls are made of, as small as it can be."""
    t = SimpleNamespace()
    t.problem = tw.problems.pencil(points=10)
    t.objective = tw.objective(t.problem, tw.losses.power(0.5))
    t.sgd = tw.Optimizer(optax.sgd, learning_rate=0.05)
    t.descent = tw.Descent(t.sgd, steps=3)
    t.runs = tw.descend(t.objective, t.descent, starts=[0.1, 0.7])
    t.surface = tw.survey(t.objective, points=60)
    t.valleys = tw.find_valleys(t.objective, method="exact")
    t.params, apply = tw.examples.mlp("jax", (2, 3, 1))
    t.loss = lambda params, x, y: ((apply(params, x) - y) ** 2).mean()
    t.data = (np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32))
    t.network = tw.networks.wrap(t.params, t.loss, t.data)
    t.here, t.there = t.network.position, t.network.position + np.float32(1)
    t.plane = tw.networks.directions.orthonormal(t.network)
    t.slice = tw.networks.slice(t.network, t.plane, points=5)
    with tw.networks.record(t.params) as recorder:
        recorder.step(1.0, t.params)
        t.recording = recorder.finish(t.params)
    t.figure = tw.figures.data(t.problem)
    return t


t = things
AXIS = {"name": "x", "low": -1.0, "high": 1.0}
"""One cheap valid call a function, by its name; a function without arguments needs none."""
CALLS = {
    "Conditions": lambda: {"starts": 10, "steps": 3, "seed": 0, "minibatch": None, "precision": 64, "shadows": False},
    "Descent": lambda: {"optimizer": t().sgd, "steps": 3, "minibatch": None, "precision": 64, "shadows": False},
    "Minibatch": lambda: {"size": 2, "seed": 0},
    "Optimizer": lambda: {"maker": optax.sgd, "learning_rate": 0.1},
    "Range": lambda: {"name": "phi", "low": 0.0, "high": 1.0, "count": 3, "scale": "linear"},
    "Tuning": lambda: {"starts": 3, "rates": 2, "low": 0.1, "high": 1.0, "seed": 1},
    "compilation_cache": lambda: {"folder": "cache"},
    "count_derailments": lambda: {"falls": tw.find_derailments(t().runs, t().valleys)},
    "descend": lambda: {"objective": t().objective, "optimizer": t().sgd, "starts": [0.1], "steps": 2, "precision": 64},
    "find_derailments": lambda: {"runs": t().runs, "valleys": t().valleys, "floor": 0.25},
    "find_valleys": lambda: {"objective": t().objective, "method": "exact", "persistence": 0.0, "refine": False},
    "locate": lambda: {"runs": t().runs, "valleys": t().valleys},
    "objective": lambda: {"problem": t().problem, "loss": None},
    "outcomes": lambda: {"objective": t().objective, "descent": t().descent, "valleys": t().valleys, "starts": [0.1]},
    "survey": lambda: {"objective": t().objective, "points": 9, "domain": None, "precision": 64, "store": None},
    "problems.Axis": lambda: AXIS,
    "problems.function": lambda: {"value": lambda p: p[0], "domain": tw.problems.Axis(**AXIS), "start": [0.0]},
    "problems.line": lambda: {"truth": (1.0, 2.0), "points": 9, "noise": 0.1, "seed": 1, "residual": "vertical"},
    "problems.pencil": lambda: {"lines": 5, "points": 10, "noise": 0.0, "seed": 1, "residual": "vertical"},
    "problems.table": lambda: {"path": "no.csv", "x": "x", "y": "y"},
    **{
        f"problems.{name}": lambda: {"dimension": 2}
        for name in "ackley griewank levy michalewicz rastrigin rosenbrock schwefel styblinski_tang".split()  # noqa: SIM905
    },
    **{f"losses.{name}": lambda: {"scale": 5.0} for name in ("cauchy", "geman_mcclure", "log_cosh", "tukey", "welsch")},
    "losses.huber": lambda: {"delta": 1.0},
    "losses.fourth_root": lambda: {"smoothing": 0.0},
    "losses.barron": lambda: {"alpha": 1.0, "scale": 1.0},
    "losses.power": lambda: {"p": 0.5, "smoothing": 0.0},
    "losses.root": lambda: {"n": 2.0, "smoothing": 0.0},
    "starts.even": lambda: {"problem": t().problem, "count": 3},
    "starts.uniform": lambda: {"problem": t().problem, "count": 3, "seed": 0},
    "examples.mlp": lambda: {"name": "jax", "sizes": (2, 1), "seed": 0},
    "examples.cnn": lambda: {"name": "jax", "channels": (2,), "seed": 0},
    "figures.barcode": lambda: {"valleys": t().valleys},
    "figures.data": lambda: {"problem": t().problem},
    "figures.fit": lambda: {"problem": t().problem, "runs": t().runs, "run": 0},
    "figures.loss": lambda: {"runs": t().runs, "valleys": t().valleys, "run": 0},
    "figures.merge_tree": lambda: {"valleys": t().valleys},
    "figures.parameter": lambda: {"runs": t().runs, "valleys": t().valleys, "run": 0},
    "figures.profile": lambda: {"surface": t().surface, "runs": t().runs, "valleys": t().valleys, "run": 0},
    "figures.crown": lambda: {"surface": t().surface, "runs": t().runs, "valleys": t().valleys, "run": 0, "cut": 1.0},
    "figures.slice": lambda: {"surface": t().slice},
    "networks.open_recording": lambda: {"store": "no.zarr"},
    "networks.record": lambda: {"model": t().params, "every": 1, "most": 8},
    "networks.slice": lambda: {"network": t().network, "plane": t().plane, "span": 1.0, "points": 3, "plain": False},
    "networks.wrap": lambda: {"model": t().params, "loss": t().loss, "data": t().data, "mode": "evaluation"},
    "networks.interpolate": lambda: {"network": t().network, "a": t().here, "b": t().there, "points": 5},
    "networks.directions.between": lambda: {"network": t().network, "a": t().here, "b": t().there},
    "networks.directions.gaussian": lambda: {"network": t().network, "count": 2, "seed": 0, "at": None},
    "networks.directions.orthonormal": lambda: {"network": t().network, "count": 2, "seed": 0, "at": None},
    "networks.directions.principal": lambda: {"network": t().network, "recording": t().recording, "count": 1},
}


UNLISTED = set(
    """
    Objective race outcome_map phase_diagram find_paths compare_basins starts.Sobol
    problems.Domain problems.Minimum problems.Problem problems.Regression problems.Function problems.regression
    problems.Split losses.Loss examples.Data examples.digits examples.diabetes frameworks.compare frameworks.descend
    figures.Figure figures.basins figures.compare figures.curvature figures.gallery figures.interpolate
    figures.outcome_map figures.phase_diagram figures.plane figures.race
    networks.Network networks.Plane networks.Recorder networks.connect networks.curvature networks.project
    networks.read_checkpoint networks.directions.filter_normalised networks.directions.given
    networks.directions.hessian
    """.split()  # noqa: SIM905
)
"""What is public and has no row yet: only its check of unknown keywords is tested. It must not grow."""


@cache
def wrong():
    """Values that no parameter takes all of: of wrong types, shapes, counts and sizes."""
    array = np.zeros((2, 3))
    return (
        *(None, True, -1, 0, 2**31, 2**70, 10**400, float("inf"), float("nan"), 1j),
        *("text", "", "a\0b", b"bytes", [], [1, "a"], [[1], [1, 2]], {}, {"a": 1}, object(), int, len),
        *(array, array.astype(bool), np.array(["a"]), np.array([1, None]), np.ma.masked_array([1.0, 2.0], [0, 1])),
        *(np.array(["2020-01-01"], dtype="M8[D]"), pd.Series([1.0, 2.0]), Path("x" * 300), range(3)),
        *(xr.Dataset(), xr.DataArray(array), t().surface, t().runs, t().slice, t().network, t().objective),
    )


def public():
    """All public functions and classes that check what they are called with, by name."""
    found = {}
    for space in ("", *SPACES):
        module = tw
        for part in filter(None, space.split(".")):
            module = getattr(module, part)
        names = getattr(module, "__all__", None) or dir(module)
        for name in names:
            thing = getattr(module, name)
            if not isinstance(thing, ModuleType) and (inspect.isfunction(thing) or inspect.isclass(thing)):
                found[f"{space}.{name}".lstrip(".")] = thing
    return found


def checks(thing):
    return hasattr(thing.__init__ if inspect.isclass(thing) else thing, GATE)


def outcome(function, arguments):
    """Call, and return what is wrong with what came of it; nothing where it is a result or one line of ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**arguments)
    except tw.ThalwegError as error:
        text = str(error)
        return "" if text and "\n" not in text and len(text) <= LONGEST else f"unfit to be printed: {text[:900]!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def sweep(chosen):
    """Call functions with one argument replaced, and tell all that is wrong."""
    functions = public()
    for name, argument, value in chosen:
        fault = outcome(functions[name], CALLS[name]() | {argument: value})
        if fault:
            yield f"{name}({argument}={shown(value)}): {fault}"


def cases():
    for name, arguments in CALLS.items():
        yield from itertools.product([name], [*arguments(), "unheard_of"], wrong())


def unchecked():
    """Tell of what is public and does not check what it is called with, or has no row in the table."""
    for name, thing in public().items():
        if name in ("Status", "ThalwegError"):
            continue
        if not checks(thing):
            yield f"{name} does not check what it is called with: decorate it with public"
        elif name not in CALLS and name not in UNLISTED and inspect.signature(thing).parameters:
            yield f"{name} has no row in the table of calls"
        if name == "Optimizer":  # whose maker knows its settings
            continue
        try:
            thing(unheard_of=1)
        except tw.ThalwegError as error:
            if "unheard_of" not in str(error) or "\n" in str(error) or len(str(error)) > LONGEST:
                yield f"{name} does not tell an unknown keyword: {error}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int)
    count = parser.parse_args().sample
    chosen = list(cases())
    if count:
        chosen = random.Random(1).sample(chosen, count)
    for fault in itertools.chain(unchecked(), sweep(chosen)):
        sys.stdout.write(f"{fault}\n")


if __name__ == "__main__":
    main()
