"""Losses: elementwise penalties of a residual, from powers to robust families.

``CATALOGUE[loss.name](**loss.settings)`` makes a loss again from its record.
"""

from thalweg.base.catalogue import Catalogue as _Catalogue
from thalweg.base.namespace import functions as _functions
from thalweg.base.namespace import namespace as _namespace
from thalweg.losses.barron import barron as barron
from thalweg.losses.loss import Loss as Loss
from thalweg.losses.power import absolute as absolute
from thalweg.losses.power import fourth_root as fourth_root
from thalweg.losses.power import power as power
from thalweg.losses.power import quadratic as quadratic
from thalweg.losses.power import root as root
from thalweg.losses.robust import cauchy as cauchy
from thalweg.losses.robust import geman_mcclure as geman_mcclure
from thalweg.losses.robust import huber as huber
from thalweg.losses.robust import log_cosh as log_cosh
from thalweg.losses.robust import tukey as tukey
from thalweg.losses.robust import welsch as welsch

# Every function that is imported here makes a loss; the first is the one that messages give as an example.
CATALOGUE = _Catalogue("loss", quadratic, *_functions(globals()))

__all__, __dir__ = _namespace(globals())
