"""A table of every public function, and calls of them with one argument replaced.

Run by ``tests/test_border.py`` in an interpreter of its own: under pytest the shapes of the numerical layers are checked
too, and what that check raises no user sees. Prints what is wrong, one line a call.

The file is long because it is one table of calls, a row a function.
"""

import argparse
import dataclasses
import inspect
import itertools
import random
import sys
import warnings
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import optax
import pandas as pd
import xarray as xr

import thalweg as tw
from thalweg.base.border import GATE
from thalweg.base.showing import shown
from thalweg.experiment.experiment import build

SPACES = ("problems", "losses", "starts", "figures", "examples", "networks", "networks.directions", "frameworks")

LONGEST = 600
"""Characters of a message at most."""


class Things:
    """What valid calls are made of, as small as it can be, each made when first asked for."""

    problem = cached_property(lambda t: tw.problems.pencil(points=10))
    objective = cached_property(lambda t: tw.objective(t.problem, tw.losses.power(0.5)))
    fitted = cached_property(lambda t: tw.objective(tw.problems.line(points=10), tw.losses.quadratic()))
    decay = cached_property(lambda t: tw.problems.fit({"x": [0, 1, 2, 4], "y": [2, 1, 0.4, 0]}, "A*exp(-k*x)", "y"))
    fits = cached_property(lambda t: tw.fit(tw.objective(t.decay, tw.losses.quadratic()), tw.starts.Sobol(8)))
    sgd = cached_property(lambda t: tw.Optimizer(optax.sgd, learning_rate=0.05))
    descent = cached_property(lambda t: tw.Descent(t.sgd, steps=3))
    runs = cached_property(lambda t: tw.descend(t.objective, t.descent, starts=[0.1, 0.7]))
    surface = cached_property(lambda t: tw.survey(t.objective, points=60))
    valleys = cached_property(lambda t: tw.find_valleys(t.objective, method="exact"))
    mlp = cached_property(lambda t: tw.examples.mlp("jax", (2, 3, 1)))
    params = cached_property(lambda t: t.mlp[0])
    loss = cached_property(lambda t: lambda params, x, y: ((t.mlp[1](params, x) - y) ** 2).mean())
    data = cached_property(lambda t: (np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)))
    network = cached_property(lambda t: tw.networks.wrap(t.params, t.loss, t.data))
    rows = cached_property(lambda t: tw.networks.wrap(t.params, t.loss, t.data, rows=1))
    here = cached_property(lambda t: t.network.position)
    there = cached_property(lambda t: t.network.position + np.float32(1))
    plane = cached_property(lambda t: tw.networks.directions.orthonormal(t.network))
    slice = cached_property(lambda t: tw.networks.slice(t.network, t.plane, points=5))
    curve = cached_property(lambda t: tw.networks.interpolate(t.network, t.here, t.there, points=5))
    recording = cached_property(lambda t: recorded(t.params))
    figure = cached_property(lambda t: tw.figures.data(t.problem))
    axis = cached_property(lambda t: tw.problems.Axis(**AXIS))
    domain = cached_property(lambda t: tw.problems.Domain(t.axis))
    derailments = cached_property(lambda t: tw.find_derailments(t.runs, t.valleys))
    # In two parameters, and what takes seconds to make.
    hill = cached_property(lambda t: tw.objective(tw.problems.himmelblau()))
    hill_surface = cached_property(lambda t: tw.survey(t.hill, points=9))
    hill_valleys = cached_property(lambda t: tw.find_valleys(t.hill, surface=t.hill_surface))
    hill_ends = cached_property(lambda t: tw.find_valleys(t.hill, method=tw.starts.Sobol(16)))
    hill_runs = cached_property(lambda t: tw.descend(t.hill, t.descent, starts=[[0.0, 0.0]]))
    along = cached_property(lambda t: (tw.Range("x", 0, 1, 3), tw.Range("y", 0, 1, 2)))
    chart = cached_property(lambda t: tw.outcome_map(t.hill, t.descent, t.hill_valleys, along=t.along))
    rivals = cached_property(lambda t: {"sgd": tw.Optimizer(optax.sgd)})
    race = cached_property(
        lambda t: tw.race(t.objective, t.rivals, t.valleys, conditions=conditions(), tuning=tuning())
    )
    diagram = cached_property(lambda t: tw.phase_diagram(noisy, [0.0, 0.1], [0.5], persistence=0.01))
    compared = cached_property(lambda t: tw.frameworks.compare(t.objective, t.descent, ("jax",), starts=[0.1]))
    curvature = cached_property(lambda t: tw.networks.curvature(t.network, count=1, probes=2))


def recorded(params):
    with tw.networks.record(params) as recorder:
        recorder.step(1.0, jax.tree.map(lambda values: values + 1, params))
        return recorder.finish(params)


def noisy(noise):
    return tw.problems.pencil(points=10, noise=noise)


def conditions():
    return tw.Conditions(starts=4, steps=2)


def tuning():
    return tw.Tuning(starts=2, rates=2)


@cache
def t():
    return Things()


def vars_of(thing):
    """The arguments that a dataclass was made with."""
    return {part.name: getattr(thing, part.name) for part in dataclasses.fields(thing) if part.init}


def hill_figure():
    return {"surface": t().hill_surface, "runs": t().hill_runs, "valleys": t().hill_valleys, "run": 0}


AXIS = {"name": "x", "low": -1.0, "high": 1.0}
"""One cheap valid call a function, by its name, "*" being what is given in order; what has defaults for all arguments
needs none."""
CALLS = {
    "Conditions": lambda: {"starts": 10, "steps": 3, "seed": 0, "minibatch": None, "precision": 64, "shadows": False},
    "Descent": lambda: {"optimizer": t().sgd, "steps": 3, "minibatch": None, "precision": 64, "shadows": False},
    "Minibatch": lambda: {"size": 2, "seed": 0},
    "Optimizer": lambda: {"maker": optax.sgd, "learning_rate": 0.1},
    "Range": lambda: {"name": "phi", "low": 0.0, "high": 1.0, "count": 3, "scale": "linear"},
    "Tuning": lambda: {"starts": 3, "rates": 2, "low": 0.1, "high": 1.0, "seed": 1},
    "compilation_cache": lambda: {"folder": "cache"},
    "count_derailments": lambda: {"derailments": t().derailments},
    "descend": lambda: {"objective": t().objective, "optimizer": t().sgd, "starts": [0.1], "steps": 2, "precision": 64},
    "find_derailments": lambda: {"runs": t().runs, "valleys": t().valleys, "floor": 0.25},
    "find_valleys": lambda: {"objective": t().objective, "method": "exact", "persistence": 0.0, "refine": False},
    "fit": lambda: {
        **{"objective": t().fitted, "starts": tw.starts.Sobol(4), "start": [1.0, 2.0], "most": 2, "passes": False},
    },
    "locate": lambda: {"runs": t().runs, "valleys": t().valleys},
    "objective": lambda: {"problem": t().problem, "loss": tw.losses.power(0.5)},
    "find_ends": lambda: {"objective": t().objective, "runs": t().runs, "valleys": t().valleys},
    "outcomes": lambda: {"objective": t().objective, "descent": t().descent, "valleys": t().valleys, "starts": [0.1]},
    "survey": lambda: {"objective": t().objective, "points": 9, "domain": None, "precision": 64, "store": None},
    "problems.Axis": lambda: AXIS,
    "problems.function": lambda: {"value": lambda p: p[0], "domain": tw.problems.Axis(**AXIS), "start": [0.0]},
    "problems.fit": lambda: {
        "data": {"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 3.0]},
        "model": "k*x",
        "y": "y",
        "ranges": {"k": (0, 2)},
        "reading": tw.problems.Reading(x="x"),
    },
    "problems.nist": lambda: {"name": "Misra1a", "reach": 15.0},
    "problems.line": lambda: {"truth": (1.0, 2.0), "points": 9, "noise": 0.1, "seed": 1, "residual": "vertical"},
    "problems.pencil": lambda: {"lines": 5, "points": 10, "noise": 0.0, "seed": 1, "residual": "vertical"},
    "problems.table": lambda: {"path": "data.csv", "x": "x", "y": "y"},
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
    "figures.compare_fits": lambda: {"fits": {"all": t().fits}, "problem": t().decay, "along": ""},
    "figures.fit_curves": lambda: {"problem": t().decay, "fits": t().fits, "most": 1},
    "figures.fit_pairs": lambda: {"fits": t().fits, "most": 2, "starts": True},
    "figures.profile_likelihood": lambda: {
        "profile": tw.profile_likelihood(t().decay, t().fits, t().decay.parameters[0], points=3)
    },
    "figures.waterfall": lambda: {"fits": t().fits},
    "figures.loss": lambda: {"runs": t().runs, "valleys": t().valleys, "run": 0, "limits": (0.1, 1.0)},
    "figures.merge_tree": lambda: {"valleys": t().valleys},
    "figures.parameter": lambda: {"runs": t().runs, "valleys": t().valleys, "run": 0},
    "figures.profile": lambda: {
        **{"surface": t().surface, "runs": t().runs, "valleys": t().valleys, "run": 0, "limits": (0.1, 1.0)},
    },
    "figures.crown": lambda: {
        **{"surface": t().surface, "runs": t().runs, "valleys": t().valleys, "run": 0, "limits": (0.1, 1.0)},
    },
    "figures.slice": lambda: {"surface": t().slice, "names": None, "value": "loss"},
    "networks.open_recording": lambda: {"store": "no.zarr"},
    "networks.record": lambda: {"model": t().params, "every": 1, "most": 8},
    "networks.slice": lambda: {"network": t().network, "plane": t().plane, "span": 1.0, "points": 3, "plain": False},
    "networks.wrap": lambda: {
        "model": t().params,
        "loss": t().loss,
        "data": t().data,
        "mode": "evaluation",
        "statistics": None,
    },
    "networks.align": lambda: {"network": t().network, "a": t().here, "b": t().there, "groups": None, "seed": 0},
    "networks.batches": lambda: {"data": t().data, "most": 3, "rows": 2, "combine": "rows"},
    "networks.restrict": lambda: {"network": t().network, "to": "*"},
    "networks.subspace": lambda: {"network": t().network, "size": 1, "seed": 0},
    "networks.interpolate": lambda: {"network": t().network, "a": t().here, "b": t().there, "points": 5},
    "networks.directions.between": lambda: {"network": t().network, "a": t().here, "b": t().there},
    "networks.directions.gaussian": lambda: {"network": t().network, "count": 2, "seed": 0, "at": None},
    "networks.directions.orthonormal": lambda: {"network": t().network, "count": 2, "seed": 0, "at": None},
    "networks.directions.principal": lambda: {"network": t().network, "recording": t().recording, "count": 1},
    "Objective": lambda: vars_of(t().objective),
    "Results": lambda: vars_of(tw.Results(build({"problem": {"kind": "booth"}}))),
    "load": lambda: {"path": "no/folder"},
    "compare_basins": lambda: {"runs": t().hill_runs, "valleys": t().hill_ends},
    "compare_fits": lambda: {"fits": {"decay": t().fits, "again": t().fits}},
    "find_paths": lambda: {"objective": t().hill, "valleys": t().hill_valleys, "between": [(0, 1)]},
    "outcome_map": lambda: {
        **{"objective": t().hill, "descent": t().descent, "valleys": t().hill_valleys, "along": t().along},
        **{"floor": 0.25, "store": None},
    },
    "phase_diagram": lambda: {"problem": noisy, "noise": [0.0], "exponent": [0.5], "persistence": 0.01},
    "profile_likelihood": lambda: {
        **{"objective": t().decay, "fits": t().fits, "along": "A", "valley": 0, "points": 3, "confidence": 0.9},
    },
    "race": lambda: {
        **{"objective": t().objective, "optimizers": t().rivals, "valleys": t().valleys},
        **{"conditions": conditions(), "tuning": tuning(), "floor": 0.25},
    },
    "problems.Domain": lambda: {"axes": [t().axis]},
    "problems.Minimum": lambda: {"position": (0.0,), "value": 0.0},
    "problems.Problem": lambda: {"name": "a", "domain": t().domain, "start": (0.0,), "minima": (), "source": ""},
    "problems.Function": lambda: {"name": "a", "domain": t().domain, "start": (0.0,), "value": lambda p: p[0]},
    "problems.Regression": lambda: vars_of(t().problem),
    "problems.Split": lambda: {"test_share": 0.3, "seed": 1},
    "problems.regression": lambda: {
        **{"residual": lambda p, data: p[0] - data["x"], "columns": {"x": [1.0, 2.0, 3.0]}, "domain": t().axis},
        **{"start": [0.0], "split": tw.problems.Split(), "name": "own"},
    },
    "losses.Loss": lambda: {"name": "a", "penalty": abs, "settings": {"p": 1.0}, "formula": ""},
    "starts.Sobol": lambda: {"count": 4, "seed": 0},
    "examples.Data": lambda: {
        **{
            "inputs": np.ones((2, 2)),
            "targets": np.ones(2),
            "test_inputs": np.ones((2, 2)),
            "test_targets": np.ones(2),
        },
        **{"classes": 2, "source": "none"},
    },
    "examples.diabetes": lambda: {"test_share": 0.3, "seed": 1},
    "examples.digits": lambda: {"pictures": False, "test_share": 0.3, "seed": 1},
    "frameworks.compare": lambda: {
        **{"objective": t().objective, "descent": t().descent, "frameworks": ("jax",), "starts": [0.1]},
    },
    "frameworks.descend": lambda: {
        **{"objective": t().objective, "descent": t().descent, "framework": "jax", "starts": [0.1]},
    },
    "figures.Figure": lambda: vars_of(t().figure),
    "figures.basins": hill_figure,
    "figures.plane": hill_figure,
    "figures.compare": lambda: {"compared": t().compared},
    "figures.curvature": lambda: {"result": t().curvature},
    "figures.interpolate": lambda: {"*": (t().curve,), "names": ["a"], "along": "distance", "value": "loss"},
    "figures.outcome_map": lambda: {"chart": t().chart, "colour": "outcome"},
    "figures.phase_diagram": lambda: {"diagram": t().diagram},
    "figures.race": lambda: {"ran": t().race},
    "networks.Network": lambda: vars_of(t().network),
    "networks.Plane": lambda: vars_of(t().plane),
    "networks.Recorder": lambda: {
        **{"flatten": lambda model: t().here, "leaves": t().network.leaves, "store": None},
        **{"every": 1, "most": 8, "facts": {}},
    },
    "networks.Batches": lambda: {"parts": (t().data,), "combine": "rows", "whole": None},
    "networks.Probes": lambda: {"count": 2, "order": 3, "seed": 0},
    "networks.connect": lambda: {
        **{"network": t().network, "a": t().here, "b": t().there, "steps": 2, "learning_rate": 0.01, "seed": 0},
    },
    "networks.curvature": lambda: {
        **{"network": t().network, "at": None, "count": 1, "lowest": False, "probes": 2, "tol": 1e-3},
    },
    "networks.diagonal": lambda: {"network": t().network, "at": None, "probes": 2, "seed": 0},
    "networks.sharpness": lambda: {
        **{"network": t().network, "at": None, "radius": 0.1, "kind": "ascent", "count": 2, "seed": 0},
    },
    "networks.gradient_noise": lambda: {"network": t().rows, "at": None},
    "networks.replace_hessian": lambda: {"network": t().rows, "by": "empirical_fisher"},
    "networks.project": lambda: {"network": t().network, "plane": t().plane, "recording": t().recording, "most": 5},
    "networks.read_checkpoint": lambda: {"network": t().network, "path": "weights.npz"},
    "networks.read_checkpoints": lambda: {
        **{"network": t().network, "paths": ["weights.npz"], "steps": [3], "store": None},
    },
    "networks.slices_by_layer": lambda: {
        **{"network": t().network, "layers": None, "span": 1.0, "points": 3, "seed": 0, "at": None},
    },
    "networks.advise_span": lambda: {"network": t().network, "plane": t().plane, "factor": 1.5},
    "networks.directions.filter_normalised": lambda: {"network": t().network, "count": 2, "seed": 0, "at": None},
    "networks.directions.given": lambda: {"network": t().network, "*": (t().there,), "at": None},
    "networks.directions.hessian": lambda: {"network": t().network, "count": 1, "at": None, "seed": 0, "tol": 1e-3},
    # Methods, of the things above.
    "Descent.check": lambda: {"objective": t().objective, "runs": 1},
    "Optimizer.replace": lambda: {"learning_rate": 0.1},
    "problems.Domain.wrap": lambda: {"places": np.zeros((2, 1))},
    "problems.Domain.difference": lambda: {"places": np.zeros((2, 1)), "others": np.zeros((2, 1))},
    "problems.Split.__call__": lambda: {"columns": {"x": np.arange(9.0)}},
    "problems.Domain.from_attrs": lambda: {"names": ["x"], "attrs": t().domain.to_attrs()},
    "losses.Loss.__call__": lambda: {"residual": np.ones(2)},
    "figures.Figure.png": lambda: {"dpi": 20},
    "figures.Figure.save": lambda: {"path": "figure.html", "dpi": 20},
    "networks.Network.gradient": lambda: {"point": None},
    "networks.Network.hessian_product": lambda: {"point": None},
    "networks.Network.point": lambda: {"values": None},
    "networks.Network.value": lambda: {"point": None},
    "networks.Network.values": lambda: {
        **{"plane": t().plane, "coordinates": np.zeros((2, 2)), "chunk": None, "threads": True, "plain": False},
    },
    "networks.Network.with_roles": lambda: {"roles": {}},
    "networks.Plane.astype": lambda: {"dtype": np.float32},
    "networks.Plane.points": lambda: {"coordinates": np.zeros((2, 2))},
    "networks.Recorder.step": lambda: {"loss": 1.0, "model": t().params, "accuracy": 0.5},
    "networks.Recorder.finish": lambda: {"model": t().params, "loss": 1.0, "accuracy": 0.5},
}

METHODS = {
    "Descent": lambda: t().descent,
    "Optimizer": lambda: t().sgd,
    "problems.Domain": lambda: t().domain,
    "problems.Split": tw.problems.Split,
    "losses.Loss": lambda: t().objective.loss,
    "figures.Figure": lambda: t().figure,
    "networks.Network": lambda: t().network,
    "networks.Plane": lambda: t().plane,
    "networks.Recorder": lambda: tw.networks.record(t().params),
}
"""What the methods in the table are called of, by class."""

COSTLY = set(
    """
    compare_basins find_paths outcome_map phase_diagram race figures.basins figures.plane figures.compare
    figures.curvature figures.outcome_map figures.phase_diagram figures.race networks.connect networks.curvature
    networks.directions.hessian frameworks.compare frameworks.descend networks.Network.hessian_product
    examples.digits examples.diabetes figures.Figure.png figures.Figure.save
    """.split()  # noqa: SIM905
)
"""What takes seconds to call or to make ready: only in the long sweep."""


def function_of(name):
    """A public function, class or method, by its name in the table."""
    functions = public()
    if name in functions:
        return functions[name]
    owner, _, method = name.rpartition(".")
    return getattr(METHODS[owner](), method)


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


@cache
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


def add_defaults():
    """Give a row to what has defaults for all of its arguments: these."""
    for name, thing in public().items():
        if name not in CALLS and checks(thing):
            defaults = {key: part.default for key, part in inspect.signature(thing).parameters.items()}
            if defaults and inspect.Parameter.empty not in defaults.values():
                CALLS[name] = defaults.copy


def outcome(function, arguments):
    """Call, and return what is wrong with what came of it; nothing where it is a result or one line of ours."""
    named = dict(arguments)
    in_order = named.pop("*", ())
    if in_order and "network" in named:
        in_order = (named.pop("network"), *in_order)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*in_order, **named)
    except tw.ThalwegError as error:
        text = str(error)
        return "" if text and "\n" not in text and len(text) <= LONGEST else f"unfit to be printed: {text[:900]!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def sweep(chosen):
    """Call functions with one argument replaced, and tell all that is wrong."""
    for name, argument, value in chosen:
        given = (value,) if argument == "*" else value
        fault = outcome(function_of(name), CALLS[name]() | {argument: given})
        if fault:
            yield f"{name}({argument}={shown(value)}): {fault}"


def cases(names):
    for name in names:
        arguments = CALLS[name]
        yield from itertools.product([name], [*arguments(), "unheard_of"], wrong())


def unchecked():
    """Tell of what is public and does not check what it is called with, or has no row in the table."""
    for name, thing in public().items():
        if name in ("Status", "ThalwegError"):
            continue
        if not checks(thing):
            yield f"{name} does not check what it is called with: decorate it with public"
            continue
        if name not in CALLS and inspect.signature(thing).parameters:
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
    Path("data.csv").write_text("x,y\n1,2\n2,3\n3,5\n", encoding="utf-8")
    np.savez("weights.npz", **{leaf.name: np.zeros(leaf.shape, np.float32) for leaf in t().network.leaves})
    add_defaults()
    chosen = list(cases([name for name in CALLS if not (count and name in COSTLY)]))
    if count:
        chosen = random.Random(1).sample(chosen, count)
    for fault in itertools.chain(unchecked(), sweep(chosen)):
        sys.stdout.write(f"{fault}\n")


if __name__ == "__main__":
    main()
