"""Text files in every dialect: what is read is bit for bit what was written, or refused as unsure."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.problems.reading.dialects import Dialect, dialects, mutated
from thalweg.base.errors import InvalidData, InvalidValue, ThalwegError, UnknownName
from thalweg.problems import Reading
from thalweg.problems.reading.content import decode
from thalweg.problems.reading.read import take
from thalweg.problems.reading.texts import read_text

NAMES = ["t", "signal", "other"]

TABLES = st.lists(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=4, max_size=9
)
SMALL = st.lists(
    st.lists(st.floats(-1e5, 1e5).map(lambda x: round(x, 3)), min_size=3, max_size=3), min_size=4, max_size=9
)


def read(content: bytes, names=NAMES, reading: Reading | None = None):
    """Read columns of a file's content."""
    reading = reading or Reading()
    text, encoding = decode(content, "own.csv", reading.encoding)
    table = read_text(text, "own.csv", encoding, reading)
    found = [table.name(name) for name in names]
    return take(table, found, found[:1], reading)


def bits(columns) -> np.ndarray:
    return np.stack([columns[name] for name in NAMES], axis=1).view(np.uint64)


@settings(max_examples=300)
@given(dialects(), TABLES | SMALL)
@example(Dialect(";", ",", "."), [[1.0, 1234.5, 0.25]] * 4)
def test_a_table_whose_dialect_is_said_is_read_to_the_last_bit(dialect, rows):
    thousands = {"\N{NO-BREAK SPACE}": " "}.get(dialect.thousands, dialect.thousands)
    given = Reading(delimiter=dialect.delimiter, decimal=dialect.decimal, thousands=thousands)
    assert np.array_equal(bits(read(dialect.write(NAMES, rows), reading=given).columns), np.array(rows).view(np.uint64))


UNSURE = ("may be", "may have", "cannot both be decimal signs", "cells and the", "cell and the")


@settings(max_examples=300)
@given(dialects(), TABLES | SMALL)
def test_a_table_whose_dialect_is_found_is_read_to_the_last_bit_or_refused_as_unsure(dialect, rows):
    try:
        columns = read(dialect.write(NAMES, rows)).columns
    except InvalidData as error:
        assert any(words in str(error) for words in UNSURE), error
    else:
        assert np.array_equal(bits(columns), np.array(rows).view(np.uint64))


FILES = {
    # A file as it is found, its first two columns by name, their numbers, and what is told.
    "oscilloscope": (
        "Model\tTBS1052B\r\nRecord Length\t2500\r\nSample Interval\t4e-07\r\n\r\nTime (s)\tCH1 (V)\r\n"
        "-1.0E-03\t+2.00E-02\r\n-9.0E-04\t-4.00E-02\r\n-8.0E-04\t0.0\r\n",
        {"Time": [-1e-3, -9e-4, -8e-4], "CH1": [0.02, -0.04, 0.0]},
        "own.csv: 3 rows, columns Time (s), CH1 (V); tabs, 3 lines above the header left out",
    ),
    "German Excel": (
        "\ufeffZeit;Spannung;Bemerkung\r\n0,0;1.234,5;a, b\r\n0,5;-2.345,25;\r\n1,0;3,1;gut\r\n;;\r\n",
        {"Zeit": [0, 0.5, 1], "Spannung": [1234.5, -2345.25, 3.1]},
        "own.csv: 3 rows, columns Zeit, Spannung, Bemerkung; semicolons, decimal commas, points between thousands",
    ),
    "blanks and comments": (
        "# run 7, by hand\n#  x    y\n# mm   mV\n 1.0   2.5\n 2.0  -1D-3   # late\n# a pause\n 3     .5\n",
        {"x": [1, 2, 3], "y": [2.5, -1e-3, 0.5]},
        "own.csv: 3 rows, columns x (mm), y (mV); blanks, names from the comment above the rows, units too, "
        "1 comment among the rows",
    ),
    "units below": (
        "t,y\n(ms),[µV]\n1,2\n3,4\n",
        {"t": [1, 3], "y": [2, 4]},
        "own.csv: 2 rows, columns t (ms), y [µV]; commas, units in line 2",
    ),
    "no header": (
        "1,2\n3,4\n",
        {"c1": [1, 3], "c2": [2, 4]},
        "own.csv: 2 rows, columns c1, c2; commas, no header, so they are numbered",
    ),
    "no names for some": (
        "t,,y\n1,7,2\n3,8,4\n",
        {"t": [1, 3], "c2": [7, 8]},
        "own.csv: 2 rows, columns t, c2, y; commas",
    ),
    "French": (
        "t;y\n1\u202f234,5;0,5\n2\u202f345\u202f678;1\n",
        {"t": [1234.5, 2345678], "y": [0.5, 1]},
        "own.csv: 2 rows, columns t, y; semicolons, decimal commas",
    ),
    "Swiss": (
        "t|y\n1'234.5|\N{MINUS SIGN}2\n2|3\n",
        {"t": [1234.5, 2], "y": [-2, 3]},
        "own.csv: 2 rows, columns t, y; pipes",
    ),
    "English thousands": (
        't,y\n"1,234.5",1\n"12,345",2\n',
        {"t": [1234.5, 12345], "y": [1, 2]},
        "own.csv: 2 rows, columns t, y; commas, commas between thousands",
    ),
    "quoted": (
        '"t" , "a ""note"", in two\nlines", "y"\n"1" , "b\n2,3", "2"\n3,c,4\n',
        {"t": [1, 3], "y": [2, 4]},
        'own.csv: 2 rows, columns t, a "note", in two lines, y; commas',
    ),
    "numbers as names": (
        "t,300,310\n1,2,3\n2,3,4\n",
        {"t": [1, 2], "310": [3, 4]},
        "own.csv: 2 rows, columns t, 300, 310; commas, line 1 is the header",
    ),
    "a line below the header": (
        "t | y\n--|--\n1 | 2\n3 | 4\n",
        {"t": [1, 3], "y": [2, 4]},
        "own.csv: 2 rows, columns t, y; pipes",
    ),
    "semicolons for comments": (
        "; made 2024\nt y\n1 2\n; pause\n3 4\n",
        {"t": [1, 3], "y": [2, 4]},
        "own.csv: 2 rows, columns t, y; blanks, 1 comment among the rows",
    ),
    "beyond whole numbers": (
        "t,y\n9007199254740993,0.1\n123456789012345678901234567890,1e-320\n",
        {"t": [9007199254740993.0, 1.2345678901234568e29], "y": [0.1, 1e-320]},
        "own.csv: 2 rows, columns t, y; commas",
    ),
    "rows without values": (
        "x,y,note\n,,begun\nNA,n/a,m\n1,2,ok\n2,3,ok\n",
        {"x": [1, 2], "y": [2, 3]},
        "own.csv: 2 rows, columns x, y, note; commas",
    ),
    "one column": ("y\n1.5\n2\n", {"y": [1.5, 2]}, "own.csv: 2 rows, columns y; one column"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("name", FILES)
def test_files_as_people_have_them(name, encoding):
    text, columns, told = FILES[name]
    found = read(text.removeprefix("\ufeff").encode(encoding), list(columns), Reading(missing="drop"))
    assert {each: found.columns[each].tolist() for each in columns} == columns
    said = {"utf-16": ", UTF-16", "utf-32": ", UTF-32"}.get(encoding, "")
    assert found.told[:1] == (told + said,)


def test_windows_files_and_those_without_a_mark_are_read_too():
    table = "t;Länge\n1;2,5\n3;4\n"
    assert read(table.encode("cp1252"), ["Länge"]).told[0].endswith("decimal commas, Latin-1")
    assert read(table.encode("utf-16-le"), ["Länge"]).columns["Länge"].tolist() == [2.5, 4]
    assert read(table.encode("utf-16-be"), ["Länge"]).columns["Länge"].tolist() == [2.5, 4]
    assert read("t;y\n1;2\n".encode("cp500"), ["y"], Reading(encoding="cp500")).columns["y"].tolist() == [2]


def test_what_is_said_of_a_file_is_not_sought():
    assert read(b"a;b\n1,234;2\n", ["a"], Reading(decimal=",")).columns["a"].tolist() == [1.234]
    assert read(b"a;b\n1,234;2\n", ["a"], Reading(thousands=",")).columns["a"].tolist() == [1234]
    assert read(b"a b\n7 8\nt y\n1 2\n", ["t"], Reading(header=3)).columns["t"].tolist() == [1]
    assert read(b"1 2\n3 4\n", ["c1"], Reading(header=0)).columns["c1"].tolist() == [1, 3]
    assert read(b"t:y\n1:2\n3:4\n", ["y"], Reading(delimiter=":")).columns["y"].tolist() == [2, 4]
    assert read(b"t y\n* no\n1 2\n3 4\n", ["y"], Reading(comment="*")).columns["y"].tolist() == [2, 4]
    assert read(b"t,y\n1,2\n3,4\n", ["y"], Reading(delimiter="comma")).columns["y"].tolist() == [2, 4]


def test_rows_that_are_left_out_are_named():
    found = read(b"t,y\n1,2\n\n2,NA\n3,\n4,5\n", ["t", "y"], Reading(missing="drop"))
    assert (found.columns["t"].tolist(), found.columns["y"].tolist()) == ([1, 4], [2, 5])
    assert found.told[1] == "2 rows left out: y is missing on lines 4, 5"
    assert read(b"t,y,z\n1,2,\n4,5,6\n", ["t", "y"]).told == ("own.csv: 2 rows, columns t, y, z; commas",)


REFUSED = [
    (
        "x,y\n1,5,2,25\n2,5,4,1\n",
        "line 1 has 2 cells and the rows below it 4, parted by commas; line 2 may be 1.5, 2.25 with",
    ),
    ("x,y\n1,2\n1,5,2\n3,4\n", "line 3 has 3 cells and the header 2, parted by commas; are there decimal commas"),
    ("x;y\n1,234;2\n2,345;3\n", "line 2: 'x' is '1,234', which may be 1.234 or 1234; say which: reading = { decimal"),
    ("x;y\n1,5;2\n2.5;3\n", "line 2: 'x' is '1,5' and own.csv, line 3: 'x' is '2.5': commas and points cannot both"),
    (
        "1,5 2,5\n2,5 3,5\n",
        "unknown column in own.csv 'x'; it has no line of names above its numbers, so its columns are",
    ),
    ("x,y\n#N/A,2\n2,3\n", "own.csv has missing values in 'x' or 'y' on line 2; fill them in or set missing"),
    ("x,y\n#DIV/0!,2\n2,3\n", "line 2: 'x' is '#DIV/0!'; give a finite number"),
    ("1,234 567,8\n2,345 678,9\n", "own.csv may have 3 columns with commas between them or 2 with blanks; say which"),
    ("x,y\n1,2\n3,4\nsum,6\n", "line 4: 'x' is 'sum'; give a finite number"),
    ("x,y\n1,2\nx,y\n3,4\n", "line 3: 'x' is 'x'; give a finite number"),
    ("c" * 999 + ",d\n1,2\n", "unknown column in own.csv 'x'; .* c{39}…, d"),
    ("x,y\n1,2\n2,3 V\n", "line 3: 'y' is '3 V'; give a finite number"),
    ("x,y\n1,45 %\n2,4 %\n", "line 2: 'y' is '45 %'; give a finite number"),
    ("x,y\n1,true\n2,false\n", "line 2: 'y' is 'true'; give a finite number"),
    ("x,y\n1,-inf\n2,3\n", "line 2: 'y' is '-inf'; give a finite number"),
    ("x,y\n1,1e999\n2,3\n", "line 2: 'y' is '1e999'; give a finite number"),
    ("x,y\n1,1_000\n2,3\n", "line 2: 'y' is '1_000'; give a finite number"),
    ("x,y\n1,0x10\n2,3\n", "line 2: 'y' is '0x10'; give a finite number"),
    ('x,y\n1,"1\n0"\n2,3\n', "line 2: 'y' is '1\\\\n0'; give a finite number"),
    ("x;y\n1,00,000;2\n2;3\n", "line 2: 'x' is '1,00,000'; give a finite number"),
    ("x;y\n1.234.56;2\n2;3\n", "line 2: 'x' is '1.234.56'; give a finite number"),
    ("x,y\nabc,2\n2,3\n3,4\n", "line 2: 'x' is 'abc'; give a finite number"),
    ("x,y\n1,2024-01-01\n2,2024-01-02\n", "line 2: 'y' is '2024-01-01'; give a finite number"),
    ('x,y\n1,"2\n3,4\n', "line 2: unexpected end of data; mend it there"),
    ("", "own.csv has no header row"),
    ("\n\n", "own.csv has no header row"),
    ("# only\n# comments\n", "own.csv has no header row"),
    ("x,x,y\n1,2,3\n", "own.csv has 2 columns named 'x'; give each its own name"),
    (b"\x00\x01\x02\x03" * 50, "cannot read own.csv: it is no text"),
    (b"x,y\n1,\x81\n", "cannot read own.csv: it is no text in Latin-1"),
    (b"\x1f\x8b\x08\x00", "cannot read own.csv: it is packed by gzip; unpack it first"),
    (b"\xd0\xcf\x11\xe0", "cannot read own.csv: it is an old Excel workbook; save it as .xlsx or CSV"),
    (b"\xff\xfex", "cannot read own.csv: it is no text in UTF-16"),
    (
        "a note\n1,2\n3,4\n",
        "line 1 has 1 cell and the rows below it 2, parted by commas; name every column, or give the",
    ),
]


@pytest.mark.parametrize(("content", "said"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_is_no_table_or_unsure_is_refused_in_one_line(content, said):
    with pytest.raises((InvalidData, UnknownName), match=said) as caught:
        read(content if isinstance(content, bytes) else content.encode(), ["x", "y"])
    assert "\n" not in str(caught.value)


UNCLEAR = [
    ({"encoding": "klingon"}, "encoding = 'klingon' is unknown; give one such as utf-8"),
    ({"encoding": "hex"}, "encoding = 'hex' is unknown; give one such as utf-8"),
    ({"encoding": "ascii"}, "own.csv is not in the encoding ascii; leave it out"),
    ({"header": 9}, "own.csv has no line 9 that may be a header; give another header"),
]


@pytest.mark.parametrize(("given", "said"), UNCLEAR, ids=str)
def test_what_is_said_of_a_file_must_be_so(given, said):
    with pytest.raises((InvalidData, InvalidValue), match=said):
        read("µ,y\n1,2\n3,4\n".encode(), ["y"], Reading(**given))


@pytest.mark.parametrize(
    "given", [{"delimiter": "a"}, {"delimiter": ".."}, {"decimal": ",", "thousands": ","}], ids=str
)
def test_signs_that_cannot_be_are_refused(given):
    with pytest.raises(InvalidValue, match="is not allowed; give comma, semicolon|is the decimal sign too"):
        Reading(**given)


def values_in(text: str, dialect: Dialect) -> set[float]:
    """List all numbers that cells of a text may be, by Python's own reading of them."""
    cells = [cell for line in text.split("\n") for cell in line.split(dialect.delimiter)]
    found = set()
    for cell in cells:
        with suppress(ValueError):
            found.add(float(cell.strip().replace(dialect.decimal, ".")))
    return found


@pytest.mark.parametrize(
    "dialect", [Dialect(), Dialect(";", ","), Dialect("\t", units=True), Dialect(" ", comment="#")], ids=str
)
def test_a_corrupted_file_is_refused_or_read_as_it_stands(dialect):
    rows = [[k / 4, (-1) ** k * 1234.5 / (k + 1), 1e-5 * k] for k in range(12)]
    ends = {"refused": 0, "read": 0}
    for seed in range(200):
        content = mutated(dialect.write(NAMES, rows), seed)
        try:
            found = read(content, reading=Reading(missing="drop"))
        except ThalwegError as error:
            assert "\n" not in str(error)
            ends["refused"] += 1
            continue
        ends["read"] += 1
        written = values_in(decode(content, "own.csv")[0], dialect)
        assert {value for name in NAMES for value in found.columns[name].tolist()} <= written
    assert min(ends.values()) > 10
