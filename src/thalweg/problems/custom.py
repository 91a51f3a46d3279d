"""A user's own problem: a plain function of flat parameters, or of parameters and data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Array

from thalweg.base.arrays import Numbers, numbers
from thalweg.base.border import public
from thalweg.base.errors import InvalidData
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Function, Params, Regression, Residual
from thalweg.problems.split import WHOLE, Split


@public
def function(
    value: Callable[[Params], Array],
    domain: Axis | Sequence[Axis],
    *,
    start: Sequence[float] | None = None,
    name: str = "function",
) -> Function:
    """Turn a plain function of the parameters into a problem.

    Parameters
    ----------
    value : ``value(params) -> scalar`` with ``params`` of shape (param,), written with ``jax.numpy``
    domain : one axis a parameter
    start : (param,), in the units of the axes; the middle of the domain by default
    name : how the problem is called

    Returns
    -------
    Function
        A problem like the closed-form ones, without a source and known minima.

    Raises
    ------
    InvalidValue
        If the domain is not made of axes with different names, or the start has not one number a parameter.

    Examples
    --------
    >>> double_well = function(lambda p: (p[0] ** 2 - 1) ** 2 + 0.1 * p[0], Axis("x", -2, 2))
    >>> double_well.parameters
    ('x',)
    """
    axes = Domain(domain)
    return Function(name=name, domain=axes, start=_start(start, axes), value=value)


@public
def regression(
    residual: Residual,
    columns: Mapping[str, Numbers],
    domain: Axis | Sequence[Axis],
    *,
    start: Sequence[float] | None = None,
    split: Split = WHOLE,
    name: str = "regression",
) -> Regression:
    """Turn a plain residual and data into a problem.

    Parameters
    ----------
    residual : ``residual(params, *columns) -> scalar``, the residual of one example, written with ``jax.numpy``
    columns : arrays of one length by name, handed to ``residual`` in this order
    domain : one axis a parameter
    start : (param,), in the units of the axes; the middle of the domain by default
    split : how test data are taken; none by default
    name : how the problem is called

    Returns
    -------
    Regression
        A problem with these columns, split; to be joined with a loss by :func:`thalweg.objective`.

    Raises
    ------
    InvalidData
        If the columns differ in length, are not one-dimensional, are empty or hold a number that is not finite, or the
        split leaves no training data.
    InvalidValue
        If the domain is not made of axes with different names, or the start has not one number a parameter.

    Examples
    --------
    >>> x = np.linspace(0, 1, 20)
    >>> problem = regression(lambda p, x, y: p[0] * x - y, {"x": x, "y": 2 * x}, Axis("k", 0, 4))
    >>> problem.start
    (2.0,)
    """
    data = {key: numbers(f"column {key!r}", values).astype(float) for key, values in columns.items()}
    if not data or len({values.shape for values in data.values()}) != 1 or next(iter(data.values())).ndim != 1:
        shapes = {key: values.shape for key, values in data.items()}
        raise InvalidData(f"columns have shapes {shapes}; give one-dimensional arrays of one length")
    for key, values in data.items():
        if not len(values) or not np.isfinite(values).all():
            raise InvalidData(f"column {key!r} is empty or not finite everywhere; give at least one finite number")
    train, test = split(data)
    axes = Domain(domain)
    return Regression(name=name, domain=axes, start=_start(start, axes), residual=residual, train=train, test=test)


def _start(start: Sequence[float] | None, domain: Domain) -> tuple[float, ...]:
    if start is None:
        return tuple((axis.low + axis.high) / 2 for axis in domain)
    return tuple(float(value) for value in start)
