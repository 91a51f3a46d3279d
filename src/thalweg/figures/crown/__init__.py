"""The crown: a loss over the circle of its one parameter, the loss upwards, and a run on it."""

from thalweg.figures.crown.crown import crown

__all__ = ["crown"]
