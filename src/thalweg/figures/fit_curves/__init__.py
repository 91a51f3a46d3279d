"""The curves of a fit's valleys over the data, and the residuals that each leaves."""

from thalweg.figures.fit_curves.fit_curves import fit_curves

__all__ = ["fit_curves"]
