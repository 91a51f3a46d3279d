"""Several finished runs on one surface: read, held to be of one problem and loss, and named by what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.base.settings import Table
from thalweg.base.showing import shown
from thalweg.experiment import directory
from thalweg.experiment.results import Results
from thalweg.experiment.tables import outcomes

MOST = 12
"""Folders at most: more paths than that nobody tells apart."""

OF_THE_SURFACE = ("problem", "fixed", "loss", "surface", "valleys")
"""Sections that must be the same: one picture has one surface, and one set of valleys."""

OF_THE_RUN = ("optimizer", "descent")
"""Sections that may differ, and by which runs are named."""

LONGEST = 28
"""Letters of a name at most, as many as a legend shows."""

Settings = Mapping[str, Table]


def read(folders: Sequence[Path]) -> dict[str, Results]:
    """Read finished runs back, by the names that tell them apart.

    Raises
    ------
    InvalidData
        If a folder holds no finished run.
    InvalidValue
        If there are too many folders, one is given twice, or they are not of one problem and loss.
    """
    if len(folders) > MOST:
        raise InvalidValue(f"{len(folders)} runs are too many for one picture; give at most {MOST} folders")
    places = [directory.resolve(folder) for folder in folders]
    for k, folder in enumerate(folders):
        if places[k] in places[:k]:
            raise InvalidValue(f"{folder} is given twice; give each folder once")
    several = [_read(folder) for folder in folders]
    settings = [one.experiment.settings for one in several]
    for folder, other in zip(folders[1:], settings[1:], strict=True):
        _of_one_surface(folders[0], settings[0], folder, other)
    return dict(zip(names_of(settings, folders), several, strict=True))


def _read(folder: Path) -> Results:
    results = directory.read(folder)
    if results.runs is None or results.outcomes is None or results.valleys is None:
        raise InvalidData(f"{folder} holds no runs to draw together; give folders that 'thalweg run' wrote")
    if int(results.runs["last_step"][0]) < 0:
        raise InvalidData(f"the first run of {folder} is not finite at its start; leave the folder out")
    return results


def _of_one_surface(first: Path, these: Settings, second: Path, those: Settings) -> None:
    for section in OF_THE_SURFACE:
        here, there = these.get(section, {}), those.get(section, {})
        for key in dict.fromkeys((*here, *there)):
            if not _same(key, here.get(key), there.get(key)):
                one, other = (shown(table[key]) if key in table else "none" for table in (here, there))
                raise InvalidValue(
                    f"{first} and {second} differ in {section}.{key}, {one} and {other}; runs in one picture share "
                    "problem, loss, surface and valleys"
                )


def _same(key: str, one: Any, other: Any) -> bool:
    """Compare two settings; tables of data by what is in them, wherever they lie."""
    if key == "path" and isinstance(one, str) and isinstance(other, str):
        return Path(one).read_bytes() == Path(other).read_bytes()
    return one == other


def write(several: Mapping[str, Results], folders: Sequence[Path], folder: Path) -> None:
    """Write ``runs.csv``: how each run ended, all of every folder."""
    frames = []
    for (name, results), place in zip(several.items(), folders, strict=True):
        assert results.outcomes is not None
        frame = outcomes(results.outcomes)
        frame.insert(0, "name", name)
        frame.insert(1, "folder", str(place))
        frames.append(frame)
    pd.concat(frames).to_csv(folder / directory.RUNS, index=False, encoding="utf-8", lineterminator="\n")


def names_of(settings: Sequence[Settings], folders: Sequence[Path]) -> list[str]:
    """Name runs by their optimisers, and by the settings that differ among those of one kind; else by their folders.

    Examples
    --------
    >>> made = [("sgd", 0.1), ("sgd", 0.2), ("adam", 0.1)]
    >>> files = [{"optimizer": {"kind": kind, "learning_rate": rate}, "descent": {}} for kind, rate in made]
    >>> names_of(files, [Path("a"), Path("b"), Path("c")])
    ['sgd, learning_rate 0.1', 'sgd, learning_rate 0.2', 'adam']
    >>> names_of(files[:2], [Path("a"), Path("b")]), names_of([files[0]] * 2, [Path("x/a"), Path("x/b")])
    (['learning_rate 0.1', 'learning_rate 0.2'], ['a', 'b'])
    """
    flat = [{key: value for section in OF_THE_RUN for key, value in one[section].items()} for one in settings]
    kinds = [one["kind"] for one in flat]
    names: list[str] = []
    for one in flat:
        alike = [other for other in flat if other["kind"] == one["kind"]]
        keys = dict.fromkeys(key for other in alike for key in other)
        differing = [key for key in keys if any(other.get(key) != one.get(key) for other in alike)]
        words = [_word(key, one.get(key)) for key in differing]
        names.append(", ".join([one["kind"]] * (len(set(kinds)) > 1) + words))
    if len(set(names)) == len(names) and all(0 < len(name) <= LONGEST for name in names):
        return names
    short = [folder.name if len(folder.name) <= LONGEST else f"…{folder.name[1 - LONGEST :]}" for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def _word(key: str, value: Any) -> str:
    if value is None or value is False:
        return f"no {key}"
    if value is True:
        return key
    if isinstance(value, int | float):
        return f"{key} {value:g}"
    return f"{key} {value['kind'] if isinstance(value, dict) and 'kind' in value else value}"


def shared(settings: Sequence[Settings]) -> tuple[dict[str, Table], list[dict[str, Table]]]:
    """Part settings into those that all have alike, and what each has of its own."""
    first, *others = settings
    common = {
        section: {
            key: value
            for key, value in table.items()
            if all(_same(key, value, other.get(section, {}).get(key)) for other in others)
        }
        for section, table in first.items()
    }

    def without(section: str, table: Table) -> Table:
        return {key: value for key, value in table.items() if key not in common.get(section, {})}

    own = [{section: without(section, table) for section, table in one.items()} for one in settings]
    return _filled(common), [_filled(one) for one in own]


def _filled(tables: dict[str, Table]) -> dict[str, Table]:
    return {section: table for section, table in tables.items() if table}
