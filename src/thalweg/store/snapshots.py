"""Rows in memory, never more than so many, however long it goes on.

How long a training will be is not known beforehand, so a stride cannot be chosen. Instead it doubles: whenever there
are too many rows every second is dropped, and from then on only every second step is taken. At any time the rows are
exactly the multiples of one stride, evenly spaced, the first step always among them, and there are never fewer than
half as many as allowed once that many steps were taken. A random sample of fixed size (reservoir sampling) would have
as few rows but uneven gaps and a seed; the last rows alone would lose the beginning, where training moves most.

Rows of a large network are fewer, so that they never take more than ``MEMORY``: a recorder that is killed for memory
takes the training with it. What one row takes is known when the first comes.

All rows lie in one array that grows in place, by an eighth at most, and is cut to its length at the end: what is handed
over is that array, and nothing is ever there twice. A list of rows, stacked at the end, was; and an array for as many
rows as are allowed would be gigabytes for a short run, wherever memory is counted when it is asked for.

The end of training is added whatever its number, so the last gap may be shorter than the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from thalweg.store.journal import Row

MEMORY = 4e9
"""Bytes of rows at most."""

FIRST = 8
"""Rows that there is room for at first."""


class Snapshots:
    """Rows of steps that are multiples of a stride, which doubles whenever they have become too many."""

    def __init__(self, every: int, most: int):
        self._stride, self._most = every, most
        self._count = 0
        self._columns: dict[str, np.ndarray] = {}
        self._attrs: Mapping[str, Any] = {}

    def wants(self, step: int) -> bool:
        """Tell whether a step is to be added."""
        return step % self._stride == 0

    def lay_out(self, row: Row, attrs: Mapping[str, Any]) -> None:
        """Take the attributes of the whole, and bound the rows by what one of them takes."""
        self._attrs = attrs
        size = sum(np.asarray(values).nbytes for values in row.values())
        self._most = max(min(self._most, int(MEMORY // size)), 2)
        self._columns = {name: np.empty((FIRST, *values.shape), values.dtype) for name, values in row.items()}

    def add(self, row: Row) -> None:
        """Keep a row; if there are too many, give up every second."""
        self._put(row)
        if self._count > self._most:
            self._thin()

    def _put(self, row: Row) -> None:
        room = len(self._columns["step"])
        if self._count == room:
            self._resize(room + max(room // 8, FIRST))
        for name, values in row.items():
            self._columns[name][self._count] = values
        self._count += 1

    def _thin(self) -> None:
        kept = range(0, self._count, 2)
        for values in self._columns.values():
            for new, old in enumerate(kept):  # row by row, as a slice of itself would be copied first
                values[new] = values[old]
        self._count, self._stride = len(kept), 2 * self._stride

    def _resize(self, rows: int) -> None:
        for values in self._columns.values():
            # Nobody else has the array yet.
            values.resize((rows, *values.shape[1:]), refcheck=False)

    def flush(self) -> None:
        """Do nothing: there is nowhere to write to."""

    def finish(self, row: Row) -> xr.Dataset:
        """Keep the last row and return the whole."""
        if self._count == self._most:
            self._thin()
        self._put(row)
        self._resize(self._count)
        columns, self._columns = self._columns, {}
        variables = {
            name: (("step", "param")[: values.ndim], values) for name, values in columns.items() if name != "step"
        }
        facts = dict(self._attrs) | {"every": self._stride, "finished": 1}
        return xr.Dataset(variables, coords={"step": columns["step"]}, attrs=facts)
