"""Makers of optimisers that are named on the command line: any of optax's, and functions of a user's own module."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thalweg.base.errors import InvalidValue, UnknownName

RATE = "learning_rate"


def maker_of(text: str, parameters: int) -> Callable[..., Any]:
    """Find ``optax.NAME`` or ``module:name``, and try whether it makes an optimiser of a learning rate alone.

    A module is looked for in the present folder first, as Python does for a script. What it does when it is imported is
    its own affair; what it raises is told in one line.
    """
    from thalweg.descent.optimizer import Optimizer, attempt, recipe_of

    maker = _of_optax(text) if text.startswith("optax.") and ":" not in text else _of_module(text)
    example = "a function such as def mine(learning_rate): return optax.sgd(learning_rate, momentum=0.95)"
    try:
        taken = inspect.signature(maker).parameters
    except (TypeError, ValueError):
        raise InvalidValue(f"--optimizers {text} is no function; give {example}") from None
    more = [
        name
        for name, part in taken.items()
        if part.default is part.empty and part.kind not in (part.VAR_POSITIONAL, part.VAR_KEYWORD) and name != RATE
    ]
    if RATE not in taken or more:
        lacks = f"needs {' and '.join(more)} too" if RATE in taken else f"takes no {RATE}"
        raise InvalidValue(f"--optimizers {text} {lacks}; give {example}")
    try:
        attempt(recipe_of(Optimizer(maker, **{RATE: 1.0}))[0], parameters)
    except InvalidValue:
        raise
    except Exception as error:  # a user's own function may raise anything
        reason = (str(error).splitlines() or [""])[0]
        raise InvalidValue(
            f"--optimizers {text} makes no optimiser: {type(error).__name__}: {reason}; give {example}"
        ) from None
    return maker


def _of_optax(text: str) -> Callable[..., Any]:
    import optax

    name = text.removeprefix("optax.")
    known = [
        other
        for other in dir(optax)
        if not other.startswith("_")
        and inspect.isfunction(made := getattr(optax, other))
        and RATE in inspect.signature(made).parameters
    ]
    if name not in known:
        raise UnknownName.of("optimizer of optax", name, known)
    return getattr(optax, name)


def _of_module(text: str) -> Callable[..., Any]:
    module, _, name = text.partition(":")
    if not module or not name:
        raise InvalidValue(f"--optimizers {text} is not complete; give module:name, such as my_optimisers:mine")
    try:
        with _here():
            found = importlib.import_module(module)
    except Exception as error:  # whatever a user's module does when it is imported
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidValue(f"--optimizers {text}: cannot import {module}: {reason}; mend it, or its name") from None
    if not hasattr(found, name):
        raise UnknownName.of(f"name in {module}", name, [other for other in vars(found) if not other.startswith("_")])
    return getattr(found, name)


@contextmanager
def _here() -> Any:
    """Look for modules in the present folder first."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        yield
    finally:
        sys.path.pop(0)
