"""Figures, one file each, drawn static, interactive and moving from the same arrays."""

from thalweg.base.catalogue import Catalogue
from thalweg.figures.barcode import barcode
from thalweg.figures.basins import basins
from thalweg.figures.compare import compare
from thalweg.figures.crown import crown
from thalweg.figures.curvature import curvature
from thalweg.figures.data import data
from thalweg.figures.figure import Figure
from thalweg.figures.fit import fit
from thalweg.figures.gallery import gallery
from thalweg.figures.interpolate import interpolate
from thalweg.figures.loss import loss
from thalweg.figures.merge_tree import merge_tree
from thalweg.figures.outcome_map import outcome_map
from thalweg.figures.parameter import parameter
from thalweg.figures.phase_diagram import phase_diagram
from thalweg.figures.plane import plane
from thalweg.figures.profile import profile
from thalweg.figures.race import race
from thalweg.figures.slice import slice

CATALOGUE = Catalogue(
    "figure",
    crown,
    profile,
    plane,
    basins,
    barcode,
    merge_tree,
    phase_diagram,
    outcome_map,
    race,
    compare,
    slice,
    interpolate,
    curvature,
    data,
    fit,
    loss,
    parameter,
)

__all__ = [
    "CATALOGUE",
    "Figure",
    "barcode",
    "basins",
    "compare",
    "crown",
    "curvature",
    "data",
    "fit",
    "gallery",
    "interpolate",
    "loss",
    "merge_tree",
    "outcome_map",
    "parameter",
    "phase_diagram",
    "plane",
    "profile",
    "race",
    "slice",
]
