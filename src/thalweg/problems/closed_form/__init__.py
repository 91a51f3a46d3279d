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

from thalweg.base.catalogue import Catalogue
from thalweg.problems.closed_form.cusp import (
    ackley,
    bukin_6,
    cross_in_tray,
    drop_wave,
    eggholder,
    holder_table,
    schwefel,
)
from thalweg.problems.closed_form.polynomial import (
    beale,
    booth,
    goldstein_price,
    himmelblau,
    rosenbrock,
    six_hump_camel,
    styblinski_tang,
    three_hump_camel,
)
from thalweg.problems.closed_form.wave import easom, griewank, levy, mccormick, michalewicz, rastrigin, shubert

SURFACES = Catalogue(
    "surface",
    rosenbrock,
    himmelblau,
    six_hump_camel,
    three_hump_camel,
    rastrigin,
    ackley,
    beale,
    styblinski_tang,
    levy,
    griewank,
    shubert,
    eggholder,
    booth,
    goldstein_price,
    mccormick,
    schwefel,
    michalewicz,
    easom,
    cross_in_tray,
    holder_table,
    drop_wave,
    bukin_6,
)

__all__ = [
    "SURFACES",
    "ackley",
    "beale",
    "booth",
    "bukin_6",
    "cross_in_tray",
    "drop_wave",
    "easom",
    "eggholder",
    "goldstein_price",
    "griewank",
    "himmelblau",
    "holder_table",
    "levy",
    "mccormick",
    "michalewicz",
    "rastrigin",
    "rosenbrock",
    "schwefel",
    "shubert",
    "six_hump_camel",
    "styblinski_tang",
    "three_hump_camel",
]
