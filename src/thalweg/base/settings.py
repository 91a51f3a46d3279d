"""Settings tables: keys and values checked against the signature of what they make."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from thalweg.base.catalogue import Catalogue
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.rules import is_table, rule_of
from thalweg.base.showing import shown

Table = dict[str, Any]


def make(catalogue: Catalogue, settings: Any, where: str, *given: Any) -> tuple[Any, Table]:
    """Make the thing that ``kind`` names in a catalogue; return it and its settings with all defaults filled in."""
    kind, rest = kind_of(catalogue, settings, where)
    made, resolved = call(catalogue[kind], rest, where, *given)
    return made, {"kind": kind, **resolved}


def kind_of(catalogue: Catalogue, settings: Any, where: str) -> tuple[str, Table]:
    """Take the ``kind`` out of a table of settings, and check that it is a name; return it and the rest."""
    rest = table(settings, where)
    if "kind" not in rest:
        raise InvalidValue(f'[{where}] has no kind; give one, such as kind = "{next(iter(catalogue))}"')
    kind = rest.pop("kind")
    if not isinstance(kind, str):
        raise InvalidValue(f"kind of [{where}] = {shown(kind)} is not a name; give one of {', '.join(catalogue)}")
    return kind, rest


def call(maker: Callable[..., Any], settings: Any, where: str, *given: Any) -> tuple[Any, Table]:
    """Call ``maker`` with a table of settings; return what it made and the settings with all defaults filled in.

    Its first arguments may be given beside the table. A table in it is turned into the dataclass that the signature
    asks for there. ``None`` cannot be written in TOML and is left out of the filled-in settings.
    """
    hints, parameters = get_type_hints(maker), list(inspect.signature(maker).parameters.values())[len(given) :]
    settings = table(settings, where)
    check_keys(settings, [parameter.name for parameter in parameters], where)
    arguments: Table = {}
    resolved: Table = {}
    for parameter in parameters:
        name = parameter.name
        if name in settings:
            arguments[name], resolved[name] = _read(settings[name], hints.get(name, Any), f"{where}.{name}")
        elif parameter.default is inspect.Parameter.empty:
            raise InvalidValue(f"[{where}] has no {name}; give it a value")
        elif parameter.default is not None:
            resolved[name] = _plain(parameter.default)
    with keys(where, settings):
        return maker(*given, **arguments), resolved


@contextmanager
def keys(where: str, names: Iterable[str]) -> Generator[None]:
    """Let an error about one of some settings name the key as the file has it: ``problem.noise = -1``."""
    try:
        yield
    except InvalidValue as error:
        if any(str(error).startswith((f"{name} = ", f"{name} is ")) for name in names):
            raise InvalidValue(f"{where}.{error}") from None
        raise


def table(settings: Any, where: str) -> Table:
    """Check that settings are a table."""
    if not is_table(settings):
        raise InvalidValue(f"{where} = {shown(settings)} is not a table; write it as [{where}]")
    return dict(settings)


def check_keys(settings: Mapping[str, Any], allowed: Any, where: str) -> None:
    """Refuse a key that nothing reads, naming the nearest that is."""
    for key in settings:
        if key not in allowed:
            raise UnknownName.of(f"key in [{where}]", key, allowed)


def _plain(default: Any) -> Any:
    """Write a default value as TOML can hold it."""
    if is_dataclass(default) and not isinstance(default, type):
        return asdict(default)
    return list(cast(tuple[Any, ...], default)) if isinstance(default, tuple) else cast(Any, default)


def _read(value: Any, hint: Any, where: str) -> tuple[Any, Any]:
    for option in _options(hint):
        if _is_record(option):
            if is_table(value):
                return call(option, value, where)
        elif (rule := rule_of(option)) is None or rule.fits(value):
            return value, value
    raise InvalidValue(f"{where} = {shown(value)} is not allowed; give {_words(hint)}")


def _is_record(hint: object) -> bool:
    """Tell whether a hint is a dataclass, which a table of settings makes."""
    return isinstance(hint, type) and is_dataclass(hint)


def _options(hint: Any) -> list[Any]:
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return [part for part in parts if part is not type(None)]


def _words(hint: Any) -> str:
    """Say what may be written: a dataclass as its table, all else in the words of its rule."""
    words: list[str] = []
    for option in _options(hint):
        if _is_record(option):
            words.append("a table of " + ", ".join(part.name for part in fields(option)))
        elif rule := rule_of(option):
            words.append(rule.words)
    return " or ".join(dict.fromkeys(words))
