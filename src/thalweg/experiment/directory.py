"""The run directory: written beside its place under another name, and put there only when it is complete."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import tomli_w

from thalweg.base.errors import InvalidData, OutputError
from thalweg.experiment import results as store
from thalweg.experiment import tables
from thalweg.experiment.experiment import Experiment, load
from thalweg.experiment.results import Results

EXPERIMENT = "experiment.toml"
DATA = "data.csv"

OURS = {
    EXPERIMENT,
    DATA,
    store.STORE,
    "trajectory.csv",
    "valleys.csv",
    "passes.csv",
    "derailments.csv",
    "outcomes.csv",
    "race.csv",
    "compare.csv",
    "figures",
    "report.html",
}
"""All that a run directory holds; one that holds anything else is left alone."""


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Give a folder to write into; it takes the place of ``out`` when the block ends well, and goes when it does not.

    Raises
    ------
    OutputError
        If ``out`` is not ours to replace, or cannot be written.
    """
    out = out.resolve()
    check(out)
    with ExitStack() as undo:
        try:
            _make_parents(out, undo)
            folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.chmod(0o755)
            yield folder
            _put(folder, out)
            undo.pop_all()
        except OSError as error:
            # A figure that cannot be saved names a file of the folder that is about to go; the user gave another.
            cause = error.__cause__ if isinstance(error, OutputError) else error
            if not isinstance(cause, OSError):
                raise
            raise _unwritable(out, cause) from error


def check(out: Path) -> None:
    """Refuse a place that holds what thalweg did not write."""
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{out} is a file; give another folder with --out")
    try:
        held = {entry.name for entry in out.iterdir()}
    except OSError as error:
        raise _unwritable(out, error) from error
    if not held:
        return
    foreign = sorted(held - OURS)
    if foreign or not {EXPERIMENT, store.STORE} <= held:
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
    for name in OURS - {"figures", "report.html"}:
        source = folder / name
        if source.is_dir():
            shutil.copytree(source, staged / name)
        elif source.exists():
            shutil.copyfile(source, staged / name)


def _make_parents(out: Path, undo: ExitStack) -> None:
    """Make the folders that ``out`` lies in; those that were not there go again if ``undo`` is closed."""
    for parent in reversed([parent for parent in out.parents if not parent.exists()]):
        parent.mkdir()
        undo.callback(_remove_if_empty, parent)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _put(folder: Path, out: Path) -> None:
    """Move a finished folder to its place; what was there is removed only afterwards."""
    if not out.exists():
        folder.rename(out)
        return
    former = Path(tempfile.mkdtemp(prefix=f".{out.name}.former-", dir=out.parent))
    out.rename(former / out.name)
    try:
        folder.rename(out)
    except OSError:
        (former / out.name).rename(out)
        raise
    finally:
        shutil.rmtree(former, ignore_errors=True)


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {out}: {error.strerror or error}; make room there or give another folder with --out"
    )
