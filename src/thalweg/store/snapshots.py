"""Rows in memory, never more than so many, however long it goes on.

How long a training will be is not known beforehand, so a stride cannot be chosen. Instead it doubles: whenever there
are too many rows every second is dropped, and from then on only every second step is taken. At any time the rows are
exactly the multiples of one stride, evenly spaced, the first step always among them, and there are never fewer than
half as many as allowed once that many steps were taken. A random sample of fixed size (reservoir sampling) would have
as few rows but uneven gaps and a seed; the last rows alone would lose the beginning, where training moves most.

Rows of a large network are fewer, so that they never take more than ``MEMORY``: a recorder that is killed for memory
takes the training with it. What one row takes is known when the first comes.

The end of training is added whatever its number, so the last gap may be shorter than the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from thalweg.store.journal import Row

MEMORY = 4e9
"""Bytes of rows at most; they are copied once on their way to a dataset."""


class Snapshots:
    """Rows of steps that are multiples of a stride, which doubles whenever they have become too many."""

    def __init__(self, every: int, most: int):
        self._stride, self._most = every, most
        self._rows: list[Row] = []
        self._attrs: Mapping[str, Any] = {}

    def wants(self, step: int) -> bool:
        """Tell whether a step is to be added."""
        return step % self._stride == 0

    def lay_out(self, row: Row, attrs: Mapping[str, Any]) -> None:
        """Take the attributes of the whole, and bound the rows by what one of them takes."""
        self._attrs = attrs
        size = sum(np.asarray(values).nbytes for values in row.values())
        self._most = max(min(self._most, int(MEMORY // size)), 2)

    def add(self, row: Row) -> None:
        """Keep a row; if there are too many, give up every second."""
        self._rows.append(row)
        if len(self._rows) > self._most:
            self._thin()

    def _thin(self) -> None:
        self._rows, self._stride = self._rows[::2], 2 * self._stride

    def flush(self) -> None:
        """Do nothing: there is nowhere to write to."""

    def finish(self, row: Row) -> xr.Dataset:
        """Keep the last row and return the whole."""
        if len(self._rows) == self._most:
            self._thin()
        self._rows.append(row)
        columns = {name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]}
        self._rows = []
        variables = {
            name: (("step", "param")[: values.ndim], values) for name, values in columns.items() if name != "step"
        }
        facts = dict(self._attrs) | {"every": self._stride, "finished": 1}
        return xr.Dataset(variables, coords={"step": columns["step"]}, attrs=facts)
