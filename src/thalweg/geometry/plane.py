"""A line or a plane through the space of parameters: where a slice of a surface is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from jaxtyping import Float
from numpy.typing import DTypeLike

from thalweg.base.border import from_, public
from thalweg.base.errors import InvalidValue
from thalweg.base.rules import Rule


def _is_floats(value: object) -> bool:
    try:
        return np.dtype(value).kind == "f"  # pyright: ignore[reportCallIssue, reportArgumentType]  # the question
    except TypeError:
        return False


FLOATS = Rule(_is_floats, "a type of floating-point numbers, such as np.float32")


@from_("one of thalweg.networks.directions")
@dataclass(frozen=True, eq=False, repr=False)
class Plane:
    """All points ``origin + Σ coordinate_i direction_i``; of one direction a line, of two a plane.

    The functions of :mod:`thalweg.networks.directions` make planes; directions need be neither of length one nor at
    right angles.

    Attributes
    ----------
    origin : (param,), where all coordinates are zero, in the network's precision
    directions : (axis, param), each of them what one unit of its coordinate adds to the parameters, likewise
    names : (axis,), of the directions, for axes of figures
    units : (axis,), what one unit of a coordinate is, in words
    facts : how the directions were made: their ``kind``, seed and what else is needed to make them again

    Raises
    ------
    InvalidValue
        If shapes do not fit, there is no direction, numbers are not finite, or names or units are too few or too many.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> plane = tw.networks.Plane(np.zeros(3), np.eye(3)[:2], ("first", "second"), ("parameter distance",) * 2)
    >>> plane.points(np.array([[0.5, -1.0]])).tolist()
    [[0.5, -1.0, 0.0]]
    """

    origin: Float[np.ndarray, " param"]
    directions: Float[np.ndarray, "axis param"]
    names: tuple[str, ...]
    units: tuple[str, ...]
    facts: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show what it is in a line."""
        kind = "Line" if len(self.names) == 1 else "Plane"
        return f"<{kind} along {' and '.join(self.names)}, of {self.origin.size:,} numbers>"

    def __post_init__(self) -> None:
        origin, directions = np.asarray(self.origin), np.asarray(self.directions)
        if origin.ndim != 1 or directions.ndim != 2 or directions.shape[1] != len(origin):
            raise InvalidValue(
                f"directions of shape {directions.shape} do not fit an origin of shape {origin.shape}; "
                f"give directions (axis, {origin.size})"
            )
        if not len(directions):
            raise InvalidValue("a slice needs at least one direction and none was given; give one or two")
        if not all(map(_finite, (origin, *directions))):
            raise InvalidValue("origin or directions hold numbers that are not finite; give finite ones")
        if not len(directions) == len(self.names) == len(self.units):
            raise InvalidValue(
                f"{len(directions)} directions have {len(self.names)} names and {len(self.units)} units; give one each"
            )

    @public
    def points(self, coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, "point param"]:
        """Compute the points at some coordinates, direction after direction.

        Parameters
        ----------
        coordinates : (point, axis), in units of the plane

        Returns
        -------
        numpy.ndarray
            (point, param)
        """
        check_coordinates(self, coordinates)
        kind = np.result_type(self.origin, self.directions, coordinates)
        total = np.repeat(self.origin.astype(kind, copy=False)[None], len(coordinates), axis=0)
        for values, direction in zip(coordinates.T, self.directions, strict=True):
            for point, value in zip(total, values, strict=True):
                point += value.astype(kind) * direction
        return total

    @public
    def astype(self, dtype: Annotated[DTypeLike, FLOATS]) -> Plane:
        """Round origin and directions to another precision.

        Parameters
        ----------
        dtype : NumPy's type, such as ``np.float32``

        Returns
        -------
        Plane
            The same one, of such numbers.
        """
        if self.origin.dtype == self.directions.dtype == np.dtype(dtype):
            return self
        return Plane(self.origin.astype(dtype), self.directions.astype(dtype), self.names, self.units, self.facts)


BLOCK = 2**20
"""Numbers that are looked at at a time: to look at all would take a quarter of their memory again."""


def _finite(vector: np.ndarray) -> bool:
    return all(bool(np.isfinite(vector[first : first + BLOCK]).all()) for first in range(0, len(vector), BLOCK))


def check_coordinates(plane: Plane, coordinates: np.ndarray) -> None:
    """Refuse coordinates that have not one number for each direction of a plane."""
    if coordinates.shape[1:] != (len(plane.directions),):
        raise InvalidValue(
            f"coordinates of shape {coordinates.shape} do not fit this plane; give (point, {len(plane.directions)})"
        )
