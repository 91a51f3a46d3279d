"""Where all starts of a fit end, over every two of its parameters."""

from thalweg.figures.fit_pairs.fit_pairs import fit_pairs

__all__ = ["fit_pairs"]
