"""Every public object says what it takes, gives and refuses, and shows itself at work; a gap fails and is named."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from types import ModuleType
from typing import Any

import pytest

import thalweg as tw
from thalweg.base.errors import ThalwegError

SECTION = re.compile(r"^(\w+)\n-+$", re.MULTILINE)

ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) :", re.MULTILINE)

HEADER = re.compile(r"^ *variable +dims +unit +meaning$", re.MULTILINE)


def public(module: ModuleType = tw) -> Iterator[tuple[str, Any]]:
    """All public functions and classes, by the name under which users find them."""
    for name in sorted(module.__all__):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            yield from public(value)
        elif inspect.isclass(value) or inspect.isroutine(value):
            yield f"{module.__name__}.{name}", value


def methods(kind: type) -> Iterator[tuple[str, Callable]]:
    """The public methods of a class that are ours."""
    for name, value in inspect.getmembers(kind, inspect.isroutine):
        ours = getattr(inspect.unwrap(value), "__module__", None) or ""
        if name[0] != "_" and ours.startswith("thalweg") and name in vars(kind):
            yield name, value


def sections(text: str) -> dict[str, str]:
    """Split a docstring of NumPy's kind; what comes before the first section is its summary."""
    parts = SECTION.split(inspect.cleandoc(text))
    return {"Summary": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def described(section: str) -> set[str]:
    """Give the names that a section describes, ``a, b : …`` two of them."""
    return {name.lstrip("*") for names in ENTRY.findall(section) for name in names.split(", ")}


def taken(value: Callable) -> set[str]:
    """Give the names of a signature's parameters."""
    return set(inspect.signature(value).parameters) - {"self", "cls"}


def fields(kind: type) -> set[str]:
    """Give what a class is made of: the members of an enumeration, else what its maker takes."""
    if issubclass(kind, Exception):
        return set()
    return set(kind.__members__) if issubclass(kind, Enum) else taken(kind)


def refusals(value: Callable) -> set[str]:
    """Give the errors of ours that the source itself raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(value))))
    names = {
        word.id
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Raise) and statement.exc
        for word in ast.walk(statement.exc)
        if isinstance(word, ast.Name)
    }
    return names & {kind.__name__ for kind in family(ThalwegError)}


def family(kind: type) -> Iterator[type]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def gaps_of_function(value: Callable, *, example: bool = True) -> Iterator[str]:
    if not value.__doc__:
        yield "no docstring"
        return
    parts = sections(value.__doc__)
    if not parts["Summary"].split("\n\n")[0].strip().endswith("."):
        yield "no sentence in the first line"
    names, said = taken(value), described(parts.get("Parameters", ""))
    if names - said:
        yield f"Parameters lack {sorted(names - said)}"
    if said - names:
        yield f"Parameters have {sorted(said - names)}, which the signature lacks"
    returns = str(inspect.signature(value).return_annotation)
    if returns != "None" and not {"Returns", "Yields"} & set(parts):
        yield "no Returns"
    if "Dataset" in returns and not HEADER.search(parts.get("Returns", "")):
        yield "Returns of a dataset have no table: variable, dims, unit, meaning"
    unsaid = {name for name in refusals(value) if name not in parts.get("Raises", "")}
    if unsaid:
        yield f"Raises lack {sorted(unsaid)}"
    if example and ">>>" not in parts.get("Examples", ""):
        yield "no Examples"


def gaps_of_class(kind: type) -> Iterator[str]:
    if not kind.__doc__ or "__doc__" not in vars(kind):
        yield "no docstring"
        return
    parts = sections(kind.__doc__)
    if not parts["Summary"].split("\n\n")[0].strip().endswith("."):
        yield "no sentence in the first line"
    missing = fields(kind) - described(parts.get("Parameters", "") + parts.get("Attributes", ""))
    if missing:
        yield f"Parameters or Attributes lack {sorted(missing)}"
    if ">>>" not in parts.get("Examples", ""):
        yield "no Examples"
    for name, method in methods(kind):
        # The example of a class shows its methods.
        yield from (f"{name}: {gap}" for gap in gaps_of_function(method, example=False))


def gaps(value: Any) -> list[str]:
    return list(gaps_of_class(value) if inspect.isclass(value) else gaps_of_function(value))


OBJECTS = dict(public())


@pytest.mark.parametrize("name", OBJECTS)
def test_a_public_object_is_documented(name):
    found = gaps(OBJECTS[name])
    assert not found, f"{name}: {'; '.join(found)}"


def test_gaps_are_seen():
    def mute(start, *, rate):
        raise tw.ThalwegError(start, rate)

    def wrong(start) -> int:
        """Say nothing of what it takes.

        Parameters
        ----------
        begin : of all

        Examples
        --------
        >>> 1
        1
        """
        raise ThalwegError(start)

    assert gaps(mute) == ["no docstring"]
    assert gaps(wrong) == [
        "Parameters lack ['start']",
        "Parameters have ['begin'], which the signature lacks",
        "no Returns",
        "Raises lack ['ThalwegError']",
    ]
