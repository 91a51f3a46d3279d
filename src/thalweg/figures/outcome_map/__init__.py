"""The outcome map: how every run of a grid of runs ended."""

from thalweg.figures.outcome_map.outcome_map import outcome_map

__all__ = ["outcome_map"]
