"""Tables in memory, workbooks and Parquet files: the same numbers as their own libraries give."""

import sys
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from tests.problems.reading.dialects import mutated
from thalweg.base.errors import InvalidData, InvalidValue, ThalwegError, UnknownName
from thalweg.problems import Reading
from thalweg.problems.reading.read import open_table, take

T = [0.1, 1.234, 12345.678]
Y = [1e-7, 1 / 3, 2.0**60 + 1]


def taken(data, reading=None, names=("t", "y")):
    reading = reading or Reading()
    table = open_table(data, reading)
    return take(table, [table.name(name) for name in names], names[:1], reading)


def workbook(path, rows, title="Sheet"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.create_sheet("Other").append(["nothing"])
    book.save(path)
    return path


KINDS = [
    {"t": T, "y": Y},
    {"t": np.array(T), "y": tuple(Y)},
    pd.DataFrame({"t": T, "y": Y}),
    pd.DataFrame({"t": pd.array(T, dtype="Float64"), "y": Y}),
    pd.DataFrame({"t": pd.Series(T, dtype=object), "y": [str(value) for value in Y]}),
]


@pytest.mark.parametrize("data", KINDS, ids=range(len(KINDS)))
def test_arrays_and_frames_are_tables(data):
    found = taken(data)
    assert (found.columns["t"].tolist(), found.columns["y"].tolist()) == (T, Y)
    assert found.told == ("the table: 3 rows, columns t, y",)


def test_missing_values_of_frames_are_missing():
    frame = pd.DataFrame({"t": pd.array([1, None, 3], dtype="Int64"), "y": [1.5, 2.5, None]})
    with pytest.raises(InvalidData, match="the table has missing values in 't' or 'y' on rows 2, 3; fill them in or"):
        taken(frame)
    assert taken(frame, Reading(missing="drop")).columns["t"].tolist() == [1]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_of_frames_are_seconds(zone):
    times = pd.date_range("2024-01-01", periods=3, freq="90s", tz=zone)
    assert taken(pd.DataFrame({"t": times, "y": Y})).columns["t"].tolist() == [0, 90, 180]
    assert taken({"t": times.tz_localize(None).to_numpy(), "y": Y}).columns["t"].tolist() == [0, 90, 180]


def test_a_workbook_is_read_to_the_last_bit(tmp_path):
    rows = [["made by", "me"], ["t", "y"], ["s", "mV"], *zip(T, Y, strict=True), [4, "1e-3"]]
    found = taken(workbook(tmp_path / "own.xlsx", rows))
    assert (found.columns["t"].tolist(), found.columns["y"].tolist()) == ([*T, 4], [*Y, 1e-3])
    assert found.told == (
        "own.xlsx: 4 rows, columns t (s), y (mV); Excel, sheet 'Sheet', one of 2, 1 line above the header left out, "
        "units in line 3",
    )


def test_a_workbook_may_have_dates_gaps_and_several_sheets(tmp_path):
    rows = [["t", "y"], [datetime(2024, 1, 1), 1.5], [datetime(2024, 1, 1, 0, 1), None], [datetime(2024, 1, 2), 3]]
    path = workbook(tmp_path / "own.dat", rows, title="run 1")
    found = taken(path, Reading(sheet="run 1", missing="drop"))
    assert found.columns["t"].tolist() == [0, 86400]
    assert found.told[1] == "1 row left out: y is missing on row 3"
    with pytest.raises(UnknownName, match="unknown sheet of .*own.dat 'run 2'; did you mean 'run 1'"):
        taken(path, Reading(sheet="run 2"))
    with pytest.raises(UnknownName, match="unknown column in .*own.dat 't'; .*allowed: nothing"):
        taken(path, Reading(sheet="Other"))


def test_a_parquet_file_is_read_to_the_last_bit(tmp_path):
    pd.DataFrame({"t": T, "y": Y, "note": ["a", "b", None]}).to_parquet(tmp_path / "own.bin")
    found = taken(tmp_path / "own.bin")
    assert (found.columns["t"].tolist(), found.columns["y"].tolist()) == (T, Y)
    assert found.told == ("own.bin: 3 rows, columns t, y, note; Parquet",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 nothing", "cannot read .*own: .*; give an Excel workbook that is whole"),
        (b"PAR1 nothing", "cannot read .*own: .*; give a Parquet file that is whole"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path, content, said):
    (tmp_path / "own").write_bytes(content)
    with pytest.raises(InvalidData, match=said) as caught:
        taken(tmp_path / "own")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "package", "extra"), [(b"PK\x03\x04", "openpyxl", "excel"), (b"PAR1", "pyarrow", "parquet")]
)
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, content, package, extra):
    (tmp_path / "own").write_bytes(content)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidData, match=rf"own is an? .* needs {package}; install thalweg\[{extra}\]"):
        taken(tmp_path / "own")


WRONG = [
    ({}, "data hold no columns"),
    ({"t": T, "y": Y[:2]}, "columns have shapes"),
    ({"t": [[1.0], [2.0]], "y": [[1.0], [2.0]]}, "columns have shapes"),
    ({"t": T, "y": [1, 2, [3]]}, "column 'y' = .* cannot be read as numbers"),
    ({"t": T, "y": [True, False, True]}, "column 'y' = .* holds True or False; give real numbers"),
    ({"t": T, "y": [1j, 2, 3]}, "column 'y' = .* is complex; give real numbers"),
    ({"t": T, "y": [1, "2 V", 3]}, "the table, row 2: 'y' is '2 V'; give a finite number"),
    ({"t": T, "y": [1, np.inf, 3]}, "the table, row 2: 'y' is inf; give a finite number"),
]


@pytest.mark.parametrize(("data", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_no_table_is_refused(data, said):
    with pytest.raises((InvalidData, InvalidValue), match=said):
        taken(data)


def whole(path, ending):
    """Write a whole file, and give its bytes."""
    if ending == "xlsx":
        workbook(path, [["t", "y"], *zip(T, Y, strict=True)])
    else:
        pd.DataFrame({"t": T, "y": Y}).to_parquet(path)
    return path.read_bytes()


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_corrupted_files_are_refused_in_one_line(tmp_path, ending):
    content = whole(tmp_path / "own", ending)
    refused = 0
    for seed in range(60):
        (tmp_path / "own").write_bytes(mutated(content, seed))
        try:
            taken(tmp_path / "own")
        except ThalwegError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 40
