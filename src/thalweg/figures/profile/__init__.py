"""The profile: a surface of one parameter as a curve."""

from thalweg.figures.profile.profile import profile

__all__ = ["profile"]
