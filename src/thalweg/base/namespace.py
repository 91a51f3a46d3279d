"""Public namespaces: modules that show what they import for users, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isfunction
from types import ModuleType
from typing import Any


def namespace(names: Mapping[str, Any]) -> tuple[list[str], Callable[[], list[str]]]:
    """Make ``__all__`` and ``__dir__`` of a module whose public names are all that it is for.

    Such a module only imports, each name with its alias (``from … import pencil as pencil``), which tells type checkers
    that it is meant for users. So a new public name is one new line. It is called last:
    ``__all__, __dir__ = namespace(globals())``. Submodules, which Python adds to a package by itself, are left out.
    """
    public = sorted(name for name, value in names.items() if name[0] != "_" and not isinstance(value, ModuleType))
    return public, public.copy


def functions(names: Mapping[str, Any]) -> list[Callable[..., Any]]:
    """List the public functions of such a module, in the order in which it imports them."""
    return [value for name, value in names.items() if name[0] != "_" and isfunction(value)]
