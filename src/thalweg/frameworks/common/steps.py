"""Steps: what a user wrote to compute the loss of a batch for training, and what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Task, is_array
from thalweg.frameworks.common.checks import scalar

MODELS = ("model", "module", "net", "network")
"""How the first argument of a step is called; that of a loss is called otherwise."""


class Returned(NamedTuple):
    """What a step returned.

    Attributes
    ----------
    loss : a scalar of the framework's
    count : what the loss is a mean over, such as rows or tokens, a number; None where the step does not say
    """

    loss: Any
    count: Any = None


def is_step(loss: object) -> bool:
    """Tell a step, ``step(model, batch)``, from a loss, ``loss(outputs, targets)``, by its first argument's name."""
    names = argument_names(loss)
    return bool(names) and names[0] in MODELS


def of_task(step: Callable[..., Any], task: Task) -> Callable[..., Any]:
    """Let a step be handed an array that was given alone as it was, not as a tuple of one."""
    return (lambda model, batch: step(model, batch[0])) if task.bare else step


class Apart:
    """A step made of a model's outputs and a loss of these, which are known apart.

    Parameters
    ----------
    outputs : ``outputs(model, batch)``
    loss : ``loss(outputs, model, batch)``
    """

    def __init__(self, outputs: Callable[[Any, Any], Any], loss: Callable[[Any, Any, Any], Any]):
        self.outputs, self.loss = outputs, loss

    def __call__(self, model: Any, batch: Any) -> Any:
        """Compute the loss."""
        return self.loss(self.outputs(model, batch), model, batch)


def through(step: Any, change: Callable[[Callable[[Any], Any], Any], Any]) -> Callable[[Any, Any], Any] | None:
    """Make the step in which ``change(loss, outputs)`` computes the loss; None where these are not known apart."""
    if not isinstance(step, Apart):
        return None

    def changed(model: Any, batch: Any) -> Any:
        return change(lambda outputs: returned(step.loss(outputs, model, batch)).loss, step.outputs(model, batch))

    return changed


def argument_names(function: object) -> list[str]:
    """Name the positional arguments of a function; none where it does not tell them."""
    try:
        parameters = inspect.signature(function).parameters.values()  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        return []
    return [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]


def returned(result: Any) -> Returned:
    """Take the loss out of what a step returned.

    A scalar is the loss. Otherwise it is what ``.loss`` or ``["loss"]`` is, and of a pair of scalars the first: the
    second is what it is a mean over.

    Raises
    ------
    InvalidValue
        If there is none.
    """
    if isinstance(result, Mapping) and result.get("loss") is not None:
        return Returned(result["loss"], result.get("count"))
    loss = getattr(result, "loss", None)
    if loss is not None:
        return Returned(loss)
    if isinstance(result, tuple) and len(result) == 2:
        loss, count = result
        if is_array(loss) and (isinstance(count, int | float) or (is_array(count) and not len(count.shape))):
            return Returned(loss, count)
    if not is_array(result) and not isinstance(result, int | float):
        what = f"a {type(result).__name__}" if result is not None else "nothing"
        raise InvalidValue(
            f"the step returned {what}; return the loss of the batch, a scalar, or (loss, count), or what has it as "
            ".loss or ['loss']"
        )
    return Returned(result)


def counted(returned: Callable[[], Returned]) -> tuple[float, float | None]:
    """Read a loss and what it counted as numbers of Python."""
    loss, count = returned()
    return number(loss), None if count is None else number(count)


def number(value: Any) -> float:
    """Read a scalar of any framework."""
    scalar(getattr(value, "shape", ()))
    value = value.detach() if hasattr(value, "detach") else value
    return float(value.item() if hasattr(value, "item") else value)
