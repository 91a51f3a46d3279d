"""An experiment: everything that is needed to repeat a study, read from and written to one TOML file.

A section is read by the signature of what it makes (:func:`thalweg.base.settings.call`): ``[problem]``, ``[loss]`` and
``[optimizer]`` by that of the function of their ``kind``, the others by the dataclasses below. So a new setting is a
new parameter, and its name, type and default stand in one place.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.base import settings
from thalweg.base.catalogue import Catalogue
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.files import parse_toml, read_text
from thalweg.base.settings import Table
from thalweg.base.showing import shown
from thalweg.descent import grid, optimizers, starts
from thalweg.descent.descent import Descent
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.rates import AUTO, RATE, find_rate
from thalweg.experiment.overrides import override, typed
from thalweg.experiment.sections import Figures, Fitting, Going, Surface, Valleys, held
from thalweg.losses import CATALOGUE as LOSSES
from thalweg.losses.objective import Objective, objective
from thalweg.problems import CATALOGUE as PROBLEMS
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.fixed import fix
from thalweg.problems.problem import Problem, Regression
from thalweg.problems.reading.content import STANDARD

STARTS = Catalogue("kind of starts", starts.uniform, starts.even)

KINDS = {"problem": PROBLEMS, "loss": LOSSES, "optimizer": optimizers.CATALOGUE}

FIXED = "fixed"

FILES = ("path", "data")
"""Keys of ``[problem]`` that name a table."""


SECTIONS = {
    **KINDS,
    FIXED: held,
    "fit": Fitting,
    "descent": Going,
    "surface": Surface,
    "valleys": Valleys,
    "figures": Figures,
}


@dataclass(frozen=True, eq=False)
class Experiment:
    """A checked experiment.

    Attributes
    ----------
    objective : what is descended and surveyed
    descent : how runs are made
    starts : from where, shape (run, param)
    domain : what is surveyed
    points : along each axis; None where a grid cannot hold so many parameters
    fit, valleys, figures : sections of the file
    settings : every value by section, defaults included, as TOML can hold it
    call : what a command that repeats it is given: the file, and what replaces its values
    found : what was found where the file leaves it to us, in a sentence; nothing where it does not
    """

    objective: Objective
    descent: Descent
    starts: np.ndarray
    domain: Domain
    points: Sequence[int] | None
    fit: Fitting
    valleys: Valleys
    figures: Figures
    settings: dict[str, Table]
    call: str = "experiment.toml"
    found: str = ""

    @property
    def problem(self) -> Problem:
        """The problem of the objective."""
        return self.objective.problem


def load(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """Read an experiment file; ``overrides`` maps dotted keys, such as ``"loss.p"``, to values.

    Raises
    ------
    InvalidData
        If the file cannot be read, is no file, is larger than :data:`thalweg.base.files.MOST` bytes, or is not TOML.
    InvalidValue, UnknownName
        If a key or a value is not allowed.
    """
    path = Path(path)
    text = read_text(path, "the path of an experiment file, or make one with 'thalweg new'")
    call = shlex.join([str(path), *typed(overrides or {})])
    return replace(parse(text, path.parent, overrides, name=str(path)), call=call)


def parse(
    text: str, folder: Path | None = None, overrides: Mapping[str, Any] | None = None, *, name: str = "experiment"
) -> Experiment:
    """Read an experiment from TOML text; relative paths in it start from ``folder``."""
    return changed(parse_toml(text, name), overrides or {}, folder)


def changed(tables: dict[str, Any], overrides: Mapping[str, Any], folder: Path | None = None) -> Experiment:
    """Check an experiment of nested dictionaries in which some values are replaced, by dotted key."""
    for key, value in overrides.items():
        override(tables, key, value, KINDS)
    return build(tables, folder)


def build(tables: Mapping[str, Any], folder: Path | None = None) -> Experiment:
    """Check an experiment given as nested dictionaries and make everything that it names."""
    for key in tables:
        if key not in SECTIONS:
            raise UnknownName.of("section", key, SECTIONS)
    if "problem" not in tables:
        raise InvalidValue('the experiment has no [problem]; give one, such as kind = "pencil"')
    resolved: dict[str, Table] = {}
    problem = _problem(tables["problem"], folder, resolved)
    resolved[FIXED] = settings.table(tables.get(FIXED, {}), FIXED)
    if resolved[FIXED]:
        problem = fix(problem, resolved[FIXED])
    target = _objective(problem, tables.get("loss"), resolved)
    default = {"kind": "sgd", "learning_rate": 0.05}
    optimizer, resolved["optimizer"], found = _optimizer(tables.get("optimizer", default), target)

    def section(key: str) -> Any:
        made, resolved[key] = settings.call(SECTIONS[key], tables.get(key, {}), key)
        return made

    going: Going = section("descent")
    positions, listed = _starts(problem, going.starts)
    resolved["descent"] = {"starts": listed} | resolved["descent"] | {"starts": listed}  # first, as in the templates
    surface: Surface = section("surface")
    domain = _domain(problem, surface)
    points = _points(problem, domain, surface)
    if points is not None:
        resolved["surface"]["points"] = points
    valleys, figures, fitting = section("valleys"), section("figures"), section("fit")
    if "fit" not in tables and problem.name != "fit":
        del resolved["fit"]
    descent = Descent(optimizer, going.steps, going.minibatch, going.precision, going.shadows)
    kept = {key: resolved[key] for key in SECTIONS if resolved.get(key)}
    return Experiment(target, descent, positions, domain, points, fitting, valleys, figures, kept, found=found)


def _problem(given: Any, folder: Path | None, resolved: dict[str, Table]) -> Problem:
    table = settings.table(given, "problem")
    key = file_of(table)
    if folder is not None and key and table[key] != STANDARD:
        table[key] = str(folder / table[key])
    problem, resolved["problem"] = settings.make(PROBLEMS, table, "problem")
    return problem


def file_of(problem: Mapping[str, Any]) -> str:
    """Tell which key of ``[problem]`` names a table of the user's own; empty for none."""
    return next((key for key in FILES if isinstance(problem.get(key), str)), "")


def _objective(problem: Problem, given: Any, resolved: dict[str, Table]) -> Objective:
    if given is None:
        if isinstance(problem, Regression):
            raise InvalidValue('the experiment has no [loss]; give one, such as kind = "fourth_root"')
        return objective(problem)
    loss, resolved["loss"] = settings.make(LOSSES, given, "loss")
    return objective(problem, loss)


def _starts(problem: Problem, given: Any) -> tuple[np.ndarray, Any]:
    """Make the starts, of a kind or as they are listed; returns their settings too."""
    if given is None:
        given = list(problem.start)
    if not isinstance(given, dict):
        return starts.read(problem, given), given
    return settings.make(STARTS, {"kind": "uniform"} | given, "descent.starts", problem)


def _domain(problem: Problem, surface: Surface) -> Domain:
    given = surface.domain or {}
    settings.check_keys(given, problem.parameters, "surface.domain")
    if not given:
        return problem.domain
    return Domain([_narrow(axis, given[axis.name]) if axis.name in given else axis for axis in problem.domain])


def _narrow(axis: Axis, bounds: Any) -> Axis:
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise InvalidValue(f"surface.domain.{axis.name} = {shown(bounds)}; give [low, high]")
    return Axis(axis.name, number("low", bounds[0]), number("high", bounds[1]), unit=axis.unit)


def _optimizer(table: Any, target: Objective) -> tuple[Optimizer, Table, str]:
    """Make the optimiser, in lengths of the axes where it is ``scaled``, and find a learning rate of ``"auto"``.

    Returns it with its settings, the rate found among them, and a sentence about that.
    """
    given = settings.table(table, "optimizer")
    scaled = given.pop("scaled", False)
    if not isinstance(scaled, bool):
        raise InvalidValue(f"optimizer.scaled = {shown(scaled)} is not allowed; give true or false")
    scales, auto = tuple(target.problem.domain.lengths.tolist()), given.get(RATE) == AUTO
    optimizer, resolved = optimizers.from_settings(given | ({RATE: 1.0} if auto else {}), len(scales))
    if scaled and optimizers.finds_rate(optimizer, len(scales)):
        raise InvalidValue(f"optimizer.scaled = true: {resolved['kind']} finds its own scales; leave scaled out")
    units = scales if scaled else None
    found = ""
    if auto:
        rate = resolved[RATE] = find_rate(target, optimizer, units)
        optimizer = optimizer.replace(**{RATE: rate})
        way = "optimizer.learning_rate sets another"
        found = f"The learning rate {rate:g} was found from the surface's median slope; {way}."
    if scaled:
        optimizer, resolved["scaled"] = optimizer.replace(scales=scales), True
    return optimizer, resolved, found


def _points(problem: Problem, domain: Domain, surface: Surface) -> list[int] | None:
    if len(domain) in grid.POINTS:
        with settings.keys("surface", ["points"]):
            return [len(along) for along in grid.coordinates(domain, surface.points)]
    if surface.points is not None:
        raise InvalidValue(
            f"surface.points = {shown(surface.points)}: {problem.name} has {len(domain)} parameters; leave points out"
        )
    return None
