"""How data are read: which columns mean what, and how the file is written where that cannot be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from thalweg.base.border import public


@public
@dataclass(frozen=True)
class Reading:
    """How a table is read.

    Parameters
    ----------
    x : columns that the model takes; all columns whose names it has by default
    missing : ``"refuse"`` rows with a missing value in a column that is used, naming them, or ``"drop"`` them

    Examples
    --------
    >>> Reading(x="t", missing="drop").missing
    'drop'
    """

    x: str | Sequence[str] = ()
    missing: Literal["refuse", "drop"] = "refuse"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that were asked for."""
        return (self.x,) if isinstance(self.x, str) and self.x else tuple(self.x)


FOUND = Reading()
"""All is found from the table itself."""
