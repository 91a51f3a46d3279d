"""An experiment: everything that is needed to repeat a study, read from and written to one TOML file."""

from __future__ import annotations

import inspect
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.base import settings
from thalweg.base.catalogue import Catalogue
from thalweg.base.checks import choice, number, whole
from thalweg.base.errors import InvalidData, InvalidValue, UnknownName
from thalweg.base.precision import dtype_of
from thalweg.base.settings import Table
from thalweg.descent import grid, optimizers, starts
from thalweg.descent.descent import Descent
from thalweg.descent.minibatch import Minibatch
from thalweg.losses import CATALOGUE as LOSSES
from thalweg.losses.objective import Objective, objective
from thalweg.problems import CATALOGUE as PROBLEMS
from thalweg.problems.domain import Axis, Domain
from thalweg.problems.problem import Problem, Regression
from thalweg.study.find_derailments import FLOOR

SECTIONS = {
    "problem": (),
    "loss": (),
    "optimizer": (),
    "descent": ("starts", "steps", "precision", "minibatch", "shadows"),
    "surface": ("points", "domain"),
    "valleys": ("persistence", "floor"),
    "figures": ("formats", "animation"),
}

FORMATS = ("png", "svg", "html")

STARTS = Catalogue("kind of starts", starts.uniform, starts.even)


KINDS = {"problem": PROBLEMS, "loss": LOSSES, "optimizer": optimizers.CATALOGUE}


@dataclass(frozen=True, eq=False)
class Experiment:
    """A checked experiment; ``settings`` holds every value, defaults included."""

    objective: Objective
    descent: Descent
    starts: np.ndarray
    domain: Domain
    settings: dict[str, Table]

    @property
    def problem(self) -> Problem:
        """The problem of the objective."""
        return self.objective.problem


def load(path: str | Path, overrides: dict[str, Any] | None = None) -> Experiment:
    """Read an experiment file; ``overrides`` maps dotted keys, such as ``"loss.p"``, to values.

    Raises
    ------
    InvalidData
        If the file cannot be read or is not TOML.
    InvalidValue, UnknownName
        If a key or a value is not allowed.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidData(
            f"cannot read {path}: {reason}; give the path of an experiment file, or make one with 'thalweg new'"
        ) from None
    return parse(text, path.parent, overrides, name=str(path))


def parse(
    text: str,
    folder: Path | None = None,
    overrides: dict[str, Any] | None = None,
    *,
    name: str = "experiment",
) -> Experiment:
    """Read an experiment from TOML text; relative paths in it start from ``folder``."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also integers too long for Python
        raise InvalidData(f"{name} is not TOML: {error or 'too deeply nested'}; mend it there") from None
    for key, value in (overrides or {}).items():
        _override(tables, key, value)
    return build(tables, folder)


def build(tables: dict[str, Any], folder: Path | None = None) -> Experiment:
    """Check an experiment given as nested dictionaries and make everything that it names."""
    for key in tables:
        if key not in SECTIONS:
            raise UnknownName.of("section", key, SECTIONS)
    sections = {key: settings.table(tables.get(key, {}), key) for key in SECTIONS}
    for key, allowed in SECTIONS.items():
        if allowed:
            settings.check_keys(sections[key], allowed, key)
    if "problem" not in tables:
        raise InvalidValue('the experiment has no [problem]; give one, such as kind = "pencil"')
    problem, problem_settings = _problem(sections["problem"], folder)
    target, loss_settings = _objective(problem, tables.get("loss"))
    optimizer, optimizer_settings = optimizers.from_settings(
        tables.get("optimizer", {"kind": "sgd", "learning_rate": 0.05}), len(problem.domain)
    )
    positions, minibatch, descent = _descent(problem, sections["descent"])
    domain, surface = _surface(problem, sections["surface"])
    resolved = {
        "problem": problem_settings,
        "loss": loss_settings,
        "optimizer": optimizer_settings,
        "descent": descent,
        "surface": surface,
        "valleys": _valleys(sections["valleys"]),
        "figures": _figures(sections["figures"]),
    }
    return Experiment(
        target,
        Descent(optimizer, descent["steps"], minibatch, descent["precision"], descent["shadows"]),
        positions,
        domain,
        {key: table for key, table in resolved.items() if table},
    )


def _problem(table: Table, folder: Path | None) -> tuple[Problem, Table]:
    path = table.get("path")
    if folder is not None and isinstance(path, str):
        table = table | {"path": str(folder / path)}
    return settings.make(PROBLEMS, table, "problem")


def _objective(problem: Problem, table: Any) -> tuple[Objective, Table]:
    if table is None:
        if isinstance(problem, Regression):
            raise InvalidValue('the experiment has no [loss]; give one, such as kind = "fourth_root"')
        return objective(problem), {}
    loss, resolved = settings.make(LOSSES, table, "loss")
    return objective(problem, loss), resolved


def _descent(problem: Problem, table: Table) -> tuple[np.ndarray, Minibatch | None, Table]:
    given = table.get("starts", list(problem.start))
    resolved = {
        "starts": given,
        "steps": whole("descent.steps", table.get("steps", 100), at_least=1),
        "precision": table.get("precision", 64),
        "shadows": table.get("shadows", False),
    }
    if not isinstance(resolved["shadows"], bool):
        raise InvalidValue(f"descent.shadows = {settings.shown(resolved['shadows'])}; give true or false")
    dtype_of(resolved["precision"])
    if isinstance(given, dict):
        rest = {key: value for key, value in given.items() if key != "kind"}
        kind = given.get("kind", "uniform")
        if not isinstance(kind, str):
            raise InvalidValue(f"kind of starts = {settings.shown(kind)} is not a name; give uniform or even")
        maker = STARTS[kind]

        def spread(count: int, seed: int = 0) -> np.ndarray:
            return maker(problem, count, seed)

        def evenly(count: int) -> np.ndarray:
            return maker(problem, count)

        positions, filled = settings.call(spread if kind == "uniform" else evenly, rest, "descent.starts")
        resolved["starts"] = {"kind": kind, **filled}
    else:
        positions = starts.read(problem, given)
    minibatch = None
    if "minibatch" in table:
        minibatch, resolved["minibatch"] = settings.call(Minibatch, table["minibatch"], "descent.minibatch")
    return positions, minibatch, resolved


def _surface(problem: Problem, table: Table) -> tuple[Domain, Table]:
    domain = problem.domain
    given = settings.table(table.get("domain", {}), "surface.domain")
    settings.check_keys(given, problem.parameters, "surface.domain")
    if given:
        domain = Domain(_narrow(axis, given[axis.name]) if axis.name in given else axis for axis in domain)
    resolved: Table = {}
    if len(domain) in grid.POINTS:
        points = _points(table.get("points", grid.POINTS[len(domain)]))
        resolved["points"] = [len(along) for along in grid.coordinates(domain, points)]
    elif "points" in table:
        raise InvalidValue(
            f"surface.points = {table['points']!r}: {problem.name} has {len(domain)} parameters; leave points out"
        )
    if given:
        resolved["domain"] = given
    return domain, resolved


def _points(given: Any) -> int | list[int]:
    if isinstance(given, list):
        return [whole("surface.points", count) for count in given]
    return whole("surface.points", given)


def _narrow(axis: Axis, bounds: Any) -> Axis:
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise InvalidValue(f"surface.domain.{axis.name} = {settings.shown(bounds)}; give [low, high]")
    return Axis(axis.name, number("low", bounds[0]), number("high", bounds[1]), unit=axis.unit)


def _valleys(table: Table) -> Table:
    resolved: Table = {"floor": number("valleys.floor", table.get("floor", FLOOR), above=0, at_most=1)}
    if "persistence" in table:
        resolved["persistence"] = number("valleys.persistence", table["persistence"], at_least=0)
    return resolved


def _figures(table: Table) -> Table:
    formats = table.get("formats", list(FORMATS))
    if not isinstance(formats, list):
        raise InvalidValue(f"figures.formats = {settings.shown(formats)}; give a list of {', '.join(FORMATS)}")
    animation = table.get("animation", True)
    if not isinstance(animation, bool):
        raise InvalidValue(f"figures.animation = {settings.shown(animation)}; give true or false")
    return {
        "formats": [choice("figures.formats", value, FORMATS) for value in formats],
        "animation": animation,
    }


def _override(tables: dict[str, Any], dotted: str, value: Any) -> None:
    """Set one value; ``loss=quadratic`` is short for ``loss.kind=quadratic``."""
    if dotted in KINDS and isinstance(value, str):
        dotted += ".kind"
    *path, last = dotted.split(".")
    if not path or not last:
        raise InvalidValue(f"--set {dotted}: give section.key=value, such as loss.p=0.5")
    here: Any = tables
    for key in path:
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            raise InvalidValue(f"--set {dotted}: {key} is not a table; give section.key=value")
    if last == "kind" and path[0] in KINDS and isinstance(value, str):
        # A new kind keeps what it shares with the old one.
        known = (
            *inspect.signature(KINDS[path[0]][value]).parameters,
            "clip" if path[0] == "optimizer" else "",
        )
        for key in [key for key in here if key not in known]:
            del here[key]
    here[last] = value
