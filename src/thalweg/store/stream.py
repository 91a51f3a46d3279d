"""Results that are larger than memory: a Zarr store laid out beforehand and filled part by part.

How many runs or points there will be is known here (unlike in ``journal.py``), so all arrays have their full size from
the start, filled with NaN or the lowest whole number, and parts are written where they belong. No length ever changes
and nothing is appended, so a process that is killed leaves a store that can be opened and has no wrong number in it.
It differs from a finished one by the attribute ``done``, which is written last.

Results come in batches sized for a processor's cache, which are neither rows of an image nor chunks of the store.
:func:`rows` gathers them until there are enough for a chunk, and cuts behind a whole row; so about a chunk and a batch
are in memory. Writing each batch by itself would read and write every chunk again for each of its parts.

What would break it: parts that meet within one chunk, written from several threads at once.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
import zarr

from thalweg.base.errors import InvalidData, OutputError

CHUNK = 2**20
"""Numbers in a chunk of the store, about."""


class Column(NamedTuple):
    """A variable to be filled: its dimensions, the type of its numbers, and its attributes."""

    dims: tuple[str, ...]
    dtype: Any
    attrs: Mapping[str, Any] = MappingProxyType({})


class Stream:
    """A store whose variables all grow along their first dimension, part by part.

    Nothing is ever appended: all arrays have their full length from the start, and what is not filled yet is NaN, or
    the lowest number of its type. The attribute ``done`` is set last, so that a store that was not finished is known.
    """

    def __init__(self, store: Path, coordinates: xr.Dataset, columns: Mapping[str, Column]):
        """Lay out a store.

        Parameters
        ----------
        store : a folder that does not exist yet
        coordinates : of the result, without variables, and its attributes
        columns : what will be filled
        """
        self.path = store
        try:
            storable(coordinates).to_zarr(store, mode="w-", zarr_format=3, consolidated=False)
            root = zarr.open_group(store, mode="r+")
            self.arrays = {name: self._create(root, name, column, coordinates) for name, column in columns.items()}
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it exists already"
            raise OutputError(f"cannot write {store}: {reason}; give another place for the results") from None

    @staticmethod
    def _create(root: zarr.Group, name: str, column: Column, coordinates: xr.Dataset) -> zarr.Array:
        shape = tuple(coordinates.sizes[dim] for dim in column.dims)
        dtype = np.dtype(column.dtype)
        rows = max(1, CHUNK // max(1, int(np.prod(shape[1:]))))
        return root.create_array(
            name,
            shape=shape,
            chunks=(min(rows, shape[0]), *shape[1:]),
            dtype=dtype,
            fill_value=np.nan if dtype.kind == "f" else np.iinfo(dtype).min,
            dimension_names=column.dims,
            attributes=dict(column.attrs),
        )

    def write(self, first: int, part: Mapping[str, np.ndarray]) -> None:
        """Fill rows from ``first`` on."""
        for name, values in part.items():
            self.arrays[name][first : first + len(values)] = values

    def finish(self, attrs: Mapping[str, Any] = MappingProxyType({})) -> xr.Dataset:
        """Add attributes that describe the whole, set the flag and open what was written.

        Numbers are read when they are asked for.
        """
        consolidate(self.path)
        root = zarr.open_group(self.path, mode="r+")
        root.attrs.update(attrs)
        root.attrs["done"] = 1
        return opened(self.path)


def rows(
    parts: Iterable[tuple[slice, dict[str, np.ndarray]]], shape: tuple[int, ...]
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Gather values that come batch by batch into whole rows, about as many as fill a chunk of a store.

    Parameters
    ----------
    parts : the batches in order; the values of one lie behind each other
    shape : of a row; empty where it is one value

    Yields
    ------
    tuple
        The number of the first row, and the values of whole rows by name, each of them (row, …).
    """
    size = math.prod(shape)
    first, waiting, count = 0, [], 0
    for span, part in parts:
        waiting.append(part)
        count += span.stop - span.start
        if count >= max(CHUNK, size):
            whole, rest = _cut(waiting, count // size, shape)
            yield first, whole
            first, waiting, count = first + count // size, [rest], count % size
    if count:
        yield first, _cut(waiting, count // size, shape)[0]


def _cut(
    parts: list[dict[str, np.ndarray]], count: int, shape: tuple[int, ...]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Join batches, and cut behind a number of rows."""
    joined, end = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, count * math.prod(shape)
    whole = {name: values[:end].reshape(count, *shape) for name, values in joined.items()}
    return whole, {name: values[end:] for name, values in joined.items()}


def opened(store: Path) -> xr.Dataset:
    """Open a finished store; numbers are read when they are asked for.

    Raises
    ------
    InvalidData
        If it is none, or was not finished.
    """
    try:
        done = zarr.open_group(store, mode="r").attrs.get("done", False)
        dataset = xr.open_zarr(store, chunks=None, consolidated=False)
    except (OSError, ValueError, KeyError) as error:
        raise InvalidData(f"cannot read {store}: {error}; give a store that thalweg wrote") from None
    if not done:
        raise InvalidData(f"{store} was not finished; make it again")
    return readable(dataset)


def consolidate(store: Path) -> None:
    """Gather what is known of all arrays of a store in one place, without which plain xarray warns that it is slow.

    Zarr warns in turn that this is not in its specification yet; whoever does not know of it reads the arrays' own.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
        zarr.consolidate_metadata(store, zarr_format=3)


def storable(dataset: xr.Dataset) -> xr.Dataset:
    """Let texts have any length: of those of a fixed one Zarr warns that their form is not settled."""
    texts = {name: values for name, values in dataset.coords.items() if values.dtype.kind == "U"}
    return dataset.assign_coords({name: values.astype(object) for name, values in texts.items()})


def readable(dataset: xr.Dataset) -> xr.Dataset:
    """Give texts the form that they have in memory, and leave out what is the store's own."""
    texts = {name: values for name, values in dataset.coords.items() if values.dtype.kind in "OT"}
    texts = {name: values.copy(data=np.array(values.values.tolist())) for name, values in texts.items()}
    dataset.attrs.pop("done", None)
    return dataset.assign_coords(texts)
