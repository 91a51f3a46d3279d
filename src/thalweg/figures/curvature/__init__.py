"""The curvature of a network's loss: its spectrum at one point, or its leading eigenvalues along a run."""

from thalweg.figures.curvature.curvature import curvature

__all__ = ["curvature"]
