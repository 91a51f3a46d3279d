"""``thalweg new``: write a commented experiment file to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from thalweg.base.errors import OutputError

STARS = "stars-cyg.csv"


def new(kind: Literal["pencil", "line", "table", "function"], path: Path = Path("experiment.toml"), /) -> None:
    """Write a commented experiment file to start from.

    Parameters
    ----------
    kind: Literal["pencil", "line", "table", "function"]
        What it is about: a bundle of lines, one straight line, a CSV file of yours, a surface in closed form.
    path: Path
        The file to write; an existing one is left alone.
    """
    written = {path: files("thalweg.cli").joinpath(f"templates/{kind}.toml").read_bytes()}
    if kind == "table":
        written[path.parent / STARS] = files("thalweg.problems").joinpath(f"data/{STARS}").read_bytes()
    for target, content in list(written.items()):
        if target.name == STARS and target.is_file() and target.read_bytes() == content:
            del written[target]
        elif target.exists():
            raise OutputError(f"{target} exists already; give another path, such as 'thalweg new {kind} other.toml'")
    for target, content in written.items():
        _write(target, content)
    print(f"wrote {' and '.join(map(str, written))}; change it, then: thalweg run {path}")  # noqa: T201


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                target.unlink()
                raise
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}; give another path") from None
