"""How functions are compiled: with options of their own, so that no global setting is touched."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import jax

from thalweg.base.border import public
from thalweg.base.errors import OutputError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

CPU = {"xla_cpu_prefer_vector_width": 512}
"""The widest vectors that a processor has; XLA prefers 256 bits. No number depends on it."""


def compiled(*static: str) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Compile a function at its first call, for values of the named arguments that are fixed."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @cache
        def program() -> Any:
            options = CPU if jax.default_backend() == "cpu" else None
            return cast(Any, jax).jit(function, static_argnames=static, compiler_options=options)

        @wraps(function)
        def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
            return program()(*arguments, **named)

        return call

    return decorate


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
