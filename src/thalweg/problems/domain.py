"""Where parameters live: axes that are intervals or circles, and the domain that is their product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, overload

import numpy as np
from jaxtyping import Array, Float

from thalweg.base.arrays import Numbers, numbers
from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.problems.axis import FLAGS, KEYS, Axis

Places = TypeVar("Places", Array, np.ndarray)
"""Arrays of one library."""

Attribute: TypeAlias = str | float | Sequence[str | float]
"""What is stored beside an array."""


@public
@dataclass(frozen=True, init=False)
class Domain(Sequence[Axis]):
    """The product of its axes: an interval or a circle (one axis), a box, or any mix of both.

    It is a sequence of its axes, in the order of the parameter vector. Arrays of places have the parameters as their
    last axis.

    Parameters
    ----------
    axes : one :class:`Axis`, or one a parameter

    Raises
    ------
    InvalidValue
        If there is no axis, something is no axis, or two have one name.

    Examples
    --------
    >>> domain = Domain([Axis("phi", 0, 3, periodic=True), Axis("x", -1, 1)])
    >>> domain.names, domain.lengths.tolist()
    (('phi', 'x'), [3.0, 2.0])
    >>> domain.wrap([[-1.0, 5.0]]).tolist(), domain.difference([[2.9, 1.0]], [[0.4, 0.0]]).tolist()
    ([[2.0, 5.0]], [[-0.5, 1.0]])
    """

    axes: tuple[Axis, ...]

    def __init__(self, axes: Axis | Sequence[Axis]) -> None:
        given = (axes,) if isinstance(axes, Axis) else tuple(axes)
        names = [axis.name for axis in given]
        if not names or len(set(names)) != len(names):
            raise InvalidValue(f"domain has the axes {names}; give one a parameter, no name twice")
        object.__setattr__(self, "axes", given)

    def __len__(self) -> int:
        return len(self.axes)

    @overload
    def __getitem__(self, index: int) -> Axis: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Axis, ...]: ...
    def __getitem__(self, index: int | slice) -> Axis | tuple[Axis, ...]:
        return self.axes[index]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(axis.name for axis in self.axes)

    @property
    def lows(self) -> Float[np.ndarray, " param"]:
        """The low end of every axis."""
        return np.array([axis.low for axis in self.axes])

    @property
    def highs(self) -> Float[np.ndarray, " param"]:
        """The high end of every axis."""
        return np.array([axis.high for axis in self.axes])

    @property
    def lengths(self) -> Float[np.ndarray, " param"]:
        """The length of every axis; of a circle, its period."""
        return np.array([axis.length for axis in self.axes])

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Which axes are circles."""
        return tuple(axis.periodic for axis in self.axes)

    @property
    def bounds(self) -> tuple[Float[np.ndarray, " param"], Float[np.ndarray, " param"]]:
        """The ends that nothing may pass, low and high: those of bounded intervals; a circle has none, ∓∞."""
        open_ = np.array([axis.periodic or not axis.bounded for axis in self.axes])
        return np.where(open_, -np.inf, self.lows), np.where(open_, np.inf, self.highs)

    @public
    def spread(self, units: Numbers) -> Float[np.ndarray, "... param"]:
        """Place points of the unit cube in the domain, evenly along each axis: in the logarithm where it is ``log``.

        Parameters
        ----------
        units : (…, param), from 0 to 1

        Returns
        -------
        array
            (…, param), from the low end of each axis to its high end.
        """
        units = self._places("units", units)
        places = self.lows + self.lengths * units
        for k, axis in enumerate(self.axes):
            if axis.log:
                places[..., k] = axis.low * (axis.high / axis.low) ** units[..., k]
        return places

    @public
    def wrap(self, places: Numbers) -> Float[np.ndarray, "... param"]:
        """Name every place on a circle by its number from ``low`` to below ``high``; what lies there stays as it is.

        Parameters
        ----------
        places : (…, param)

        Returns
        -------
        array
            (…, param), a copy; other axes, and what is not finite, are as they were.
        """
        wrapped = np.array(self._places("places", places), dtype=np.float64)
        for k, axis in enumerate(self.axes):
            if axis.periodic:
                wrapped[..., k] = turned(wrapped[..., k], axis.low, axis.high)
        return wrapped

    @public
    def difference(self, places: Numbers, others: Numbers) -> Float[np.ndarray, "... param"]:
        """Subtract ``others`` from ``places``; on a circle the shortest way round, at most half a period.

        Parameters
        ----------
        places, others : (…, param)

        Returns
        -------
        array
            (…, param), with signs.

        Raises
        ------
        InvalidValue
            If either is of another number of parameters, or the two do not fit one another.
        """
        places, others = self._places("places", places), self._places("others", others)
        try:
            way = np.subtract(places, others)
        except ValueError:
            raise InvalidValue(
                f"others = {shown(others)} do not fit places = {shown(places)}; give as many of either, or one"
            ) from None
        circles = np.flatnonzero(self.periodic)
        around, periods = way[..., circles], self.lengths[circles]
        way[..., circles] = around - periods * np.rint(around / periods)
        return way

    def _places(self, name: str, given: Numbers) -> np.ndarray:
        places = numbers(name, given)
        if places.shape[-1:] != (len(self.axes),):
            raise InvalidValue(f"{name} = {shown(given)} do not fit this domain; give (…, {len(self.axes)}) numbers")
        return places

    def to_attrs(self) -> dict[str, list[str | float | int]]:
        """Write the axes as attributes of a labelled array's coordinate, which has their names.

        Returns
        -------
        dict
            The keys of :meth:`Axis.to_attrs`, each with a list of one value an axis.
        """
        rows = [axis.to_attrs() for axis in self.axes]
        keys = [key for key in (*KEYS, *FLAGS) if any(key in row for row in rows)]
        return {key: [row.get(key, int(FLAGS.get(key, 0))) for row in rows] for key in keys}

    @classmethod
    @public
    def from_attrs(cls, names: Iterable[str], attrs: Mapping[str, Attribute]) -> Domain:
        """Read back what :meth:`to_attrs`, or that of its only axis, has written.

        Parameters
        ----------
        names : of the axes
        attrs : that hold the rest

        Returns
        -------
        Domain
            The same, to the last digit.

        Raises
        ------
        InvalidValue
            If something is missing, or is not of the named axes.
        """
        lacking = [key for key in KEYS if key not in attrs]
        if lacking:
            raise InvalidValue(f"attrs have no {' and no '.join(lacking)}; give what to_attrs has written")
        names, columns = list(names), [np.atleast_1d(attrs[key]).tolist() for key in KEYS]
        if any(len(column) != len(names) for column in columns):
            raise InvalidValue(f"names = {shown(names)} are not those of attrs; give the names of the same axes")
        flags = [np.broadcast_to(attrs.get(key, usual), len(names)).tolist() for key, usual in FLAGS.items()]
        return cls(
            [
                Axis(name, low, high, periodic=bool(periodic), unit=unit, log=bool(log), bounded=bool(bounded))
                for name, low, high, periodic, unit, log, bounded in zip(names, *columns, *flags, strict=True)
            ]
        )


def turned(values: Float[np.ndarray, "..."], low: float, high: float) -> Float[np.ndarray, "..."]:
    """Bring numbers on a circle to those from ``low`` to below ``high``; what lies there stays as it is.

    What lies less than half a unit in the last place below ``high`` is rounded to ``high``, which is ``low``.
    """
    values = np.array(values, dtype=np.float64)
    outside = np.isfinite(values) & ((values < low) | (values >= high))
    around = low + np.mod(values[outside] - low, high - low)
    values[outside] = np.where(around >= high, low, around)
    return values


def inward(position: Places, gradient: Places, low: Places, high: Places) -> Places:
    """Tell along which axes a place may move downhill: not out of the domain where it lies at an end of an interval.

    Any arrays of one library that broadcast, in a compiled program too; the ends are those of :attr:`Domain.bounds`.
    """
    return ~(((position <= low) & (gradient > 0)) | ((position >= high) & (gradient < 0)))
