"""Versions of what computed a result, for its attributes."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


def versions(*names: str) -> dict[str, str]:
    """Give ``{name}_version`` of installed packages."""
    return {f"{name}_version": _version(name) for name in names}


@cache
def _version(name: str) -> str:
    """Look a version up once: it is read from a file."""
    return version(name)
