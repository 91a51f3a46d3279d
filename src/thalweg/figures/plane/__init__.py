"""The plane: a surface of two parameters seen from above, and as a landscape in a page."""

from thalweg.figures.plane.plane import plane

__all__ = ["plane"]
