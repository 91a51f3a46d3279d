"""The sections of an experiment file that are read by the signatures of what stands here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from thalweg.base.checks import number, whole
from thalweg.base.look import Look
from thalweg.base.precision import dtype_of
from thalweg.descent.minibatch import Minibatch
from thalweg.descent.starts import MOST_SOUGHT, Sobol
from thalweg.study.find_derailments import FLOOR


@dataclass(frozen=True)
class Going:
    """``[descent]``: where runs start, how many steps they take, and from how much of the data."""

    starts: Any = None
    steps: int = 100
    precision: int = 64
    minibatch: Minibatch | None = None
    shadows: bool = False

    def __post_init__(self) -> None:
        whole("steps", self.steps, at_least=1)
        dtype_of(self.precision)


@dataclass(frozen=True)
class Surface:
    """``[surface]``: points along each axis, and bounds in place of the problem's own."""

    points: int | Sequence[int] | None = None
    domain: dict | None = None


@dataclass(frozen=True)
class Valleys:
    """``[valleys]``: how deep a minimum must be to count, how much of it is its floor, and starts where no grid is."""

    persistence: float | None = None
    floor: float = FLOOR
    starts: int = Sobol.count

    def __post_init__(self) -> None:
        number("floor", self.floor, above=0, at_most=1)
        whole("starts", self.starts, at_least=1, at_most=MOST_SOUGHT)
        if self.persistence is not None:
            number("persistence", self.persistence, at_least=0)


@dataclass(frozen=True)
class Fitting:
    """``[fit]``: starts of a fit, one of the user's own, and what is told of it beside the minima."""

    starts: int = Sobol.count
    seed: int = 0
    start: dict | None = None
    most: int = 20
    passes: bool = False
    intervals: Sequence[str] = ()
    against: Sequence[str] = ()

    def __post_init__(self) -> None:
        whole("starts", self.starts, at_least=1, at_most=MOST_SOUGHT)
        whole("seed", self.seed, at_least=0)
        whole("most", self.most, at_least=1)


@dataclass(frozen=True)
class Figures(Look):
    """``[figures]``: which files are drawn, and how they look."""

    formats: Sequence[Literal["png", "svg", "pdf", "html"]] = ("png", "svg", "html")
    animation: bool = True

    WHERE = "figures."


def held(**values: float) -> dict[str, float]:
    """``[fixed]``: parameters that are held, and at what; for all other sections they are no longer there."""
    return values
