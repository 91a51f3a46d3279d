"""The profile likelihood of a fit: its loss along one parameter or two, the others at their best."""

from thalweg.figures.profile_likelihood.profile_likelihood import profile_likelihood

__all__ = ["profile_likelihood"]
