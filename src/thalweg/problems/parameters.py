"""Which names of a model are parameters: those that are no columns, not held, not tied, and once for every group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.problems.axis import Axis
from thalweg.problems.formula import tree
from thalweg.problems.formula.formula import Formula
from thalweg.problems.model import Model
from thalweg.problems.ranges import Each, Known

MOST_GROUPS = 50
"""Groups whose parameters are found together at most."""


def tie(model: Model, given: Mapping[str, Known], columns: Sequence[str], spread: Mapping[str, Formula]) -> Model:
    """Put in what is held, tied or spread over groups, until nothing is left to put in.

    Raises
    ------
    UnknownName
        If one is not in the model.
    InvalidValue
        If it is tied to itself, or to a column.
    """
    ties = {name: what for name, what in given.items() if isinstance(what, Formula)} | dict(spread)
    named = {name for what in ties.values() for name in what.names}
    for name, what in ties.items():
        if name not in model.names and name not in named:
            raise UnknownName.of("parameter", name, [each for each in model.names if each not in columns])
        if isinstance(what.node, tree.Name) and not {*what.names} & {*model.names, *given}:
            free = [each for each in model.names if each not in columns and each != name]
            raise InvalidValue(
                f"range of {name} is {what.names[0]!r}, no range and no other parameter; give low:high, low:high:log, "
                f"a number, or a formula of {', '.join(free) if free else 'other parameters'}"
            )
        column = next((each for each in what.names if each in columns), None)
        if column is not None and name not in spread:
            raise InvalidValue(f"range of {name} ties it to the column {column!r}; tie it to other parameters")
    for _ in range(len(ties)):
        ties = {
            name: what.put({other: ties[other] for other in ties if other in what.names}) for name, what in ties.items()
        }
    circular = [name for name, what in ties.items() if set(what.names) & set(ties)]
    if circular:
        raise InvalidValue(f"range of {circular[0]} ties it to itself; tie parameters to free ones")
    return model.put(ties) if ties else model


def over_groups(given: Mapping[str, Known], column: str, groups: Sequence[str]) -> dict[str, Formula]:
    """Give each parameter that every group has of its own as the formula that picks the one of a row's group.

    Examples
    --------
    >>> picked = over_groups({"A": Each()}, "side", ["left", "right"])["A"]
    >>> picked.names, float(picked({"side": 1.0, "A[left]": 2.0, "A[right]": 3.0}))
    (('side', 'A[left]', 'A[right]'), 3.0)
    """
    spread: dict[str, Formula] = {}
    for name in [name for name, what in given.items() if isinstance(what, Each)]:
        node: tree.Node = tree.Name(own(name, groups[-1]))
        for k in range(len(groups) - 2, -1, -1):
            chosen = tree.Chain(tree.Name(column), (("==", tree.Number(float(k))),))
            node = tree.Apply("where", (chosen, tree.Name(own(name, groups[k])), node))
        spread[name] = Formula(node)
    return spread


def axes_of(given: Mapping[str, Known], groups: Sequence[str]) -> dict[str, Axis]:
    """List the axes that are known, those for every group once a group."""
    axes = {name: what for name, what in given.items() if isinstance(what, Axis)}
    for name, what in given.items():
        if isinstance(what, Each) and what.axis is not None:
            names = [own(name, group) for group in groups]
            axes |= {each: replace(what.axis, name=each) for each in names if each not in given}
    return axes


def own(name: str, group: str) -> str:
    """Name the parameter that a group has of its own."""
    return f"{name}[{group}]"
