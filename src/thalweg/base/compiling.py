"""How functions are compiled: with options of their own, so that no global setting is touched."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar, cast

import jax

from thalweg.base.border import public
from thalweg.base.errors import OutputError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

CPU = {"xla_cpu_prefer_vector_width": 512}
"""The widest vectors that a processor has; XLA prefers 256 bits. No number depends on it."""


KEPT = 128
"""How many programs of ours a process keeps at a time, those that were used last.

A compiled program of a search for valleys takes about a hundred mappings of memory, and Linux gives a process 65,530:
without a bound, a session that looks at some hundred problems of its own ends in a segmentation fault.
"""

_kept: OrderedDict[tuple[Any, ...], Callable[..., Any]] = OrderedDict()
_lock = Lock()


def compiled(*static: str) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Compile a function at its first call, for values of the named arguments that are fixed.

    Each set of these values has a program by itself, of which the `KEPT` used last are kept. A program is made from a
    function of its own that has the values in it: JAX lets go what it compiled when that function is gone. From one
    function with ``static_argnames`` it would keep thousands, and the values for good.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        parameters = inspect.signature(function).parameters
        by_name = [name for name in static if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY]
        places = sorted((list(parameters).index(name), name) for name in static if name not in by_name)

        @wraps(function)
        def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
            free, given = list(arguments), dict(named)
            fixed = {name: given.pop(name, parameters[name].default) for name in by_name}
            for place, name in reversed(places):
                at_place = place < len(arguments)
                fixed[name] = free.pop(place) if at_place else given.pop(name, parameters[name].default)
            return _program(function, places, fixed)(*free, **given)

        return call

    return decorate


def _program(
    function: Callable[..., Any], places: Sequence[tuple[int, str]], fixed: dict[str, Any]
) -> Callable[..., Any]:
    """Find the program of a function for fixed values, or begin it; it is traced and compiled when it is called."""
    key = (function, *fixed.values())
    with _lock:
        program = _kept.get(key)
        if program is None:

            def own(*free: Any, **given: Any) -> Any:
                arguments, named = list(free), given | fixed
                for place, name in places:
                    if place <= len(arguments):
                        arguments.insert(place, named.pop(name))
                return function(*arguments, **named)

            own.__name__ = own.__qualname__ = function.__name__
            options = CPU if jax.default_backend() == "cpu" else None
            program = _kept[key] = cast(Any, jax).jit(own, compiler_options=options)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return program


SETTINGS = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")


@public
@contextmanager
def compilation_cache(folder: str | Path) -> Generator[None]:
    """Keep compiled programs in a folder, where later processes find them: JAX's persistent compilation cache.

    Inside the block the cache is on for the whole process; afterwards its settings are what they were.

    Parameters
    ----------
    folder : is made where it is not there; it may be shared by processes and kept as long as one likes

    Yields
    ------
    None
        The block runs with the cache on.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile, optax, thalweg as tw
    >>> with tempfile.TemporaryDirectory() as folder, tw.compilation_cache(folder):
    ...     runs = tw.descend(tw.objective(tw.problems.himmelblau()), optax.sgd(0.01), steps=5)
    """
    from jax.experimental.compilation_cache import compilation_cache

    folder = Path(folder).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write {folder}: {error.strerror or error}; give another folder for compiled programs"
        ) from None
    former: Sequence[Any] = [getattr(jax.config, name) for name in SETTINGS]
    try:
        for name, value in zip(SETTINGS, (str(folder), 0), strict=True):
            cast(Any, jax.config).update(name, value)
        compilation_cache.reset_cache()
        yield
    finally:
        for name, value in zip(SETTINGS, former, strict=True):
            cast(Any, jax.config).update(name, value)
        compilation_cache.reset_cache()
