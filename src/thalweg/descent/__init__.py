"""Descent: starts, and one compiled driver for many runs with any optax optimiser."""

from thalweg.descent.minibatch import Minibatch

__all__ = ["Minibatch"]
