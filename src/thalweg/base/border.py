"""The border of the library: what a public function or class is given is checked before it runs.

A call from outside is checked once, at the first function of ours that it meets, for what its signature says: are these
the parameters that there are, and may each be what it is given. What is wrong becomes one line of ours instead of
whatever error would come from deep inside. Behind the border code may rely on types; what a type cannot say, such as a
bound that depends on another parameter, is still checked where it is known.

Signatures are read at the first call of a function, not when it is defined: ``import thalweg`` does not pay for it, and
annotations may name what is defined later. A call then costs a few microseconds, which a test of a million calls
in a loop would feel, and nothing that we compute does: the inner loops are compiled, or call what is not public.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any, TypeVar, get_type_hints

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.rules import SOURCE, Rule, rule_of

Public = TypeVar("Public", bound=Callable[..., Any])

GATE = "__thalweg_gate__"
"""What marks a function that checks its arguments."""


def public(thing: Public) -> Public:
    """Check what a function, a method or a class is called with against its signature.

    Stands above every other decorator, but below ``property``; of a dataclass above ``@dataclass``. Signature,
    docstring and types stay what they were.

    Examples
    --------
    >>> @public
    ... def grow(size: int, *, by: float = 1.0) -> float:
    ...     return size * by
    >>> grow(3, bye=2.0)
    Traceback (most recent call last):
    thalweg.base.errors.UnknownName: unknown argument of grow 'bye'; did you mean 'by'? allowed: by, size
    >>> grow("3")
    Traceback (most recent call last):
    thalweg.base.errors.InvalidValue: size = '3' is not a whole number; give a whole number
    """
    if isinstance(thing, type):
        setattr(thing, "__init__", _guarded(thing.__init__, thing.__name__, thing))  # noqa: B010  # pyright: ignore
        return thing  # pyright: ignore[reportReturnType]  # the class itself
    return _guarded(thing, thing.__name__)


def from_(source: str) -> Callable[[Public], Public]:
    """Make a class public and say what makes its instances, for whoever gives something else.

    Examples
    --------
    >>> @from_("what build returns")
    ... class House: ...
    >>> @public
    ... def sell(house: House) -> None: ...
    >>> sell("a flat")
    Traceback (most recent call last):
    thalweg.base.errors.InvalidValue: house = 'a flat' is not a House; give what build returns
    """

    def mark(made: Public) -> Public:
        setattr(made, SOURCE, source)
        return public(made)

    return mark


def _guarded(function: Public, name: str, owner: type | None = None) -> Public:
    gate = _Gate(function, name, owner)

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        gate.check(arguments, named)
        return function(*arguments, **named)

    setattr(call, GATE, gate)
    return call  # pyright: ignore[reportReturnType]  # a wrapper of the same signature


class _Gate:
    """The signature of one function, and the rule of each of its parameters."""

    def __init__(self, function: Callable[..., Any], name: str, owner: type | None):
        self.function, self.name, self.owner = function, name, owner

    @cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by parameter, of those that have one."""
        hints = get_type_hints(self.function, include_extras=True)
        rules = {name: rule_of(hints[name]) for name in self.signature.parameters if name in hints}
        return {name: rule for name, rule in rules.items() if rule is not None}

    @cached_property
    def gathered(self) -> Mapping[str, object]:
        """The parameters that gather all others, ``*arguments`` and ``**named``."""
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return {name: part.kind for name, part in self.signature.parameters.items() if part.kind in kinds}

    @cached_property
    def own(self) -> dict[str, inspect.Parameter]:
        """The parameters that a caller can name."""
        parts = [part for name, part in self.signature.parameters.items() if name not in self.gathered]
        return {part.name: part for part in parts if part.name != "self"}

    def check(self, arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        """Refuse what the signature does not allow."""
        try:
            bound = self.signature.bind(*arguments, **named).arguments
        except TypeError:
            raise self._misfit(arguments, named) from None
        for name, rule in self.rules.items():
            if name not in bound:
                continue
            if name in self.gathered:
                self._check_gathered(name, rule, bound[name])
            elif not rule.fits(bound[name]):
                raise InvalidValue(rule.refusal(name, bound[name]))

    def _check_gathered(self, name: str, rule: Rule, values: Any) -> None:
        several = self.gathered[name] is inspect.Parameter.VAR_POSITIONAL
        items = [(name, value) for value in values] if several else values.items()
        for item, value in items:
            if not rule.fits(value):
                raise InvalidValue(rule.refusal(item, value))

    def _misfit(self, arguments: tuple[object, ...], named: Mapping[str, object]) -> InvalidValue | UnknownName:
        """Say in one line why arguments cannot be bound: an unknown name, one given twice, too many, or one missing."""
        takes_all = inspect.Parameter.VAR_KEYWORD in self.gathered.values()
        positional_only = {name for name, part in self.own.items() if part.kind is inspect.Parameter.POSITIONAL_ONLY}
        for name in named:
            if not takes_all and (name not in self.own or name in positional_only):
                return UnknownName.of(f"argument of {self.name}", name, self.own)
        in_order = [name for name, part in self.own.items() if part.kind is not inspect.Parameter.KEYWORD_ONLY]
        given = len(arguments) - ("self" in self.signature.parameters)
        if given > len(in_order) and inspect.Parameter.VAR_POSITIONAL not in self.gathered.values():
            rest = [name for name in self.own if name not in in_order]
            advice = f"give these by name: {', '.join(rest)}" if rest else "leave the others out"
            return InvalidValue(
                f"{self.name} takes {len(in_order)} argument{'s' * (len(in_order) != 1)} in order and {given} were "
                f"given; {advice}"
            )
        for name in in_order[:given]:
            if name in named:
                return InvalidValue(f"{name} of {self.name} is given twice, in order and by name; give it once")
        needed = [name for name, part in self.own.items() if part.default is inspect.Parameter.empty]
        missing = [name for name in needed if name not in named and name not in in_order[:given]]
        return InvalidValue(
            f"{self.name} has no {' and no '.join(missing)}; give {'it' if len(missing) == 1 else 'them'}, as in "
            f"{self.name}({', '.join(name if name in in_order else f'{name}=…' for name in needed)})"
        )
