"""The run directory: what it holds, how it is written, read back, and known for ours."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import tomli_w

from thalweg.base.errors import InvalidData, OutputError
from thalweg.experiment import results as store
from thalweg.experiment import tables
from thalweg.experiment.experiment import Experiment, file_of, load
from thalweg.experiment.results import Results
from thalweg.experiment.staging import staged, unwritable
from thalweg.problems.reading.content import STANDARD, standard_input

EXPERIMENT = "experiment.toml"
DATA = "data"
"""What a table of the user's own is called, before its ending, in a run directory that has another use for its name."""

PIPED = "data.csv"
"""What a table from the standard input is called."""

DRAWN = {"figures", "report.html"}

OURS = {EXPERIMENT, store.STORE, *tables.TABLES, *DRAWN}
"""All that a run directory holds; one that holds anything else is left alone."""

RUNS = "runs.csv"

TOGETHER = {RUNS, *DRAWN}
"""All that a folder of figures of several runs holds."""


@contextmanager
def staging(out: Path, together: bool = False) -> Iterator[Path]:
    """Give a folder to write into; it takes the place of ``out`` when the block ends well, and goes when it does not.

    It replaces an earlier run directory, or if ``together`` the figures of several runs, and nothing else.

    Raises
    ------
    OutputError
        If ``out`` is not ours to replace, or cannot be written.
    """
    place = resolve(out)
    check(place, together)
    with staged(place, out) as folder:
        yield folder


def resolve(out: Path) -> Path:
    """Find where ``out`` is, and refuse what cannot be a folder's name."""
    if out.name.strip(".") == "" and len(out.name) > 2:
        raise OutputError(f"{out} is a name of dots only; give another folder with --out")
    try:
        return out.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a zero byte
        raise unwritable(out, error) from None


def check(out: Path, together: bool = False) -> None:
    """Refuse a place that holds what thalweg did not write, or another kind of folder."""
    try:
        if not out.exists():
            return
        if not out.is_dir():
            raise OutputError(f"{out} is a file; give another folder with --out")
        entries = {entry.name for entry in out.iterdir()}
    except OSError as error:
        raise error if isinstance(error, OutputError) else unwritable(out, error) from error
    if not entries:
        return
    if together:
        if entries != TOGETHER:
            raise OutputError(f"{out} exists and holds no figures of several runs; give another folder with --out")
        return
    foreign = sorted(entries - OURS - _data(out))
    if foreign or not {EXPERIMENT, store.STORE} <= entries:
        what = f"{foreign[0]!r}, which thalweg did not write" if foreign else "no finished run"
        raise OutputError(f"{out} exists and holds {what}; give another folder with --out, or empty it")


def write(results: Results, folder: Path) -> None:
    """Write settings, arrays and tables."""
    settings = {key: dict(table) for key, table in results.experiment.settings.items()}
    key = file_of(settings["problem"])
    if key:
        settings["problem"][key] = _copied(settings["problem"][key], folder)
    text = "# Everything needed to repeat this run: thalweg run experiment.toml\n\n" + tomli_w.dumps(settings)
    store.save(results, folder)
    tables.write(results, folder)
    (folder / EXPERIMENT).write_text(text, encoding="utf-8")


def _copied(source: str, folder: Path) -> str:
    """Copy the table of the user's own, and say what the copy is called."""
    path = Path(PIPED if source == STANDARD else source)
    name = path.name if _free(path.name) else DATA + (path.suffix or ".csv")
    if source == STANDARD:
        (folder / name).write_bytes(standard_input())
    else:
        shutil.copyfile(path, folder / name)
    return name


def read(folder: Path) -> Results:
    """Read a finished run back."""
    try:
        found = (folder / EXPERIMENT).is_file()
    except (OSError, ValueError):  # a name that is too long, or none at all
        found = False
    if not found:
        raise InvalidData(f"{folder} holds no finished run; give a folder that 'thalweg run' or 'thalweg demo' wrote")
    experiment: Experiment = load(folder / EXPERIMENT)
    return store.load(experiment, folder)


def _data(folder: Path) -> set[str]:
    """Name the table that lies in a run directory: its copy has its own name, which headings show."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        problem = tomllib.loads((folder / EXPERIMENT).read_text(encoding="utf-8"))["problem"]
        path = problem[file_of(problem)]
        if Path(path).name == path and _free(path):
            return {path}
    return set()


def _free(name: str) -> bool:
    """Tell whether a table's name is none of ours, as file systems compare names that take a and A for one."""
    return bool(Path(name).suffix) and name.casefold() not in {ours.casefold() for ours in OURS}


def copy(folder: Path, staged: Path) -> None:
    """Copy settings, arrays and tables of a finished run, but nothing that was drawn."""
    for name in (OURS | _data(folder)) - DRAWN:
        source = folder / name
        if source.is_dir():
            shutil.copytree(source, staged / name)
        elif source.exists():
            shutil.copyfile(source, staged / name)
