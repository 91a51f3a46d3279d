"""Descent: starts, and one compiled driver for many runs with any optax optimiser."""

from thalweg.descent import starts

__all__ = ["starts"]
