"""What networks are checked for in every room before anything is computed with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.base.showing import shown
from thalweg.frameworks.common.batches import described, lengths

Result = TypeVar("Result")

ALLOWED = ("float32", "float64")
"""The types of parameters that a surface can be computed in."""


def function(loss: Any, call: str) -> None:
    """Check that a loss can be called, as ``call`` says."""
    if not callable(loss):
        raise InvalidValue(
            f"loss = {shown(loss)} is not a function; give {call}, a scalar, such as a mean over the rows"
        )


def one_type(types: Mapping[str, str]) -> np.dtype:
    """Check that all parameters are of one type that is fine enough; ``types`` are by the parameters' names."""
    if not types:
        raise InvalidValue("the model has no trainable parameters; give a model with at least one trainable variable")
    first, kind = next(iter(types.items()))
    for name, other in types.items():
        if other != kind:
            raise InvalidValue(
                f"parameters are of mixed types: {first!r} is {kind} and {name!r} is {other}; give a model of one "
                f"type, {' or '.join(ALLOWED)}"
            )
    if kind not in ALLOWED:
        raise InvalidValue(f"parameters are {kind}, which is not allowed; give a model in {' or '.join(ALLOWED)}")
    return np.dtype(kind)


def pair(batch: Any) -> tuple[tuple[Any, ...], Any]:
    """Take a batch ``(*inputs, targets)`` apart, as a loss of outputs and targets needs it."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise InvalidValue(
            f"data are {described(batch)}; give the inputs and, last, the targets, (inputs, targets), or a step whose "
            "first argument is called model: step(model, batch), which returns the loss of a batch"
        )
    *inputs, targets = batch
    rows, others = lengths(targets), lengths(inputs)
    if rows and others and not set(rows) & set(others):
        raise InvalidValue(
            f"the targets have {' and '.join(map(str, rows))} rows and the inputs {' and '.join(map(str, others))}; "
            "give arrays of one length, an example a row"
        )
    return tuple(inputs), targets


def dense(array: Any) -> None:
    """Refuse what has a shape and is no array: sparse and ragged tensors, strings."""
    kind, dtype = type(array).__name__, str(getattr(array, "dtype", ""))
    layout = str(getattr(array, "layout", "torch.strided"))
    if "Ragged" in kind or "Sparse" in kind or "sparse" in type(array).__module__ or layout != "torch.strided":
        raise InvalidValue(
            f"data have a {kind} of shape {tuple(array.shape)}; give dense arrays, padded where rows are uneven, or "
            "let a step make it of them"
        )
    if "string" in dtype:
        raise InvalidValue(f"data have a tensor of strings of shape {tuple(array.shape)}; give arrays of numbers")


def one_array(outputs: Any, kind: type) -> None:
    """Refuse outputs in several arrays where one is needed."""
    if not isinstance(outputs, kind):
        raise InvalidValue(
            f"the Gauss-Newton matrix needs outputs in one array, and the model gives a {type(outputs).__name__}; give "
            "a model whose output is one"
        )


def scalar(shape: Sequence[int | None]) -> None:
    """Check that a loss is one number."""
    if len(shape):
        raise InvalidValue(
            f"the loss has shape {tuple(shape)} and is not a scalar; give a loss that is a mean over the rows"
        )


def tried(compute: Callable[[], Result]) -> Result:
    """Compute what calls a user's model and loss, and say in one line what they raise."""
    try:
        return compute()
    except ThalwegError:
        raise
    except Exception as error:  # a model or a loss that does not take the data may raise anything
        raise InvalidValue(
            f"the model with its loss cannot be evaluated on these data: {type(error).__name__}: {reason(error)}; give "
            "data as the model takes them: (inputs, targets)"
        ) from error


def reason(error: Exception) -> str:
    """Shorten a framework's message to the line that has the reason.

    A report of where in its graph a framework failed stands around that line, which is the one with the error's own
    name, or else the first.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own = f"{type(error).__name__}:"
    line = next((line for line in lines if line.startswith(own)), lines[0] if lines else type(error).__name__)
    return line.removeprefix(own).strip()[:300]
