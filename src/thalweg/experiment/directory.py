"""The run directory: what it holds, how it is written, read back, and known for ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tomli_w

from thalweg.base.errors import InvalidData, OutputError
from thalweg.experiment import results as store
from thalweg.experiment import tables
from thalweg.experiment.experiment import Experiment, load
from thalweg.experiment.results import Results
from thalweg.experiment.staging import staged, unwritable

EXPERIMENT = "experiment.toml"
DATA = "data.csv"

DRAWN = {"figures", "report.html"}

OURS = {EXPERIMENT, DATA, store.STORE, *tables.TABLES, *DRAWN}
"""All that a run directory holds; one that holds anything else is left alone."""


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Give a folder to write into; it takes the place of ``out`` when the block ends well, and goes when it does not.

    Raises
    ------
    OutputError
        If ``out`` is not ours to replace, or cannot be written.
    """
    place = resolve(out)
    check(place)
    with staged(place) as folder:
        yield folder


def resolve(out: Path) -> Path:
    """Find where ``out`` is, and refuse what cannot be a folder's name."""
    if out.name.strip(".") == "" and len(out.name) > 2:
        raise OutputError(f"{out} is a name of dots only; give another folder with --out")
    try:
        return out.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a zero byte
        raise unwritable(out, error) from None


def check(out: Path) -> None:
    """Refuse a place that holds what thalweg did not write."""
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
    foreign = sorted(entries - OURS)
    if foreign or not {EXPERIMENT, store.STORE} <= entries:
        what = f"{foreign[0]!r}, which thalweg did not write" if foreign else "no finished run"
        raise OutputError(f"{out} exists and holds {what}; give another folder with --out, or empty it")


def write(results: Results, folder: Path) -> None:
    """Write settings, arrays and tables."""
    settings = {key: dict(table) for key, table in results.experiment.settings.items()}
    source = settings["problem"].get("path")
    if source:
        shutil.copyfile(source, folder / DATA)
        settings["problem"]["path"] = DATA
    text = "# Everything needed to repeat this run: thalweg run experiment.toml\n\n" + tomli_w.dumps(settings)
    store.save(results, folder)
    tables.write(results, folder)
    (folder / EXPERIMENT).write_text(text, encoding="utf-8")


def read(folder: Path) -> Results:
    """Read a finished run back."""
    if not (folder / EXPERIMENT).is_file():
        raise InvalidData(f"{folder} holds no finished run; give a folder that 'thalweg run' or 'thalweg demo' wrote")
    experiment: Experiment = load(folder / EXPERIMENT)
    return store.load(experiment, folder)


def copy(folder: Path, staged: Path) -> None:
    """Copy settings, arrays and tables of a finished run, but nothing that was drawn."""
    for name in OURS - DRAWN:
        source = folder / name
        if source.is_dir():
            shutil.copytree(source, staged / name)
        elif source.exists():
            shutil.copyfile(source, staged / name)
