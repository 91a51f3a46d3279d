"""What stands beside the numbers of a result, as every file format takes it.

Attributes of netCDF and Zarr are texts, numbers, and lists of these, without nesting, truth values or nothing. And one
name is taken: SciPy's writer, which xarray uses where nothing else is installed, keeps attributes as those of its own
object, whose ``mode`` says that it is open for writing; so a network's mode is stored as ``network_mode``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

RENAMED = {"mode": "network_mode"}
"""Names that a format has another use for."""


def storable(facts: Mapping[str, object]) -> dict[str, Any]:
    """Bring facts into what every format takes; what is None is left out.

    Examples
    --------
    >>> storable({"mode": "training", "exact": True, "only": None, "rates": (1, 2.5), "rule": {"beta": 0.9}})
    {'network_mode': 'training', 'exact': 1, 'rates': [1, 2.5], 'rule': 'beta: 0.9'}
    """
    return {RENAMED.get(name, name): _plain(value) for name, value in facts.items() if value is not None}


def _plain(value: object) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        # A list of lists is none that a file can hold, and one of texts and numbers is of texts.
        plain = all(isinstance(item, int | float) for item in items)
        return items if plain else [str(item) for item in items]
    return str(value)
