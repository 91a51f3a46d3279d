"""Which parameters a formula is linear in: given the others, the best of them is a least-squares solution.

Every node is told by three sets: names in which it is not linear, names in which it is, and pairs of the latter that
stand in one product, so that it is linear in either but not in both. Sums join the sets; a product makes pairs;
whatever else touches a name makes it nonlinear. What this cannot see, such as ``log(exp(a))``, counts as nonlinear:
nothing is lost but speed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

from thalweg.problems.formula.tree import Apply, Chain, Name, Node, Number, names


@dataclass(frozen=True)
class _Form:
    """How a node depends on names: ``curved``, ``straight``, and ``pairs`` of the latter in one product."""

    curved: frozenset[str] = frozenset()
    straight: frozenset[str] = frozenset()
    pairs: frozenset[frozenset[str]] = frozenset()

    def plus(self, other: _Form) -> _Form:
        return _Form(self.curved | other.curved, self.straight | other.straight, self.pairs | other.pairs)

    def times(self, other: _Form) -> _Form:
        both = frozenset(frozenset(pair) for pair in product(self.straight, other.straight))
        squares = frozenset(name for pair in both if len(pair) == 1 for name in pair)
        joined = self.plus(other)
        return _Form(joined.curved | squares, joined.straight, joined.pairs | both)


def linear_in(node: Node, candidates: Collection[str]) -> tuple[str, ...]:
    """Find parameters in which the formula is linear, all of them at once, as many as there are, in their order.

    Of a product of two parameters one is kept: that which stands in fewer such products, then the first.
    """
    form = _form(node)
    left = [name for name in candidates if name in form.straight - form.curved]
    while clashes := [name for pair in form.pairs if pair <= frozenset(left) for name in pair]:
        left.remove(max(reversed(left), key=clashes.count))
    return tuple(left)


def _form(node: Node) -> _Form:
    match node:
        case Number():
            return _Form()
        case Name(name):
            return _Form(straight=frozenset([name]))
        case Chain(first, links):
            form = _form(first)
            for operator, part in links:
                form = _linked(form, operator, part)
            return form
        case Apply("negative", (part,)):
            return _form(part)
        case Apply("where", (condition, *branches)):
            form = _curved(condition)
            for branch in branches:
                form = form.plus(_form(branch))
            return form
        case Apply(_, parts):
            return _Form(frozenset(name for part in parts for name in names(part)))


def _linked(form: _Form, operator: str, part: Node) -> _Form:
    if operator in "+-":
        return form.plus(_form(part))
    if operator == "*":
        return form.times(_form(part))
    if operator == "/":
        return form.plus(_curved(part))
    if operator == "**" and part == Number(1):
        return form
    return _Form(form.curved | form.straight | frozenset(names(part)))


def _curved(node: Node) -> _Form:
    return _Form(frozenset(names(node)))
