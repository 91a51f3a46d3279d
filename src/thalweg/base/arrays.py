"""Numbers of people: lists, arrays and tensors of any library become arrays, and losses are made fit to be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Annotated, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from thalweg.base.errors import InvalidValue
from thalweg.base.rules import Rule
from thalweg.base.showing import shown

WRONG = {"b": "holds True or False", "c": "is complex", "U": "holds texts", "S": "holds texts", "M": "holds dates"} | {
    "m": "holds times"
}
"""Kinds of arrays, by NumPy's letters, that are no real numbers although most of them can be made such."""


def numbers(name: str, value: object, advice: str = "give real numbers") -> np.ndarray:
    """Read real numbers; those of 32 and 64 bits keep their type, all others become 64-bit.

    A tensor of PyTorch may need gradients or lie on a device; a pandas Series is read in its order.

    Raises
    ------
    InvalidValue
        If it holds anything else: texts, dates, complex numbers, values that are masked or missing, rows of unequal
        length, or whole numbers that 64 bits cannot hold.

    Examples
    --------
    >>> numbers("starts", [1, 2.5]).tolist()
    [1.0, 2.5]
    >>> numbers("starts", ["1", "2"])
    Traceback (most recent call last):
    thalweg.base.errors.InvalidValue: starts = ['1', '2'] holds texts; give real numbers
    """
    array, wrong = _read(value)
    if wrong:
        raise InvalidValue(f"{name} = {shown(value)} {wrong}; {advice}")
    return array


def _read(value: object) -> tuple[np.ndarray, str]:
    """Read numbers, and say what is wrong with them; nothing where they are right."""
    nothing = np.empty(0)
    if isinstance(value, np.ma.MaskedArray):
        return nothing, "is masked, and there is no number where it is"
    read: Any = value
    if hasattr(read, "detach") and hasattr(read, "cpu"):  # a tensor of PyTorch, perhaps with a graph or on a device
        read = read.detach().cpu()
    elif isinstance(read, list | tuple):
        items = cast(Sequence[Any], read)
        if any(hasattr(item, "detach") for item in items):
            read = [item.detach().cpu() if hasattr(item, "detach") else item for item in items]
    try:
        array: np.ndarray = np.asarray(cast(ArrayLike, read))
        if array.dtype.kind == "O":
            array = _of_objects(array)
        if array.dtype.kind in WRONG:
            return nothing, WRONG[array.dtype.kind]
        return array if array.dtype.type in (np.float32, np.float64) else array.astype(np.float64), ""
    except OverflowError:
        return nothing, "is too large for 64 bits"
    except Exception:  # every library has errors of its own for what it cannot give
        return nothing, "cannot be read as numbers"


def _of_objects(array: np.ndarray) -> np.ndarray:
    """Read numbers of Python's own; whatever else it holds is an error."""
    if not all(not isinstance(item, bool) and isinstance(item, Real) for item in array.ravel().tolist()):
        raise TypeError
    return array.astype(np.float64)


class _Numbers(Rule):
    def refusal(self, name: str, value: object) -> str:
        return f"{name} = {shown(value)} {_read(value)[1]}; give {self.words}"


Numbers = Annotated[ArrayLike, _Numbers(lambda value: not _read(value)[1], "real numbers")]
"""One real number or an array of them, of any library: what :func:`numbers` reads."""


def cleaned(losses: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Write 0 for losses that are 0 to rounding beside the finite heights of their surface.

    Examples
    --------
    >>> cleaned(np.array([7.9e-31, 0.2]), np.array([0.0, 104.0, np.inf])).tolist()
    [0.0, 0.2]
    """
    highest = np.abs(heights[np.isfinite(heights)]).max(initial=0.0)
    return np.where(np.abs(losses) < np.finfo(float).eps * highest, 0.0, losses)


def mixed(vectors: Iterable[tuple[float, np.ndarray]]) -> np.ndarray:
    """Sum vectors by weights in 64 bits; as few as can be are held at once, since they may be large."""
    total = np.zeros(())
    for number, (weight, vector) in enumerate(vectors):
        wide = vector.astype(np.float64)
        if weight != 1:
            wide *= weight
        total = np.add(total, wide, out=total) if number else wide
    return total
