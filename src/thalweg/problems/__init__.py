"""Problems: data, a model, a domain of parameters and, where known, the exact minima."""

from thalweg.base.catalogue import Catalogue
from thalweg.problems import closed_form
from thalweg.problems.closed_form import *  # noqa: F403 - every surface by its name
from thalweg.problems.closed_form import SURFACES
from thalweg.problems.custom import function, regression
from thalweg.problems.line import line
from thalweg.problems.pencil import pencil
from thalweg.problems.problem import Axis, Columns, Domain, Function, Minimum, Problem, Regression
from thalweg.problems.split import Split
from thalweg.problems.table import table

CATALOGUE = Catalogue("problem", pencil, line, table, *SURFACES.values())

__all__ = [
    "CATALOGUE",
    "Axis",
    "Columns",
    "Domain",
    "Function",
    "Minimum",
    "Problem",
    "Regression",
    "Split",
    "function",
    "line",
    "pencil",
    "regression",
    "table",
]
__all__ += closed_form.__all__
