"""How a value looks in a message: one short line, whatever it is."""

from __future__ import annotations

import reprlib
from contextlib import suppress
from typing import Any, cast

WIDTH = 60
"""Characters of a value at most."""

LONG = 10**40
"""Whole numbers from here on are shown by their number of digits."""

_PLAIN = {str, bytes, bool, int, float, complex, list, tuple, dict, set, frozenset, type(None), range}


class _Short(reprlib.Repr):
    """Shows the items of lists and tables as it shows them alone."""

    def repr_instance(self, x: object, level: int) -> str:
        return super().repr_instance(x, level) if type(x) in _PLAIN else shown(x)


_short = _Short()
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = _short.maxfrozenset = 8
_short.maxstring = _short.maxlong = _short.maxother = WIDTH


def shown(value: object) -> str:
    """Show a value in a message: a number or a text as it is written, an array by its shape, else the kind of thing.

    Examples
    --------
    >>> shown([0.1] * 1000)
    '[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, ...]'
    >>> import numpy as np
    >>> shown(np.float64(0.1)), shown(np.zeros((3, 4))), shown(shown)
    ('0.1', '<ndarray of shape (3, 4)>', '<function shown>')
    """
    if isinstance(value, int) and not -LONG < value < LONG:
        return f"<a whole number of {value.bit_length() * 1233 // 4096 + 1:,} digits>"  # log10(2) = 1233 / 4096
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return _array(value, tuple(shape))  # pyright: ignore[reportUnknownArgumentType]
    if type(value) not in _PLAIN:
        return _thing(value)
    try:
        text = " ".join(_short.repr(value).split())
    except ValueError:  # Python refuses to print integers of more than 4300 digits, in a list too
        return f"<{type(value).__name__} of very long numbers>"
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def _array(value: object, shape: tuple[object, ...]) -> str:
    """Show what holds but one number as that number."""
    item: object = value
    if not shape and hasattr(value, "item"):
        with suppress(Exception):  # whatever a framework raises, say of a traced value
            item = cast(Any, value).item()
        if type(item) in _PLAIN:
            return shown(item)
    return f"<{type(value).__name__} of shape {shape}>"


def _thing(value: object) -> str:
    """Show what is no plain value by what it is, or as it shows itself where that is short."""
    if isinstance(value, type):
        return f"<class {value.__name__}>"
    name = getattr(value, "__name__", None)
    if callable(value) and isinstance(name, str):
        return f"<function {name}>"
    try:
        text = repr(value)
    except Exception:  # a repr of the user's own may do anything
        text = ""
    plain = text and len(text) <= WIDTH and "\n" not in text and " at 0x" not in text
    return text if plain else f"<{type(value).__name__}>"
