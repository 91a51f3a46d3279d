"""Problems: data, a model, a domain of parameters and, where known, the exact minima."""

from thalweg.base.catalogue import Catalogue as _Catalogue
from thalweg.base.namespace import functions as _functions
from thalweg.base.namespace import namespace as _namespace
from thalweg.problems.axis import Axis as Axis
from thalweg.problems.closed_form import *  # noqa: F403 - every surface by its name
from thalweg.problems.closed_form import SURFACES as SURFACES
from thalweg.problems.custom import function as function
from thalweg.problems.custom import regression as regression
from thalweg.problems.domain import Domain as Domain
from thalweg.problems.fit import fit as fit
from thalweg.problems.line import line as line
from thalweg.problems.nist import nist as nist
from thalweg.problems.pencil import pencil as pencil
from thalweg.problems.problem import Columns as Columns
from thalweg.problems.problem import Function as Function
from thalweg.problems.problem import Minimum as Minimum
from thalweg.problems.problem import Problem as Problem
from thalweg.problems.problem import Regression as Regression
from thalweg.problems.reading.reading import Reading as Reading
from thalweg.problems.split import Split as Split
from thalweg.problems.table import table as table

# Every function that is imported here makes a problem; two take a function of one's own, which no file can hold.
CATALOGUE = _Catalogue(
    "problem", pencil, *(made for made in _functions(globals()) if made not in (function, regression))
)

__all__, __dir__ = _namespace(globals())
