"""Where runs start: uniform at random, evenly spread over a domain, or by a Sobol sequence."""

from thalweg.base.namespace import namespace as _namespace
from thalweg.descent.starts import Sobol as Sobol
from thalweg.descent.starts import even as even
from thalweg.descent.starts import uniform as uniform

__all__, __dir__ = _namespace(globals())
