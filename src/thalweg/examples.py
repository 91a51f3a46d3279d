"""Small networks and real data to begin with: the same network in every framework, from the same first weights."""

from thalweg.base.namespace import namespace as _namespace
from thalweg.frameworks.examples import Data as Data
from thalweg.frameworks.examples import cnn as cnn
from thalweg.frameworks.examples import diabetes as diabetes
from thalweg.frameworks.examples import digits as digits
from thalweg.frameworks.examples import mlp as mlp

__all__, __dir__ = _namespace(globals())
