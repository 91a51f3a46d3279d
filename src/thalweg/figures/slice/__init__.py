"""A slice of a network's surface, and a run projected onto it, with what the projection hides."""

from thalweg.figures.slice.slice import slice

__all__ = ["slice"]
