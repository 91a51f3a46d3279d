"""Writing the experiment file that repeats a fit."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thalweg.base.errors import OutputError

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment

USUAL = {"missing": "refuse", "most": 20}
"""Values that need not be written."""

DESCENT = """
[optimizer]                # for thalweg run, race and map: the same surface, descended by gradients
kind = "adam"
learning_rate = "auto"
scaled = true
"""


def check(path: Path, data: Path) -> None:
    """Refuse a file that is there, and data that no file could name, before any work."""
    if str(data) == "-":
        raise OutputError("--save names the file of the data, and these come from standard input; save them first")
    try:
        there = path.exists()
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    if there:
        raise OutputError(f"--save: {path} exists already; give another path")


def write(path: Path, experiment: Experiment) -> None:
    """Write a fit as an experiment file: its problem with all ranges, its loss and how it is searched.

    Ranges that were proposed stand there as comments, so that they are proposed anew where the data change.
    """
    text = _text(path, experiment)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None


def _text(path: Path, experiment: Experiment) -> str:
    import tomli_w

    settings = {key: dict(table) for key, table in experiment.settings.items()}
    problem = settings["problem"]
    given = problem.pop("ranges", {})
    data = Path(problem["data"])
    problem["data"] = os.path.relpath(data, path.parent) if data.is_relative_to(Path()) else str(data.resolve())
    search = {"starts": experiment.fit.starts, "seed": experiment.fit.seed}
    called = shlex.quote(str(path)) if str(path).isprintable() else "experiment.toml"
    parts = [
        f"# A fit of {data.name.encode('unicode_escape').decode()}. Run me:  thalweg fit {called}\n",
        tomli_w.dumps({"problem": _unusual(problem)}),
        "[problem.ranges]   # low:high, low:high:log, low:high:periodic, low:high:open, a number, or a formula\n"
        + _ranges(experiment, given),
        tomli_w.dumps({"loss": settings["loss"]}),
        tomli_w.dumps({"fit": search | _unusual(settings["fit"])}),
    ]
    return "\n".join(parts) + DESCENT


def _unusual(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is as usual: empty, or not asked for."""
    kept = {key: _unusual(what) if isinstance(what, dict) else what for key, what in table.items()}
    return {key: what for key, what in kept.items() if what and what != USUAL.get(key)}


def _ranges(experiment: Experiment, given: dict[str, Any]) -> str:
    import tomli_w

    from thalweg.problems.ranges import written

    lines = [tomli_w.dumps({name: what}) for name, what in given.items()]
    lines += [
        f"# {tomli_w.dumps({axis.name: written(axis, 3)}).strip()}   # proposed from the data\n"
        for axis in experiment.problem.domain
        if axis.name.partition("[")[0] not in given
    ]
    return "".join(lines)


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(f"--save: cannot write {path}: {getattr(error, 'strerror', None) or error}; give another path")
