"""A formula as a function of its names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array

from thalweg.problems.formula import tree
from thalweg.problems.formula.functions import CONSTANTS
from thalweg.problems.formula.reading import read


@dataclass(frozen=True)
class Formula:
    """A formula that has been read; equal ones share compiled programs.

    Attributes
    ----------
    node : the tree, without constants by name
    text : as it was written; how it was spaced makes no other formula

    Examples
    --------
    >>> decay = formula("A * exp(-t / tau) + c")
    >>> decay.names
    ('A', 't', 'tau', 'c')
    >>> float(decay({"A": 2.0, "t": 0.0, "tau": 1.0, "c": 0.5}))
    2.5
    """

    node: tree.Node
    text: str = field(default="", compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, in the order in which they first stand."""
        return tuple(dict.fromkeys(tree.names(self.node)))

    def __call__(self, values: Mapping[str, Any]) -> Array | float:
        """Evaluate it at numbers or arrays that broadcast; what compares is 1 where it is true, else 0."""
        return tree.number(tree.value(self.node, values))

    def put(self, values: Mapping[str, float | Formula]) -> Formula:
        """Put numbers or other formulas in place of names, all at once."""
        nodes = {
            name: value.node if isinstance(value, Formula) else tree.Number(value) for name, value in values.items()
        }
        return Formula(tree.put(self.node, nodes), self.text)


def formula(text: str, columns: Collection[str] = (), parameters: Collection[str] = ()) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : arithmetic, comparisons, ``where`` and functions by NumPy's names
    columns : names of data, none of which is a constant or a function then
    parameters : names that are surely parameters, so that ``e`` may be one

    Raises
    ------
    FormulaError
        If it cannot be read.
    """
    node = read(text, columns)
    constants = {
        name: tree.Number(value) for name, value in CONSTANTS.items() if name not in columns and name not in parameters
    }
    return Formula(tree.put(node, constants), text)
