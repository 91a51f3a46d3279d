"""Versions of what computed a result, for its attributes."""

from __future__ import annotations

from functools import cache
from importlib import metadata

version = cache(metadata.version)
"""Looks a version up once: it is read from a file."""


def versions(*names: str) -> dict[str, str]:
    """Give ``{name}_version`` of installed packages."""
    return {f"{name}_version": version(name) for name in names}
