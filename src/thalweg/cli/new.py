"""``thalweg new``: write a commented experiment file to start from."""

from __future__ import annotations

import shlex
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Literal

from thalweg.base.errors import OutputError

DATA = {"table": "stars-cyg.csv", "fit": "oscillation.csv"}
"""Files that are written beside an experiment of a kind."""


def new(kind: Literal["pencil", "line", "table", "fit", "function"], path: Path = Path("experiment.toml"), /) -> None:
    """Write a commented experiment file to start from.

    Example: `thalweg new pencil`, and then `thalweg run experiment.toml`

    Parameters
    ----------
    kind: Literal["pencil", "line", "table", "fit", "function"]
        What it is about: a bundle of lines, one straight line, a line through a CSV file of yours, any curve through a
        file of yours, a surface in closed form.
    path: Path
        The file to write; an existing one is left alone.
    """
    template = files("thalweg.cli").joinpath(f"templates/{kind}.toml").read_text(encoding="utf-8")
    called = shlex.quote(str(path)) if str(path).isprintable() else "experiment.toml"  # it stands in comments
    written = {path: template.replace("experiment.toml", called).encode()}
    if kind in DATA:
        written[path.parent / DATA[kind]] = files("thalweg.problems").joinpath(f"data/{DATA[kind]}").read_bytes()
    written = {target: content for target, content in written.items() if not _there(target, content, kind)}
    for target, content in written.items():
        _write(target, content)
    command = "fit" if kind == "fit" else "run"
    print(f"wrote {' and '.join(map(str, written))}; change it, then: thalweg {command} {path}")  # noqa: T201


def _there(target: Path, content: bytes, kind: str) -> bool:
    """Tell whether the data are there already; refuse a file that holds anything else."""
    try:
        if not target.exists():
            return False
        if target.name == DATA.get(kind) and target.is_file() and target.read_bytes() == content:
            return True
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from None
    raise OutputError(f"{target} exists already; give another path, such as 'thalweg new {kind} other.toml'")


def _write(target: Path, content: bytes) -> None:
    made = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                target.unlink()
                raise
    except FileExistsError:  # what should be its folder
        raise OutputError(f"cannot write {target}: {target.parent} is no folder; give another path") from None
    except (OSError, ValueError) as error:
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        raise _unwritable(target, error) from None


def _unwritable(target: Path, error: Exception) -> OutputError:
    return OutputError(f"cannot write {target}: {getattr(error, 'strerror', None) or error}; give another path")
