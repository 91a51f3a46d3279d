"""What an annotation allows, as a test of a value and as words.

A signature says once what a parameter may be. From there come the check at the border (:mod:`thalweg.base.border`),
that of the keys of an experiment file (:mod:`thalweg.base.settings`), and the words of both messages. So the rules are
those of people, not of the type system: whole numbers and numbers of NumPy's count as such, ``True`` is never a number,
a list will do where a tuple is asked for, and a number fits only if 64 bits can hold it. A type checker made for
Python's own rules (beartype was tried) would need an exception for each of these, and its words would have to be made
anyhow. What an annotation cannot say, such as what a dataset must hold, is a :class:`Rule` in an ``Annotated``.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from pathlib import PurePath
from typing import Annotated, Literal, TypeGuard, Union, cast, get_args, get_origin

import numpy as np

from thalweg.base.showing import shown

LARGEST = 2**63
"""Whole numbers reach to here: what arrays, files and seeds can hold."""

SOURCE = "__thalweg_source__"
"""Where a class says what makes it, for the words of a refusal."""


Items = Callable[[object], Iterable[tuple[object, object]] | None]
"""Gives the items of what holds several, each with its place; None of what does not."""


@dataclass(frozen=True)
class Rule:
    """What a parameter may be.

    Attributes
    ----------
    fits : whether a value is allowed
    words : what is allowed, to follow "give"
    """

    fits: Callable[[object], bool]
    words: str

    def refusal(self, name: str, value: object) -> str:
        """Say in one line what is wrong with a value that does not fit."""
        return f"{name} = {shown(value)} is not allowed; give {self.words}"


def rule_of(hint: object) -> Rule | None:
    """Read an annotation; None where everything is allowed."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        own = [mark for mark in inner[1:] if isinstance(mark, Rule)]
        return own[0] if own else rule_of(inner[0])
    if origin in (Union, types.UnionType):
        return _any_of(inner)
    if origin is Literal:
        return Rule(lambda value: isinstance(value, str) and value in inner, _joined([repr(word) for word in inner]))
    if origin is tuple and inner[-1:] != (Ellipsis,):
        return _tuple(inner)
    if origin in (tuple, Sequence, list, Collection, Iterable):
        return _several("list", partial(_numbered, once=origin is Iterable), inner[0])
    if (origin or hint) in (Mapping, dict):
        return _several("table", _named, inner[1] if inner else object, " by name")
    if origin is type:
        return Rule(lambda value: isinstance(value, type), "a class")
    if (origin or hint) is Callable or origin is types.FunctionType:
        return Rule(callable, "a function")
    return _of_class(hint)


def is_number(value: object) -> bool:
    """Tell whether a value is a real number that 64 bits can hold; infinity and NaN are for the caller to judge."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    if isinstance(value, Integral):  # NumPy makes an object of a longer one
        return is_whole(value)
    try:
        float(value)
    except OverflowError:
        return False
    return True


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number that 64 bits can hold."""
    return not isinstance(value, bool) and isinstance(value, Integral) and -LARGEST <= int(value) < LARGEST


def is_path(value: object) -> bool:
    """Tell whether a value can name a file."""
    return isinstance(value, str | os.PathLike) and "\0" not in os.fspath(value)  # pyright: ignore


class _Number(Rule):
    """A number, whose refusal tells apart what is none and what is too large."""

    def refusal(self, name: str, value: object) -> str:
        if not isinstance(value, bool) and isinstance(value, Integral) and not is_whole(value):
            return f"{name} = {shown(value)} is too large and is not allowed; give {self.words} that fits 64 bits"
        return f"{name} = {shown(value)} is not {self.words}; give {self.words}"


_PLAIN: Mapping[object, Rule] = {
    bool: Rule(lambda value: isinstance(value, bool | np.bool_), "true or false"),
    int: _Number(is_whole, "a whole number"),
    float: _Number(is_number, "a number"),
    str: Rule(lambda value: isinstance(value, str), "a text"),
    type(None): Rule(lambda value: value is None, "None"),
}


def _of_class(hint: object) -> Rule | None:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if not isinstance(hint, type) or hint is object:
        return None
    if issubclass(hint, PurePath):
        return Rule(is_path, "a path")
    try:
        isinstance(None, hint)
    except TypeError:  # a protocol that cannot be asked
        return None
    return _Instance(lambda value: isinstance(value, hint), _class_words(cast(type[object], hint)))


class _Instance(Rule):
    """A thing of a class, which some function of ours makes."""

    def refusal(self, name: str, value: object) -> str:
        what, _, source = self.words.partition(", ")
        advice = source or self.words
        return f"{name} = {shown(value)} is not {what}; give {advice}"


def _class_words(hint: type) -> str:
    dims = getattr(hint, "dim_str", None)
    if isinstance(dims, str):  # a shape of jaxtyping's
        return f"an array of floats over ({', '.join(dims.split())})"
    if hint is np.ndarray:
        return "an array"
    home = hint.__module__.partition(".")[0]
    name = f"{'an' if hint.__name__[0] in 'AEIOU' else 'a'} {hint.__name__}"
    name += "" if home in ("thalweg", "builtins") else f" of {home}"
    source = vars(hint).get(SOURCE)
    return f"{name}, {source}" if source else name


def _any_of(options: Sequence[object]) -> Rule | None:
    real = [option for option in options if option is not type(None)]
    if any(isinstance(option, type) and issubclass(option, PurePath) for option in real):
        real = [option for option in real if option is not str]
    rules = [rule_of(option) for option in real]
    known = [rule for rule in rules if rule is not None]
    if len(known) < len(rules):
        return None
    tests = [rule.fits for rule in known] + [_PLAIN[type(None)].fits] * (type(None) in options)

    def fits(value: object) -> bool:
        return any(test(value) for test in tests)

    if len(known) == 1:
        return _Optional(fits, known[0].words, known[0])
    return Rule(fits, _joined(dict.fromkeys(map(_short, known))))


@dataclass(frozen=True)
class _Optional(Rule):
    """What may be left out: None is allowed, and everything else is judged by the rule itself."""

    rule: Rule

    def refusal(self, name: str, value: object) -> str:
        return self.rule.refusal(name, value)


@dataclass(frozen=True)
class _Several(Rule):
    """A list or a table whose items all have one rule; a refusal points at the first that has not."""

    items: Items
    rule: Rule

    def refusal(self, name: str, value: object) -> str:
        for place, item in self.items(value) or ():
            if not self.rule.fits(item):
                return self.rule.refusal(f"{name}[{place}]", item)
        return super().refusal(name, value)


def _several(kind: str, items: Items, inner: object, more: str = "") -> Rule:
    """Read a list or a table, whose ``items`` are those of a value with their places; None of what is neither."""
    rule = rule_of(inner)
    if rule is None:
        return Rule(lambda value: items(value) is not None, f"a {kind}{more}")

    def fits(value: object) -> bool:
        parts = items(value)
        return parts is not None and all(rule.fits(item) for _, item in parts)

    return _Several(fits, f"a {kind} of {_plural(rule)}{more}", items, rule)


def _numbered(value: object, once: bool = False) -> Iterable[tuple[object, object]] | None:
    """Number the items of a list; what can be gone through but ``once`` is not, or nothing would be left of it."""
    items = () if once and isinstance(value, Iterator) else _items(value)
    return None if items is None else enumerate(items)


def _named(value: object) -> Iterable[tuple[object, object]] | None:
    return ((repr(key), item) for key, item in value.items()) if is_table(value) else None


def _tuple(inner: Sequence[object]) -> Rule:
    rules = [rule_of(part) for part in inner]

    def fits(value: object) -> bool:
        items = _items(value)
        if items is None or len(items) != len(rules):
            return False
        return all(rule is None or rule.fits(item) for rule, item in zip(rules, items, strict=True))

    words = {"things" if rule is None else _plural(rule) for rule in rules}
    count = "a pair of" if len(rules) == 2 else f"a list of {len(rules)}"
    return Rule(fits, f"{count} {words.pop() if len(words) == 1 else 'things'}")


def _items(value: object) -> Sequence[object] | None:
    """Give the items of what is as good as a list; an array's are its rows."""
    if isinstance(value, str | bytes | Mapping | AbstractSet) or not isinstance(value, Collection):
        return None
    if isinstance(value, np.ma.MaskedArray) or getattr(cast(object, value), "shape", None) == ():
        return None
    return cast(Sequence[object], value) if isinstance(value, Sequence) else list(cast(Collection[object], value))


def is_table(value: object) -> TypeGuard[Mapping[str, object]]:
    """Tell whether a value is a table by name."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in cast(Mapping[object, object], value))


def _short(rule: Rule) -> str:
    """Give the words of a rule without what makes a thing of a class."""
    return rule.words.partition(", ")[0] if isinstance(rule, _Instance) else rule.words


def _plural(rule: Rule) -> str:
    """Put what is allowed into the plural, as far as our own words need it."""
    first = _short(rule)
    for one in ("a list of", "a pair of", "a table of", "an array of"):
        if first.startswith(one):
            return one.split()[1] + "s of" + first.removeprefix(one)
    if " or " in first:
        return first
    article, _, noun = first.partition(" ")
    # The name of a class stays as it is written.
    return noun if noun[:1].isupper() else f"{noun}s" if article in ("a", "an") else first


def _joined(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
