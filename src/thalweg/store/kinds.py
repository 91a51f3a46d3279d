"""The kinds of datasets that verbs return and take: what each must hold, and which verb makes it.

A signature names the kind, ``runs: Runs``, so that a reader sees what is wanted, and a dataset of another kind is
refused at the border (:mod:`thalweg.base.border`) in one line. To a type checker every kind is an ``xarray.Dataset``.
Only what tells kinds apart and what all readers need is asked for; a dataset may hold more, and may be a part of what
the verb returned: :func:`xarray.Dataset.isel` with a list keeps a kind, without attributes it is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import xarray as xr

from thalweg.base.rules import Rule, is_table
from thalweg.base.showing import shown

AXIS = {"low", "high", "periodic", "unit"}
"""What the coordinates of a surface say of their axis."""

KINDS: list[Kind] = []
"""All kinds, in the order in which they are made below; what is of several is named by the first."""


@dataclass(frozen=True, eq=False)
class Kind(Rule):
    """What a dataset of one kind holds.

    Attributes
    ----------
    name : of the kind, in the plural or with an article: "valleys", "a race"
    source : the verbs that return it
    variables : dimensions that a variable has at least, by its name
    attrs : attributes that are needed
    misses : says what else a dataset lacks that has all these; nothing where it lacks nothing
    """

    fits: Callable[[object], bool] = field(init=False)
    words: str = field(init=False)
    name: str
    source: str
    variables: Mapping[str, str]
    attrs: tuple[str, ...] = ()
    misses: Callable[[xr.Dataset], str] = lambda dataset: ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", lambda value: isinstance(value, xr.Dataset) and not self.lacks(value))
        object.__setattr__(self, "words", self.name)
        KINDS.append(self)

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
        return self.misses(dataset)

    def refusal(self, name: str, value: object) -> str:
        """Say what kind of dataset was given instead, or what it lacks."""
        advice = f"give what {self.source} returns"
        if not isinstance(value, xr.Dataset):
            return f"{name} = {shown(value)} is no dataset that holds {self.name}; {advice}"
        other = next((kind.name for kind in KINDS if not kind.lacks(value)), None)
        if other is not None:
            return f"{name} holds {other}, not {self.name}; {advice}"
        return f"{name} does not hold {self.name}: it has no {self.lacks(value)}; {advice}"


def _missed_axis(surface: xr.Dataset) -> str:
    """Find a parameter, whatever it is called, whose coordinate does not say what it is."""
    for dim in surface.variables["train_loss"].dims:
        if dim not in surface.coords or not set(surface.variables[dim].attrs) >= AXIS:
            return f"coordinate {dim!r} with the attributes {', '.join(sorted(AXIS))}"
    return ""


def _missed_plane(outcomes: xr.Dataset) -> str:
    """Tell whether outcomes are over two things that vary, whatever these are."""
    return "" if outcomes.variables["outcome"].ndim == 2 else "variable 'outcome' over two dimensions"


def _missed_bend(curvature: xr.Dataset) -> str:
    """Tell whether there is anything of a Hessian's spectrum: what was not asked for is not there."""
    variables = curvature.variables
    if "eigenvalues" in variables:
        return "" if "mode" in variables["eigenvalues"].dims else "variable 'eigenvalues' over (mode)"
    return "" if "lowest_residual" in variables or "trace_error" in variables else "variable 'eigenvalues'"


RUN = {"params": "run step param", "train_loss": "run step", "grad_norm": "run step", "last_step": "run"}
VALLEY = {
    **dict.fromkeys(("loss", "persistence", "joins"), "valley"),
    **{"position": "valley param", "pass_loss": "pass", "pass_merges": "pass"},
}
RIVAL = {
    **dict.fromkeys(("success", "success_low", "success_high", "learning_rate"), "optimizer"),
    **dict.fromkeys(("tuned_rate", "tuned_success"), "optimizer candidate"),
    "success_by_step": "optimizer step",
}
BESIDE = {
    **{"params": "framework step param", "difference": "framework step", "parts": "framework"},
    **{"reference": "step param", "bound": "step"},
}
DERAILMENT: Mapping[str, str] = dict.fromkeys(("run", "step", "left", "entered"), "derailment")
ALONG: Mapping[str, str] = dict.fromkeys(("x", "distance", "true_loss", "surface_loss"), "step")

RUNS = Kind("runs", "thalweg.descend", RUN)

Runs = Annotated[xr.Dataset, RUNS]
"""Runs over (run, step, param), from :func:`thalweg.descend`."""


@dataclass(frozen=True, eq=False)
class _Named(Rule):
    """Several datasets of a kind by name, or where ``alone`` one of it too; a refusal points at the first that is not.

    Attributes
    ----------
    kind : of all
    alone : whether one without a name is taken
    """

    fits: Callable[[object], bool] = field(init=False)
    words: str = field(init=False)
    kind: Kind
    alone: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", self._fits)
        few = f"{self.kind.name}, or several by name"
        object.__setattr__(self, "words", few if self.alone else f"a dictionary of {self.kind.name} by name")

    def _fits(self, value: object) -> bool:
        if isinstance(value, xr.Dataset) or not is_table(value):
            return self.alone and self.kind.fits(value)
        return bool(value) and all(map(self.kind.fits, value.values()))

    def refusal(self, name: str, value: object) -> str:
        if isinstance(value, xr.Dataset) or not is_table(value):
            return self.kind.refusal(name, value) if self.alone else super().refusal(name, value)
        if not value:
            return f"{name} = {{}} names no {self.kind.name}; give some by name" + ", or None" * self.alone
        key, item = next((key, item) for key, item in value.items() if not self.kind.fits(item))
        return self.kind.refusal(f"{name}[{key!r}]", item)


@dataclass(frozen=True, eq=False)
class _Listed(Rule):
    """One dataset of a kind or a list of them; a refusal points at the first that is not."""

    fits: Callable[[object], bool] = field(init=False)
    words: str = field(init=False)
    kind: Kind

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", self._fits)
        object.__setattr__(self, "words", f"{self.kind.name} or a list of them")

    def _fits(self, value: object) -> bool:
        if isinstance(value, list | tuple):
            return bool(value) and all(map(self.kind.fits, value))
        return self.kind.fits(value)

    def refusal(self, name: str, value: object) -> str:
        if not isinstance(value, list | tuple):
            return self.kind.refusal(name, value)
        if not value:
            return f"{name} = {shown(value)} is empty; give one or more of what {self.kind.source} returns"
        place, item = next((k, item) for k, item in enumerate(value) if not self.kind.fits(item))
        return self.kind.refusal(f"{name}[{place}]", item)


NamedRuns = Annotated[xr.Dataset | Mapping[str, xr.Dataset], _Named(RUNS, alone=True)]
"""Runs, or several by name, as of several optimisers."""

Surface = Annotated[xr.Dataset, Kind("a surface", "thalweg.survey", {"train_loss": ""}, misses=_missed_axis)]
"""An objective on a grid over its parameters, from :func:`thalweg.survey`."""

Valleys = Annotated[xr.Dataset, Kind("valleys", "thalweg.find_valleys", VALLEY, ("names",))]
"""Valleys, deepest first, from :func:`thalweg.find_valleys`."""

FIT = {"end_position": "start param", "end_loss": "start", "start_valley": "start"}

FITS = Kind("a fit", "thalweg.fit", VALLEY | {"share": "valley"} | FIT, ("names",))

Fits = Annotated[xr.Dataset, FITS]
"""The minima of a fit, from :func:`thalweg.fit`."""

NamedFits = Annotated[Mapping[str, xr.Dataset], _Named(FITS, alone=False)]
"""Several fits by name, as of several models or losses."""

PROFILE = {"loss": "first", "fixed_loss": "first", "params": "first param", "low": "along", "high": "along"}

Profile = Annotated[xr.Dataset, Kind("a profile likelihood", "thalweg.profile_likelihood", PROFILE, ("along", "level"))]
"""The loss of a fit along one parameter or two, the others at their best, from :func:`thalweg.profile_likelihood`."""

Derailments = Annotated[xr.Dataset, Kind("derailments", "thalweg.find_derailments", DERAILMENT, ("names", "runs"))]
"""Derailments over (derailment), from :func:`thalweg.find_derailments`."""

Kind("outcomes", "thalweg.outcomes", {"outcome": "run", "valley": "run"}, ("names",))

OutcomeMap = Annotated[
    xr.Dataset, Kind("an outcome map", "thalweg.outcome_map", {"outcome": ""}, ("names",), _missed_plane)
]
"""How runs end over two things that vary, from :func:`thalweg.outcome_map`."""

Race = Annotated[xr.Dataset, Kind("a race", "thalweg.race", RIVAL, ("names",))]
"""Optimisers compared, from :func:`thalweg.race`."""

PhaseDiagram = Annotated[
    xr.Dataset, Kind("a phase diagram", "thalweg.phase_diagram", {"valleys": "exponent noise"}, ("persistence",))
]
"""Counts of valleys over (exponent, noise), from :func:`thalweg.phase_diagram`."""

Comparison = Annotated[xr.Dataset, Kind("a comparison", "thalweg.frameworks.compare", BESIDE)]
"""One descent in several frameworks, from :func:`thalweg.frameworks.compare`."""

Kind("compared basins", "thalweg.compare_basins", {"flow_valley": "start", "run_valley": "start"})

Kind("paths", "thalweg.find_paths", {"path": "pair image param", "loss": "pair image"})

SLICES = Kind("a slice", "thalweg.networks.slice", {"loss": "x"}, ("x_name", "x_unit"))

Slice = Annotated[xr.Dataset, SLICES]
"""A network's loss over (y, x) or (x,), from :func:`thalweg.networks.slice`."""

Curve = Annotated[
    xr.Dataset,
    Kind("a curve between checkpoints", "thalweg.networks.interpolate", {"loss": "t", "distance": "t"}),
]
"""The loss along a way between two checkpoints, from :func:`thalweg.networks.interpolate`."""

Kind("a connection", "thalweg.networks.connect", {"bend": "param"})

PROJECTED = Kind("a projected path", "thalweg.networks.project", ALONG)

Projected = Annotated[xr.Dataset, PROJECTED]
"""A training run seen on a plane, from :func:`thalweg.networks.project`."""

ProjectedRuns = Annotated[xr.Dataset | Sequence[xr.Dataset], _Listed(PROJECTED)]
"""One training run seen on a plane, or several."""

Curvature = Annotated[xr.Dataset, Kind("a curvature", "thalweg.networks.curvature", {}, misses=_missed_bend)]
"""Eigenvalues, trace or density of a network's Hessian, from :func:`thalweg.networks.curvature`."""

RECORDING = Kind("a recording", "a recorder or thalweg.descend", {"params": "step param"})

Recording = Annotated[xr.Dataset, RECORDING]
"""The parameters of a training over (step, param), from a recorder; or one run of :func:`thalweg.descend`."""

Recordings = Annotated[xr.Dataset | Sequence[xr.Dataset], _Listed(RECORDING)]
"""One recording of a training, or several."""
