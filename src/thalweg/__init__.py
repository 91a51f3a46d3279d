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
    from thalweg.bridges import examples
    from thalweg.bridges.checkpoint import checkpoint
    from thalweg.bridges.compare.compare import compare
    from thalweg.bridges.descend import descend_in
    from thalweg.bridges.network import network
    from thalweg.bridges.recorder import recorder
    from thalweg.descent import starts
    from thalweg.descent.descent import Descent
    from thalweg.descent.formulation import formulation
    from thalweg.descent.minibatch import Minibatch
    from thalweg.descent.optimizer import Optimizer
    from thalweg.losses.objective import objective
    from thalweg.study import directions
    from thalweg.study.compare_basins import compare_basins
    from thalweg.study.connect import connect
    from thalweg.study.curvature import curvature
    from thalweg.study.derailments import derailments, locate
    from thalweg.study.descend import descend
    from thalweg.study.find_valleys import find_valleys
    from thalweg.study.interpolate import interpolate
    from thalweg.study.lowest_paths import lowest_paths
    from thalweg.study.methods import Design
    from thalweg.study.outcome_map import Along, outcome_map
    from thalweg.study.outcomes import outcomes
    from thalweg.study.phase_diagram import phase_diagram
    from thalweg.study.project import project
    from thalweg.study.race import Course, Tuning, race
    from thalweg.study.record import record
    from thalweg.study.recording import recording
    from thalweg.study.slices import take_slice
    from thalweg.study.survey import survey
    from thalweg.study.tally import tally
    from thalweg.surface.network import Network
    from thalweg.surface.plane import Plane

_HOMES = {
    "Along": "thalweg.study.outcome_map",
    "Course": "thalweg.study.race",
    "Descent": "thalweg.descent.descent",
    "Design": "thalweg.study.methods",
    "Minibatch": "thalweg.descent.minibatch",
    "Network": "thalweg.surface.network",
    "Optimizer": "thalweg.descent.optimizer",
    "Plane": "thalweg.surface.plane",
    "Status": "thalweg.base.status",
    "ThalwegError": "thalweg.base.errors",
    "Tuning": "thalweg.study.race",
    "checkpoint": "thalweg.bridges.checkpoint",
    "compare": "thalweg.bridges.compare.compare",
    "compare_basins": "thalweg.study.compare_basins",
    "connect": "thalweg.study.connect",
    "curvature": "thalweg.study.curvature",
    "derailments": "thalweg.study.derailments",
    "descend": "thalweg.study.descend",
    "descend_in": "thalweg.bridges.descend",
    "directions": "thalweg.study.directions",
    "examples": "thalweg.bridges.examples",
    "figures": "thalweg.figures",
    "find_valleys": "thalweg.study.find_valleys",
    "formulation": "thalweg.descent.formulation",
    "interpolate": "thalweg.study.interpolate",
    "locate": "thalweg.study.derailments",
    "losses": "thalweg.losses",
    "lowest_paths": "thalweg.study.lowest_paths",
    "network": "thalweg.bridges.network",
    "objective": "thalweg.losses.objective",
    "outcome_map": "thalweg.study.outcome_map",
    "outcomes": "thalweg.study.outcomes",
    "phase_diagram": "thalweg.study.phase_diagram",
    "problems": "thalweg.problems",
    "project": "thalweg.study.project",
    "race": "thalweg.study.race",
    "record": "thalweg.study.record",
    "recorder": "thalweg.bridges.recorder",
    "recording": "thalweg.study.recording",
    "remembering": "thalweg.base.compiling",
    "starts": "thalweg.descent.starts",
    "survey": "thalweg.study.survey",
    "take_slice": "thalweg.study.slices",
    "tally": "thalweg.study.tally",
}

__all__ = [
    "Along",
    "Course",
    "Descent",
    "Design",
    "Minibatch",
    "Network",
    "Optimizer",
    "Plane",
    "Status",
    "ThalwegError",
    "Tuning",
    "checkpoint",
    "compare",
    "compare_basins",
    "connect",
    "curvature",
    "derailments",
    "descend",
    "descend_in",
    "directions",
    "examples",
    "figures",
    "find_valleys",
    "formulation",
    "interpolate",
    "locate",
    "losses",
    "lowest_paths",
    "network",
    "objective",
    "outcome_map",
    "outcomes",
    "phase_diagram",
    "problems",
    "project",
    "race",
    "record",
    "recorder",
    "recording",
    "remembering",
    "starts",
    "survey",
    "take_slice",
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
