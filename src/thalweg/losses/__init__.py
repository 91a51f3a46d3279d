"""Losses: elementwise penalties of a residual, from powers to robust families.

``CATALOGUE[loss.name](**loss.settings)`` makes a loss again from its record.
"""

from thalweg.base.catalogue import Catalogue
from thalweg.losses.barron import barron
from thalweg.losses.loss import Loss
from thalweg.losses.power import absolute, fourth_root, power, quadratic, root
from thalweg.losses.robust import cauchy, geman_mcclure, huber, log_cosh, tukey, welsch

CATALOGUE = Catalogue(
    "loss",
    quadratic,
    absolute,
    fourth_root,
    root,
    power,
    huber,
    log_cosh,
    cauchy,
    geman_mcclure,
    welsch,
    tukey,
    barron,
)

__all__ = [
    "CATALOGUE",
    "Loss",
    "absolute",
    "barron",
    "cauchy",
    "fourth_root",
    "geman_mcclure",
    "huber",
    "log_cosh",
    "power",
    "quadratic",
    "root",
    "tukey",
    "welsch",
]
