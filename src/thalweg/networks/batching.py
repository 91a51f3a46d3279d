"""The verb ``batches``: data as users hold them, read once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, islice, repeat
from typing import Any

import numpy as np

from thalweg.base.border import from_, public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.frameworks.common.batches import (
    Combine,
    Nest,
    Task,
    described,
    is_array,
    is_nest,
    is_uneven,
    mapped,
    parted,
    plain_numbers,
    rows_of,
)
from thalweg.frameworks.common.chance import untouched
from thalweg.frameworks.common.portions import check_rows


@from_("thalweg.networks.batches")
@dataclass(frozen=True, eq=False)
class Batches:
    """Data of a network, in one batch or several, and how their losses make one number.

    Made by :func:`thalweg.networks.batches`.

    Attributes
    ----------
    parts : the batches, each any nesting of arrays
    combine : ``"rows"``, ``"batches"`` or ``"sum"``
    whole : of which they were cut; None where they were not

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> tw.networks.batches([{"x": np.ones(3)}, {"x": np.ones(2)}], combine="sum")
    Batches(combine='sum')
    """

    parts: tuple[Nest, ...] = field(repr=False)
    combine: Combine = "rows"
    whole: Nest = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.parts)


@public
def batches(data: Any, *, most: int | None = None, rows: int | None = None, combine: Combine = "rows") -> Batches:
    """Read the data of a network once, and say how the losses of several batches make one number.

    A loss is evaluated at thousands of points, so the data must be the same each time: what a loader gives is kept.
    Loaders draw random numbers to shuffle; the states of the generators are afterwards what they were.

    Parameters
    ----------
    data : one batch: an array, or tuples, dictionaries and dataclasses of arrays, of any depth, with whatever else the
        model takes among them; or a list of batches; or what gives them one by one, such as a ``DataLoader``, a
        ``tf.data.Dataset``, or a generator
    most : batches taken at most, the first ones; all by default
    rows : one batch, cut into parts of so many rows, to bound memory
    combine : the loss of several batches is, with ``"rows"``, that of all rows at once: their mean, each counted by its
        rows, or by what the step returns beside its loss, ``(loss, count)``, such as the tokens that are not padding;
        whether that is so is tried on halves of the batches. With ``"batches"`` it is the mean of the batches' losses,
        as training loops report it; with ``"sum"`` their sum

    Returns
    -------
    Batches
        For :func:`thalweg.networks.wrap`.

    Raises
    ------
    InvalidValue
        If there are no batches or no end of them, arrays are no numbers, or rows are asked for and the arrays have
        different lengths.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> x, y = np.ones((10, 3), np.float32), np.ones((10, 1), np.float32)
    >>> len(tw.networks.batches({"x": x, "y": y}, rows=4))
    3
    """
    if most is not None:
        whole("most", most, at_least=1)
    if isinstance(data, Batches):
        if rows is None and most is None:
            return Batches(data.parts, combine, data.whole)
        data = data.whole if data.whole is not None else [*data.parts]
    found = [_checked(batch) for batch in _read(_columns(data), most)]
    if not found:
        raise InvalidValue(f"data = {shown(data)} hold no batches; give some (a generator can be read once only)")
    if rows is None:
        return Batches(tuple(found), combine)
    if len(found) > 1:
        raise InvalidValue(f"rows = {rows} cut one batch, and data are {len(found)}; leave rows out")
    whole("rows", rows, at_least=1)
    if check_rows(found[0]) <= rows:
        return Batches(tuple(found), combine)
    return Batches(parted(found[0], rows), combine, found[0])


class Bare(tuple[Any]):
    """A batch that is one array alone: a tuple of it, so that all batches are nests."""


def task_of(data: Any, rows: int | None, *, mode: str, statistics: str | None) -> Task:
    """Make of the arguments of ``wrap`` what rooms take."""
    taken = data if isinstance(data, Batches) and rows is None else batches(data, rows=rows)
    bare = isinstance(taken.parts[0], Bare)
    parts = tuple(map(tuple, taken.parts)) if bare else taken.parts
    whole = tuple(taken.whole) if bare and taken.whole is not None else taken.whole
    return Task(parts, taken.combine, whole, mode, statistics, bare)


def _read(data: Any, most: int | None) -> Iterator[Nest]:
    """Find the batches: one, or several."""
    if is_array(data) or (isinstance(data, list) and plain_numbers(data)):
        yield Bare((data,))
    elif isinstance(data, list) and data and all(map(is_nest, data)):
        yield from islice(data, most)
    elif is_nest(data):
        yield data
    elif _gives_examples(data):
        raise InvalidValue(f"data = {shown(data)} give examples, not batches; give a DataLoader of them")
    elif isinstance(data, str | bytes) or not (isinstance(data, Iterable) or hasattr(data, "__getitem__")):
        raise InvalidValue(
            f"data = {shown(data)} are no batch; give arrays, tuples or dictionaries of arrays, a list of batches, or "
            "a loader"
        )
    elif most is None and _endless(data):
        raise InvalidValue(
            f"data = {shown(data)} have no end; say how many batches are taken: tw.networks.batches(data, most=…)"
        )
    elif isinstance(data, Iterable):
        with untouched(data):
            yield from [*islice(data, most)]
    else:
        yield from [data[k] for k in range(len(data) if most is None else min(most, len(data)))]


def _columns(data: Any) -> Any:
    """Make an array of a table of pandas or polars, or of one of its columns."""
    return data.to_numpy() if hasattr(data, "to_numpy") and hasattr(data, "to_dict") else data


def _gives_examples(data: object) -> bool:
    """Tell a data set of PyTorch, whose items are examples, from what gives batches."""
    return any(
        home.__name__ == "Dataset" and home.__module__.startswith("torch.utils.data") for home in type(data).__mro__
    )


def _endless(data: Any) -> bool:
    """Tell what says of itself that it gives batches for ever: a repeated data set of TensorFlow, one of Keras."""
    counted = getattr(data, "cardinality", None)
    if callable(counted):
        number: Any = counted()
        return int(number) == -1
    return isinstance(data, cycle | count | repeat) or getattr(data, "num_batches", 0) is None


def _checked(batch: Nest) -> Nest:
    """Make arrays of lists of numbers, and refuse arrays of what is no number."""

    def read(leaf: Any) -> Any:
        leaf = _columns(leaf)
        if is_uneven(leaf):
            raise InvalidValue("data hold a nested tensor, of rows of different lengths; give it padded, with a mask")
        leaf = _array(leaf) if plain_numbers(leaf) else leaf
        if isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "OUSMm":
            raise InvalidValue(f"data = {shown(leaf)} of type {leaf.dtype} are no numbers; give arrays of numbers")
        return leaf

    read_batch = mapped(read, Bare((batch,)) if is_array(batch) else batch)
    if rows_of(read_batch) == 0:
        raise InvalidValue(f"data are {described(read_batch)} of no rows; give an example at least")
    return read_batch


def _array(numbers: Any) -> np.ndarray:
    """Make an array of a list of numbers."""
    try:
        return np.asarray(numbers)
    except ValueError:
        raise InvalidValue(
            f"data = {shown(numbers)} have rows of different lengths; give them padded, with a mask"
        ) from None
