"""An optimiser in words: ``sgd(learning_rate=0.05, momentum=0.9)``.

An :class:`thalweg.Optimizer` knows how it was made. An object of optax's own does not: ``optax.sgd(0.05)`` is a pair of
functions. But these close over what they were made of, and that can be read: their names, the numbers among their
closed-over values, and the functions below them, which is the object's *anatomy*. From the numbers we guess how it
could have been made, make that, and compare the two anatomies. Only where they are equal is the guess believed, so what
is said is never wrong; a chain that is no optimiser of the catalogue is described by its links, and what cannot be
read is called what it is. A change of optax's inside makes descriptions poorer and nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import optax

from thalweg.descent.optimizer import AnyOptimizer, Optimizer, called
from thalweg.descent.optimizers import CATALOGUE, SCHEDULES, keywords

OPAQUE = "given as an object"
"""What an optimiser is called that cannot be read."""

CHAIN = "chain"

WRAPPERS = {"with_extra_args_support", "flatten"}
"""Functions of optax's that only pass on to what they wrap."""


class Anatomy(NamedTuple):
    """A function's maker, the values that it closes over, the functions below it, and what makes its state."""

    name: str
    values: tuple[tuple[str, Any], ...]
    below: tuple[Anatomy, ...]
    init: Anatomy | None = None

    def parts(self) -> Iterator[Anatomy]:
        """Go through it and all that is below it."""
        yield self
        for part in (*self.below, *filter(None, [self.init])):
            yield from part.parts()


def described(optimizer: AnyOptimizer) -> str:
    """Write an optimiser as it is called in Python, with all its settings that are not optax's defaults."""
    if isinstance(optimizer, Optimizer):
        return repr(optimizer)
    try:
        return _written(_anatomy(optimizer)) or OPAQUE
    except Exception:  # whatever hides in a user's own object, a description is no reason to fail
        return OPAQUE


def _anatomy(function: Any) -> Anatomy:
    """Read a function; what is neither plain nor a function stands for itself, so that only itself equals it."""
    if isinstance(function, optax.GradientTransformation):
        links = [_links(part) for part in (function.init, function.update)]
        if all(links):  # a chain, which keeps the halves of its links apart
            pairs = zip(*links, strict=True)
            return Anatomy(CHAIN, (), tuple(_anatomy(optax.GradientTransformation(*pair)) for pair in pairs))
        return _anatomy(function.update)._replace(init=_anatomy(function.init))
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    values: list[tuple[str, Any]] = []
    below: list[Anatomy] = []
    for name, cell in cells:
        content: Any = cell.cell_contents
        if content is function:  # it calls itself
            continue
        for item in content if type(content) in (tuple, list) else (content,):
            if isinstance(item, optax.GradientTransformation) or hasattr(item, "__code__"):
                below.append(_anatomy(item))
            else:
                values.append((name, item))
    maker = function.__qualname__.partition(".")[0]
    if maker in WRAPPERS and len(below) == 1 and not values:
        return below[0]
    return Anatomy(maker, tuple(values), tuple(below))


def _links(function: Callable[..., Any]) -> tuple[Any, ...]:
    """Find the functions that a part of a chain goes through."""
    if function.__qualname__.startswith(f"{CHAIN}."):
        held: list[Any] = [cell.cell_contents for cell in function.__closure__ or ()]
        return next((content for content in held if type(content) is tuple), ())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return ()


def _written(anatomy: Anatomy) -> str:
    """Write an anatomy as the optimiser that it is, else as its links."""
    for name, maker in CATALOGUE.items():
        settings = _guess(maker, anatomy)
        if settings is not None and _made(maker, settings) == anatomy:
            usual = {key: value.default for key, value in inspect.signature(maker).parameters.items()}
            told = {key: value for key, value in settings.items() if key == "learning_rate" or value != usual[key]}
            return called(name, {key: _schedule(value) or value for key, value in told.items()})
    if anatomy.name == "identity":
        return ""
    if anatomy.name == CHAIN:
        return ", ".join(filter(None, map(_written, anatomy.below)))
    numbers = {key: value for key, value in anatomy.values if isinstance(value, int | float | str)}
    return called(anatomy.name, numbers)


def _made(maker: Callable[..., Any], settings: dict[str, Any]) -> Anatomy | None:
    """Read what a maker makes of settings; those that are another's may be none that it can take."""
    with suppress(Exception):
        return _anatomy(maker(**settings))
    return None


def _guess(maker: Callable[..., Any], anatomy: Anatomy) -> dict[str, Any] | None:
    """Guess the settings with which a maker could have made it, from what its parts hold by the same names."""
    parts = list(anatomy.parts())
    held = {key: value for part in parts for key, value in part.values if isinstance(value, int | float)}
    for part in parts:
        if part.name == "trace" and "decay" in (values := dict(part.values)):
            held["momentum"] = values["decay"]
        if part.name in SCHEDULES:
            schedule, values = SCHEDULES[part.name], dict(part.values)
            held["learning_rate"] = schedule(**{key: values[key] for key in keywords(schedule) if key in values})
    if "step_size" in held:
        held.setdefault("learning_rate", -held["step_size"])
    allowed = keywords(maker)
    settings = {key: held[key] for key in allowed if key in held}
    needed = {key for key, default in allowed.items() if default is inspect.Parameter.empty}
    return settings if needed <= set(settings) else None


def _schedule(value: Any) -> Any:
    """Let a schedule show itself by its name and settings."""
    if not callable(value):
        return None
    anatomy = _anatomy(value)
    values, usual = dict(anatomy.values), keywords(SCHEDULES[anatomy.name])
    return _Named(
        called(anatomy.name, {key: values[key] for key in usual if values.get(key, usual[key]) != usual[key]})
    )


class _Named(str):
    """A text that shows itself without quotes."""

    def __repr__(self) -> str:
        return str(self)
