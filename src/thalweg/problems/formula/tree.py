"""A formula as a tree of four kinds of nodes, and the passes over it: names, putting things in place of names, value.

Equal formulas are equal trees and have one hash, so that what is compiled for one serves the other. Sums and products
are chains, as long as one likes; all else is at most :data:`thalweg.problems.formula.reading.DEEPEST` deep, so the
passes may call themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

from thalweg.problems.formula.functions import FUNCTIONS

ARITHMETIC: dict[str, Callable[..., Array]] = {
    "+": jnp.add,
    "-": jnp.subtract,
    "*": jnp.multiply,
    "/": jnp.divide,
    "%": jnp.mod,
    "**": jnp.power,
}
COMPARISONS: dict[str, Callable[..., Array]] = {
    "<": jnp.less,
    "<=": jnp.less_equal,
    ">": jnp.greater,
    ">=": jnp.greater_equal,
    "==": jnp.equal,
    "!=": jnp.not_equal,
}
LOGIC: dict[str, Callable[..., Array]] = {"and": jnp.logical_and, "or": jnp.logical_or}


@dataclass(frozen=True)
class Number:
    """A number; a whole one as it was written, since an exponent that is whole has a plainer derivative."""

    value: float


@dataclass(frozen=True)
class Name:
    """A column or a parameter."""

    name: str


@dataclass(frozen=True)
class Chain:
    """``first``, and from left to right what is done to it: pairs of an operator and a node."""

    first: Node
    links: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Apply:
    """A function, or ``negative``, ``not``, ``and``, ``or``, of its parts."""

    function: str
    parts: tuple[Node, ...]


Node: TypeAlias = Number | Name | Chain | Apply


def parts_of(node: Node) -> tuple[Node, ...]:
    """List the nodes right below one, as they stand in the text."""
    match node:
        case Chain(first, links):
            return (first, *(part for _, part in links))
        case Apply(_, parts):
            return parts
        case _:
            return ()


def names(node: Node) -> Iterator[str]:
    """List the names below a node, as often as they stand there."""
    if isinstance(node, Name):
        yield node.name
    for part in parts_of(node):
        yield from names(part)


def put(node: Node, values: Mapping[str, Node]) -> Node:
    """Put nodes in place of names, all at once."""
    match node:
        case Name(name):
            return values.get(name, node)
        case Chain(first, links):
            return Chain(put(first, values), tuple((operator, put(part, values)) for operator, part in links))
        case Apply(function, parts):
            return Apply(function, tuple(put(part, values) for part in parts))
        case Number():
            return node


def value(node: Node, values: Mapping[str, Any]) -> Any:
    """Evaluate a node: a number, or true or false where it compares."""
    match node:
        case Number(number):
            return number
        case Name(name):
            return values[name]
        case Chain(first, links):
            return _chain(value(first, values), links, values)
        case Apply(function, parts):
            return _apply(function, [value(part, values) for part in parts])


def number(given: Any) -> Any:
    """Take what is true for 1 and what is false for 0."""
    return given * 1.0 if _is_truth(given) else given


def _chain(made: Any, links: tuple[tuple[str, Node], ...], values: Mapping[str, Any]) -> Any:
    for operator, part in links:
        other = value(part, values)
        if operator in COMPARISONS:
            made = COMPARISONS[operator](number(made), number(other))
        else:
            # A whole base may not stay whole: 10 ** -3 is 0 in whole numbers.
            made = ARITHMETIC[operator](_real(number(made)), other if operator == "**" else _real(number(other)))
    return made


def _apply(function: str, given: list[Any]) -> Any:
    if function in LOGIC:
        return reduce(LOGIC[function], map(_true, given))
    if function == "not":
        return jnp.logical_not(_true(given[0]))
    if function == "negative":
        return jnp.negative(_real(number(given[0])))
    if function == "where":
        return jnp.where(_true(given[0]), _real(number(given[1])), _real(number(given[2])))
    return FUNCTIONS[function][0](*(_real(number(part)) for part in given))


def _real(given: Any) -> Any:
    return float(given) if isinstance(given, int) else given


def _true(given: Any) -> Any:
    return given if _is_truth(given) else jnp.not_equal(given, 0.0)


def _is_truth(given: Any) -> bool:
    return getattr(getattr(given, "dtype", None), "kind", "") == "b"
