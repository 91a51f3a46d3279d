"""Directions of slices: each function makes a plane through a network's parameters.

``gaussian``, ``orthonormal`` and ``filter_normalised`` are random, ``principal`` are those of a training run,
``hessian`` those in which the loss bends most; ``between`` lays a line or plane through checkpoints, and ``given``
takes your own.
"""

from thalweg.base.namespace import namespace as _namespace
from thalweg.geometry.directions import between as between
from thalweg.geometry.directions import filter_normalised as filter_normalised
from thalweg.geometry.directions import gaussian as gaussian
from thalweg.geometry.directions import given as given
from thalweg.geometry.directions import orthonormal as orthonormal
from thalweg.geometry.eigenvectors import hessian as hessian
from thalweg.networks.principal import principal as principal

__all__, __dir__ = _namespace(globals())
