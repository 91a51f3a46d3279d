"""A store that rows are written to one behind the other, however many there will be.

A training may be killed at any moment, and what it recorded until then must be readable and right. Appending to a Zarr
store row by row does not give that: each append changes the recorded length and the data in separate files, and of
eight stores whose writer was killed that way seven could not be opened. So nothing here depends on two files changing
at once:

- The arrays are laid out beforehand, some chunks ahead, filled with "missing"; growing them changes one small file each
  and no data.
- Only whole chunks are written, so no file is ever written twice, except the last at the end.
- Of each chunk the step numbers come last. A row counts if it has a step number (-1 stands for none), and then all its
  other numbers are there already. A reader takes rows up to the first without one.
- Only when all is written are the arrays cut to their length, and the attribute ``done`` set after that.

A chunk has about 4 MB, so that files are few; and at most 1,024 rows, which is what a killed process can lose of a
small model. It is not compressed: mantissas of trained parameters are nearly random, and training would wait for it.

What would break it: a second writer (the folder must not exist), and a file system that reorders writes across a loss
of power. Against a killed process it holds; the tests kill one at several places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from thalweg.base.errors import InvalidData, OutputError
from thalweg.store.stream import consolidate

BYTES = 2**22
"""Bytes of a chunk, about; as many wait in memory for it to be full."""

ROWS = 2**10
"""Rows in a chunk at most: what a process that is killed loses."""

GROWTH = 64
"""Chunks by which the arrays grow at a time."""

Row = Mapping[str, np.ndarray]
"""Values of one row: each a number or a vector."""


class Journal:
    """A Zarr store of unknown length.

    Its arrays are laid out some chunks ahead, and only whole chunks are written, the step numbers of a chunk after
    everything else of it. So whatever kills the process, all rows that have a step number (-1 stands for none) are
    whole. At the end the arrays are cut to their length, and the attribute ``done`` is set last.
    """

    def __init__(self, every: int, store: str | Path):
        """Make the folder, which must not exist yet."""
        self.path, self._every = Path(store), every
        self._rows = self._first = self._waiting = self._capacity = 0
        self._arrays: dict[str, Any] = {}
        self._buffers: dict[str, np.ndarray] = {}
        if self._try(self.path.exists):
            raise OutputError(f"cannot write {store}: it exists already; give another place for the recording")
        self._root = self._try(lambda: zarr.open_group(self.path, mode="w-", zarr_format=3))

    def wants(self, step: int) -> bool:
        """Tell whether a step is to be added."""
        return step % self._every == 0

    def lay_out(self, row: Row, attrs: Mapping[str, Any]) -> None:
        """Make the arrays for rows such as this one; ``step`` is whole, all other numbers may be missing."""
        self._rows = max(1, min(ROWS, BYTES // max(values.nbytes for values in row.values())))
        self._buffers = {name: np.empty((self._rows, *values.shape), values.dtype) for name, values in row.items()}
        self._try(lambda: self._root.attrs.update(dict(attrs) | {"every": self._every}))
        self._arrays = {name: self._try(lambda v=values, n=name: self._create(n, v)) for name, values in row.items()}

    def _create(self, name: str, values: np.ndarray) -> Any:
        rows = self._rows if values.ndim else ROWS
        return self._root.create_array(
            name,
            shape=(0, *values.shape),
            chunks=(rows, *(min(size, BYTES // values.itemsize) for size in values.shape)),
            dtype=values.dtype,
            fill_value=-1 if name == "step" else np.nan,
            compressors=None,  # Parameters are nearly incompressible, and training waits for every chunk.
            dimension_names=("step", "param")[: 1 + values.ndim],
        )

    def add(self, row: Row) -> None:
        """Keep a row; a chunk that is full is written."""
        for name, values in row.items():
            self._buffers[name][self._waiting] = values
        self._waiting += 1
        if self._waiting == self._rows:
            self.flush()
            self._first, self._waiting = self._first + self._rows, 0

    def flush(self) -> None:
        """Write the rows that wait; step numbers last."""
        if not self._waiting:
            return
        end = self._first + self._waiting
        if end > self._capacity:
            self._resize(self._first + GROWTH * self._rows)
        for name in sorted(self._arrays, key=lambda name: name == "step"):
            self._try(lambda n=name: self.write(n, end))

    def write(self, name: str, end: int) -> None:
        """Write the rows that wait of one array, up to a row."""
        self._arrays[name][self._first : end] = self._buffers[name][: self._waiting]

    def _resize(self, rows: int) -> None:
        self._capacity = rows
        for array in self._arrays.values():
            self._try(lambda a=array: a.resize((rows, *a.shape[1:])))

    def finish(self, row: Row) -> xr.Dataset:
        """Add the last row, write what waits, cut the arrays to their length, set the flag, and open the store."""
        self.add(row)
        self.flush()
        self._resize(self._first + self._waiting)
        self._try(lambda: consolidate(self.path))
        self._root = self._try(lambda: zarr.open_group(self.path, mode="r+"))
        self._try(lambda: self._root.attrs.update(done=1))
        return read(self.path)

    def _try(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except OSError as error:
            reason = error.strerror or str(error).splitlines()[0]
            raise OutputError(f"cannot write {self.path}: {reason}; give another place for the recording") from None


def read(store: str | Path) -> xr.Dataset:
    """Open a journal, finished or not; its numbers are read when they are asked for.

    Returns
    -------
    The rows that are whole, with the attribute ``finished``: 1, or 0 where it is still written or was broken off
    """
    path = Path(store)
    try:
        root = zarr.open_group(path, mode="r")
        attrs = dict(root.attrs)
        arrays = {name: array for name, array in root.arrays() if isinstance(array, zarr.Array)}
        steps = np.asarray(arrays.pop("step")[:]) if "params" in arrays else np.empty(0, np.int64)
        columns = [_column(path, name, others={"step", *arrays} - {name}) for name in arrays]
    except (OSError, ValueError, KeyError) as error:
        # A name that is too long stands in the error too.
        where, reason = str(store)[:200], str(error)[:200]
        raise InvalidData(f"cannot read {where}: {reason}; give a store that a recorder wrote") from None
    missing = np.flatnonzero(steps < 0)
    length = int(missing[0]) if missing.size else len(steps)
    if not length:
        raise InvalidData(f"{store} holds no recorded steps; give a store whose first chunk was written")
    done = attrs.pop("done", False)
    columns.sort(key=lambda column: ["params", "loss", *column].index(next(iter(column))))
    dataset = xr.merge([column.isel(step=slice(0, length)) for column in columns], join="exact", compat="equals")
    return dataset.assign_coords(step=steps[:length]).assign_attrs(attrs | {"finished": int(bool(done))})


def _column(path: Path, name: str, others: set[str]) -> xr.Dataset:
    """Open one array alone: those of a store that is written just now may differ in length for a moment."""
    return xr.open_zarr(path, chunks=None, consolidated=False, drop_variables=others)[[name]].drop_attrs()
