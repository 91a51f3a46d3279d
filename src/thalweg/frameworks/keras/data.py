"""Data as Keras has them: ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, each of any structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Nest
from thalweg.frameworks.common.checks import pair


class Given(NamedTuple):
    """A batch, taken apart.

    Attributes
    ----------
    x : what the model is called with; several inputs are a list or a dictionary
    y : targets, None where there are none
    weight : sample weights, None where there are none
    """

    x: Nest
    y: Nest = None
    weight: Nest = None


def given(batch: Nest) -> Given:
    """Take a batch apart as ``fit`` does: what is no tuple or list is ``x`` alone.

    Raises
    ------
    InvalidValue
        If there are more than three, or inputs and targets have different rows.
    """
    parts = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    if not 1 <= len(parts) <= 3:
        raise InvalidValue(
            f"data are a tuple of {len(parts)}; give (x, y) or (x, y, sample_weight), as fit takes them: several "
            "inputs are a list or a dictionary, x = [a, b]"
        )
    found = Given(*parts)
    if isinstance(found.weight, Mapping) and all(isinstance(name, int) for name in found.weight):
        raise InvalidValue(
            "data have weights of classes in the third place; give weights of rows, np.array([weights[kind] for kind "
            "in y]), which are the same"
        )
    for other in (found.y, found.weight):
        if other is not None:
            pair((found.x, other))
    return found
