"""Which statistics normalisation layers use, as :func:`thalweg.networks.wrap` is asked for them."""

from __future__ import annotations

from collections.abc import Collection

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Task

IN_FACTS = {"batch": "of the batch"}
"""How a choice is called in facts, where it is not by its own name."""


def chosen(task: Task, gathers: bool, offered: Collection[str], where: str) -> str:
    """Choose the statistics that normalisation layers use.

    Parameters
    ----------
    task : says whether the model is evaluated as in training, and may ask for statistics
    gathers : whether the model has gathered any
    offered : what the room has, the usual choice first
    where : the framework, in words

    Returns
    -------
    str
        One of those offered, or ``"none"``.

    Raises
    ------
    InvalidValue
        If what is asked for is not there, or does not go with the mode.
    """
    asked = task.statistics
    if task.training:
        if asked not in (None, "batch"):
            raise InvalidValue(
                f"statistics = {asked!r} do not go with mode = 'training', which takes those of the batch; "
                "leave one of them out"
            )
        return "batch" if gathers else "none"
    if asked is not None and asked not in offered:
        raise InvalidValue(
            f"statistics = {asked!r} are not there for {where}; give {' or '.join(map(repr, offered))}, or leave it out"
        )
    if not gathers:
        return "none"
    return asked or next(iter(offered))
