"""The kinds of datasets that verbs return and take: what each must hold, and which verb makes it.

A signature names the kind, ``runs: Runs``, so that a reader sees what is wanted, and a dataset of another kind is
refused at the border (:mod:`thalweg.base.border`) in one line. To a type checker every kind is an ``xarray.Dataset``.
Only what tells kinds apart and what all readers need is asked for; a dataset may hold more, and may be a part of what
the verb returned: :func:`xarray.Dataset.isel` with a list keeps a kind, without attributes it is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import xarray as xr

from thalweg.base.rules import Rule
from thalweg.base.showing import shown

AXIS = {"low", "high", "periodic", "unit"}
"""What the coordinates of a surface say of their axis."""


@dataclass(frozen=True, eq=False)
class Kind(Rule):
    """What a dataset of one kind holds.

    Attributes
    ----------
    name : of the kind, in the plural or with an article: "valleys", "a race"
    source : the verbs that return it
    variables : dimensions that a variable has at least, by its name
    attrs : attributes that are needed
    """

    name: str = field(kw_only=True)
    source: str = field(kw_only=True)
    variables: Mapping[str, str] = field(kw_only=True)
    attrs: tuple[str, ...] = field(kw_only=True, default=())

    def lacks(self, dataset: xr.Dataset) -> str:
        """Say what a dataset lacks to be of this kind; nothing where it is."""
        for name, dims in self.variables.items():
            if name not in dataset.data_vars:
                return f"variable {name!r}"
            if not set(dims.split()) <= set(dataset.variables[name].dims):
                return f"variable {name!r} over ({', '.join(dims.split())})"
        for name in self.attrs:
            if name not in dataset.attrs:
                return f"attribute {name!r}"
        return ""

    def refusal(self, name: str, value: object) -> str:
        """Say what kind of dataset was given instead, or what it lacks."""
        advice = f"give what {self.source} returns"
        if not isinstance(value, xr.Dataset):
            return f"{name} = {shown(value)} is no dataset that holds {self.name}; {advice}"
        other = next((kind.name for kind in KINDS if not kind.lacks(value)), None)
        if other is not None:
            return f"{name} holds {other}, not {self.name}; {advice}"
        return f"{name} does not hold {self.name}: it has no {self.lacks(value)}; {advice}"


class _Surface(Kind):
    """A survey: its variables lie over the parameters, whatever these are called."""

    def lacks(self, dataset: xr.Dataset) -> str:
        missing = super().lacks(dataset)
        if missing:
            return missing
        for dim in dataset.variables["train_loss"].dims:
            if dim not in dataset.coords or not set(dataset.variables[dim].attrs) >= AXIS:
                return f"coordinate {dim!r} with the attributes {', '.join(sorted(AXIS))}"
        return ""


class _Map(Kind):
    """A map of outcomes: over the two things that vary, whatever these are."""

    def lacks(self, dataset: xr.Dataset) -> str:
        missing = super().lacks(dataset)
        return missing or ("" if dataset.variables["outcome"].ndim == 2 else "variable 'outcome' over two dimensions")


def _kind(
    name: str, source: str, variables: Mapping[str, str], attrs: tuple[str, ...] = (), make: type[Kind] = Kind
) -> Kind:
    kind = make(lambda value: False, name, name=name, source=source, variables=variables, attrs=attrs)
    object.__setattr__(kind, "fits", lambda value: isinstance(value, xr.Dataset) and not kind.lacks(value))
    return kind


RUNS = _kind(
    "runs",
    "thalweg.descend",
    {"params": "run step param", "train_loss": "run step", "grad_norm": "run step", "last_step": "run"},
)
SURFACE = _kind("a surface", "thalweg.survey", {"train_loss": ""}, make=_Surface)
VALLEYS = _kind(
    "valleys",
    "thalweg.find_valleys",
    {
        **dict.fromkeys(("loss", "persistence", "joins"), "valley"),
        **{"position": "valley param", "pass_loss": "pass", "pass_merges": "pass"},
    },
    ("names",),
)
FALLS = _kind(
    "derailments",
    "thalweg.find_derailments",
    dict.fromkeys(("run", "step", "left", "entered"), "fall"),
    ("names", "runs"),
)
OUTCOMES = _kind("outcomes", "thalweg.outcomes", {"outcome": "run", "valley": "run"}, ("names",))
MAP = _kind("an outcome map", "thalweg.outcome_map", {"outcome": ""}, ("names",), _Map)
RACE = _kind(
    "a race",
    "thalweg.race",
    {
        **dict.fromkeys(("success", "success_low", "success_high", "learning_rate"), "optimizer"),
        **dict.fromkeys(("tuned_rate", "tuned_success"), "optimizer candidate"),
        "success_by_step": "optimizer step",
    },
    ("names",),
)
PHASES = _kind("a phase diagram", "thalweg.phase_diagram", {"valleys": "exponent noise"}, ("persistence",))
COMPARED = _kind(
    "a comparison",
    "thalweg.frameworks.compare",
    {
        **{"params": "framework step param", "difference": "framework step", "parts": "framework"},
        **{"reference": "step param", "bound": "step"},
    },
)
BASINS = _kind("compared basins", "thalweg.compare_basins", {"flow_valley": "start", "run_valley": "start"})
PATHS = _kind("paths", "thalweg.find_paths", {"path": "pair image param", "loss": "pair image"})
SLICE = _kind("a slice", "thalweg.networks.slice", {"loss": "x"}, ("x_name", "x_unit"))
CURVE = _kind("a curve between checkpoints", "thalweg.networks.interpolate", {"loss": "t", "distance": "t"})
BEND = _kind("a connection", "thalweg.networks.connect", {"bend": "param"})
PROJECTION = _kind(
    "a projected path",
    "thalweg.networks.project",
    dict.fromkeys(("x", "distance", "true_loss", "surface_loss"), "step"),
)
CURVATURE = _kind("a curvature", "thalweg.networks.curvature", {"eigenvalues": "mode"})
RECORDING = _kind("a recording", "a recorder or thalweg.descend", {"params": "step param"})

KINDS = (
    *(RUNS, SURFACE, VALLEYS, FALLS, OUTCOMES, MAP, RACE, PHASES, COMPARED, BASINS, PATHS),
    *(SLICE, CURVE, BEND, PROJECTION, CURVATURE, RECORDING),
)
"""All kinds; what is of several is named by the first."""

Runs = Annotated[xr.Dataset, RUNS]
"""Runs over (run, step, param), from :func:`thalweg.descend`."""

Surface = Annotated[xr.Dataset, SURFACE]
"""An objective on a grid over its parameters, from :func:`thalweg.survey`."""

Valleys = Annotated[xr.Dataset, VALLEYS]
"""Valleys, deepest first, from :func:`thalweg.find_valleys`."""

Derailments = Annotated[xr.Dataset, FALLS]
"""Derailments over fall, from :func:`thalweg.find_derailments`."""

OutcomeMap = Annotated[xr.Dataset, MAP]
"""How runs end over two things that vary, from :func:`thalweg.outcome_map`."""

Race = Annotated[xr.Dataset, RACE]
"""Optimisers compared, from :func:`thalweg.race`."""

PhaseDiagram = Annotated[xr.Dataset, PHASES]
"""Counts of valleys over (exponent, noise), from :func:`thalweg.phase_diagram`."""

Comparison = Annotated[xr.Dataset, COMPARED]
"""One descent in several frameworks, from :func:`thalweg.frameworks.compare`."""

Slice = Annotated[xr.Dataset, SLICE]
"""A network's loss over (y, x) or (x,), from :func:`thalweg.networks.slice`."""

Curve = Annotated[xr.Dataset, CURVE]
"""The loss along a way between two checkpoints, from :func:`thalweg.networks.interpolate`."""

Projected = Annotated[xr.Dataset, PROJECTION]
"""A training run seen on a plane, from :func:`thalweg.networks.project`."""

Curvature = Annotated[xr.Dataset, CURVATURE]
"""Eigenvalues of a network's Hessian, from :func:`thalweg.networks.curvature`."""

Recording = Annotated[xr.Dataset, RECORDING]
"""The parameters of a training over (step, param), from a recorder; or one run of :func:`thalweg.descend`."""
