"""Which of many valleys a picture draws in full and names: the most persistent; the rest it draws faintly."""

from __future__ import annotations

import numpy as np

NAMED = 24
"""Valleys that are drawn in full at most."""


def ranked(persistence: np.ndarray) -> np.ndarray:
    """Put valleys in order: (valley,), their places, the most persistent first; where it is not known, the deepest.

    Examples
    --------
    >>> ranked(np.array([np.inf, 0.1, np.nan, 0.5])).tolist()
    [0, 3, 1, 2]
    """
    return np.argsort(-np.nan_to_num(persistence, nan=0.0), kind="stable")


def parted(persistence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Part valleys into those that are drawn in full, the most persistent first, and the rest."""
    kept, rest = np.split(ranked(persistence), [NAMED])
    return kept, rest


def called(kept: int, rest: int) -> str:
    """Name in a legend those that are drawn in full.

    Examples
    --------
    >>> called(5, 0), called(24, 97)
    ('valleys', 'the 24 most persistent valleys')
    """
    return f"the {kept} most persistent valleys" if rest else "valleys"
