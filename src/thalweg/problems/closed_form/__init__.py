"""Closed-form test surfaces of the optimisation literature, found by name.

Each is made by one plain function and carries its usual box, a start that is worth watching, and the minima
that the literature states, polished to the last digit of 64-bit numbers.

Examples
--------
>>> surface = SURFACES["himmelblau"]()
>>> len(surface.minima), surface.minima[0].position
(4, (3.0, 2.0))
>>> SURFACES["rastrigin"](dimension=3).parameters
('x1', 'x2', 'x3')
"""

from thalweg.base.catalogue import Catalogue as _Catalogue
from thalweg.base.namespace import functions as _functions
from thalweg.base.namespace import namespace as _namespace
from thalweg.problems.closed_form.cusp import ackley as ackley
from thalweg.problems.closed_form.cusp import bukin_6 as bukin_6
from thalweg.problems.closed_form.cusp import cross_in_tray as cross_in_tray
from thalweg.problems.closed_form.cusp import drop_wave as drop_wave
from thalweg.problems.closed_form.cusp import eggholder as eggholder
from thalweg.problems.closed_form.cusp import holder_table as holder_table
from thalweg.problems.closed_form.cusp import schwefel as schwefel
from thalweg.problems.closed_form.polynomial import beale as beale
from thalweg.problems.closed_form.polynomial import booth as booth
from thalweg.problems.closed_form.polynomial import goldstein_price as goldstein_price
from thalweg.problems.closed_form.polynomial import himmelblau as himmelblau
from thalweg.problems.closed_form.polynomial import rosenbrock as rosenbrock
from thalweg.problems.closed_form.polynomial import six_hump_camel as six_hump_camel
from thalweg.problems.closed_form.polynomial import styblinski_tang as styblinski_tang
from thalweg.problems.closed_form.polynomial import three_hump_camel as three_hump_camel
from thalweg.problems.closed_form.wave import easom as easom
from thalweg.problems.closed_form.wave import griewank as griewank
from thalweg.problems.closed_form.wave import levy as levy
from thalweg.problems.closed_form.wave import mccormick as mccormick
from thalweg.problems.closed_form.wave import michalewicz as michalewicz
from thalweg.problems.closed_form.wave import rastrigin as rastrigin
from thalweg.problems.closed_form.wave import shubert as shubert

SURFACES = _Catalogue("surface", *_functions(globals()))

__all__, __dir__ = _namespace(globals())
