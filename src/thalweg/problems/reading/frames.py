"""Tables in memory: arrays by name, and data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeAlias, cast

import numpy as np

from thalweg.base.arrays import numbers
from thalweg.base.errors import InvalidData
from thalweg.base.rules import Rule, is_path, is_table
from thalweg.problems.reading.table import Column, Table


def is_frame(data: Any) -> bool:
    """Tell whether something is a data frame: columns by name, as pandas has them."""
    return hasattr(data, "columns") and hasattr(data, "dtypes") and hasattr(data, "__getitem__")


Data: TypeAlias = Annotated[
    Any,
    Rule(
        lambda value: is_path(value) or is_table(value) or is_frame(value),
        "the path of a file, arrays by name, or a data frame",
    ),
]
"""A path, ``"-"`` for the standard input, columns by name, or a data frame of pandas."""


def read_frame(data: Any, source: str = "", facts: tuple[str, ...] = ()) -> Table:
    """Take arrays by name, or a data frame, for a table."""
    names = tuple(str(name) for name in (data.columns if is_frame(data) else data))
    if not names:
        raise InvalidData("data hold no columns; give the path of a CSV file, or arrays by name")
    items: Mapping[str, Any] | None = None if is_frame(data) else data

    def columns(places: Sequence[int]) -> tuple[list[Column], Sequence[int]]:
        given = {names[k]: data.iloc[:, k] if items is None else items[names[k]] for k in places}
        read = {name: _column(name, what) for name, what in given.items()}
        shapes = {name: np.shape(column) for name, column in read.items()}
        if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 1:
            raise InvalidData(f"columns have shapes {shapes}; give one-dimensional arrays of one length")
        return list(read.values()), range(1, len(next(iter(read.values()))) + 1)

    return Table(source, names, names, "row", facts, columns)


def _column(name: str, what: Any) -> Column:
    """Read a column: numbers, or texts where it holds texts, dates or a mixture."""
    given: Any = what
    kind: str = getattr(getattr(given, "dtype", None), "kind", "")
    if kind and kind in "iuf" and hasattr(given, "to_numpy"):  # nullable numbers of pandas, too
        return np.asarray(given.to_numpy(dtype=float, na_value=np.nan), float)
    if kind == "M" and getattr(given.dtype, "tz", None) is not None:
        given = given.dt.tz_convert("UTC").dt.tz_localize(None)
    array: np.ndarray | None = _array(given) if kind or isinstance(given, list | tuple) else None
    if array is not None and array.dtype.kind == "M":
        return [text.replace("T", " ") for text in np.datetime_as_string(array).tolist()]
    if array is not None and array.dtype.kind in "OUT" and array.ndim == 1:
        items: list[Any] = list(cast(Sequence[Any], given)) if isinstance(given, list | tuple) else array.tolist()
        if any(isinstance(item, str | date | datetime) for item in items):
            return [_text(item) for item in items]
        given = [np.nan if _is_nothing(item) else item for item in items]
    return numbers(f"column {name!r}", given).astype(float)  # pyright: ignore[reportUnknownArgumentType]


def _array(given: Any) -> np.ndarray | None:
    """Make an array of what is one; none of rows of unequal length."""
    try:
        return np.asarray(given)
    except ValueError:
        return None


def _text(item: Any) -> str:
    """Write an item as a text from which the same number is read, with an exponent so that its point is clear."""
    if _is_nothing(item):
        return ""
    if isinstance(item, datetime | date):
        return item.isoformat().replace("T", " ")
    if isinstance(item, float):
        return written(item)
    return str(item).strip()


def written(number: float) -> str:
    """Write a number so that its point is no sign between thousands: with an exponent.

    Examples
    --------
    >>> written(1.234), written(3.0)
    ('1.234e0', '3')
    """
    text = repr(float(number))
    if number.is_integer() and abs(number) < 2**53:
        return str(int(number))
    return text if "e" in text or text.lstrip("-") in ("inf", "nan") else f"{text}e0"


def _is_nothing(item: Any) -> bool:
    return item is None or type(item).__name__ in ("NAType", "NaTType") or (isinstance(item, float) and item != item)
