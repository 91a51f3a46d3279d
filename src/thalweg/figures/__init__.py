"""Figures, one file each, drawn static, interactive and moving from the same arrays."""

from thalweg.base.namespace import namespace as _namespace
from thalweg.figures.barcode import barcode as barcode
from thalweg.figures.basins import basins as basins
from thalweg.figures.compare import compare as compare
from thalweg.figures.compare_fits import compare_fits as compare_fits
from thalweg.figures.crown import crown as crown
from thalweg.figures.curvature import curvature as curvature
from thalweg.figures.data import data as data
from thalweg.figures.figure import Figure as Figure
from thalweg.figures.fit import fit as fit
from thalweg.figures.fit_curves import fit_curves as fit_curves
from thalweg.figures.fit_pairs import fit_pairs as fit_pairs
from thalweg.figures.interpolate import interpolate as interpolate
from thalweg.figures.loss import loss as loss
from thalweg.figures.merge_tree import merge_tree as merge_tree
from thalweg.figures.outcome_map import outcome_map as outcome_map
from thalweg.figures.parameter import parameter as parameter
from thalweg.figures.phase_diagram import phase_diagram as phase_diagram
from thalweg.figures.plane import plane as plane
from thalweg.figures.profile import profile as profile
from thalweg.figures.profile_likelihood import profile_likelihood as profile_likelihood
from thalweg.figures.race import race as race
from thalweg.figures.slice import slice as slice
from thalweg.figures.waterfall import waterfall as waterfall

__all__, __dir__ = _namespace(globals())
