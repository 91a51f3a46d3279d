"""How the valleys of a fit change with its loss or its model."""

from thalweg.figures.compare_fits.compare_fits import compare_fits

__all__ = ["compare_fits"]
