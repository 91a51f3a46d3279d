"""Thalweg: loss surfaces with many valleys, optimisers sent down them, measured and shown.

Everything public is reached from here and imported when first used, so that ``import thalweg`` is quick, starts no
device and imports no plotting library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thalweg import figures, losses, problems
    from thalweg.base.compiling import remembering
    from thalweg.base.errors import ThalwegError
    from thalweg.base.status import Status
    from thalweg.descent import starts
    from thalweg.descent.descent import Descent
    from thalweg.descent.formulation import formulation
    from thalweg.descent.minibatch import Minibatch
    from thalweg.descent.optimizer import Optimizer
    from thalweg.losses.objective import objective
    from thalweg.study.compare_basins import compare_basins
    from thalweg.study.derailments import derailments, locate
    from thalweg.study.descend import descend
    from thalweg.study.find_valleys import find_valleys
    from thalweg.study.lowest_paths import lowest_paths
    from thalweg.study.methods import Design
    from thalweg.study.outcome_map import Along, outcome_map
    from thalweg.study.outcomes import outcomes
    from thalweg.study.phase_diagram import phase_diagram
    from thalweg.study.race import Course, Tuning, race
    from thalweg.study.record import record
    from thalweg.study.survey import survey
    from thalweg.study.tally import tally

_HOMES = {
    "figures": "thalweg.figures",
    "losses": "thalweg.losses",
    "outcome_map": "thalweg.study.outcome_map",
    "outcomes": "thalweg.study.outcomes",
    "phase_diagram": "thalweg.study.phase_diagram",
    "problems": "thalweg.problems",
    "starts": "thalweg.descent.starts",
    "Along": "thalweg.study.outcome_map",
    "Course": "thalweg.study.race",
    "Descent": "thalweg.descent.descent",
    "Design": "thalweg.study.methods",
    "Minibatch": "thalweg.descent.minibatch",
    "Optimizer": "thalweg.descent.optimizer",
    "Status": "thalweg.base.status",
    "Tuning": "thalweg.study.race",
    "ThalwegError": "thalweg.base.errors",
    "compare_basins": "thalweg.study.compare_basins",
    "derailments": "thalweg.study.derailments",
    "descend": "thalweg.study.descend",
    "find_valleys": "thalweg.study.find_valleys",
    "formulation": "thalweg.descent.formulation",
    "locate": "thalweg.study.derailments",
    "lowest_paths": "thalweg.study.lowest_paths",
    "objective": "thalweg.losses.objective",
    "race": "thalweg.study.race",
    "record": "thalweg.study.record",
    "remembering": "thalweg.base.compiling",
    "survey": "thalweg.study.survey",
    "tally": "thalweg.study.tally",
}

__all__ = [
    "Along",
    "Course",
    "Descent",
    "Design",
    "Minibatch",
    "Optimizer",
    "Status",
    "ThalwegError",
    "Tuning",
    "compare_basins",
    "derailments",
    "descend",
    "figures",
    "find_valleys",
    "formulation",
    "locate",
    "losses",
    "lowest_paths",
    "objective",
    "outcome_map",
    "outcomes",
    "phase_diagram",
    "problems",
    "race",
    "record",
    "remembering",
    "starts",
    "survey",
    "tally",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("thalweg")
    if name not in _HOMES:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    home = import_module(_HOMES[name])
    # A name that the module of the same name does not define is the module itself.
    value = getattr(home, name, home)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
