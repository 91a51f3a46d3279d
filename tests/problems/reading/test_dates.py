"""Dates and times as seconds since the first, exact to the fraction that is written."""

import pytest

from tests.problems.reading.test_texts import read
from thalweg.base.errors import InvalidData
from thalweg.problems import Reading
from thalweg.problems.reading.dates import seconds

DAY = 86400.0

READ = [
    (["2024-01-01", "2024-01-03"], "", [0, 2 * DAY]),
    (["2024-02-28T12:00:00", "2024-03-01 12:00:00.5"], "", [0, 2 * DAY + 0.5]),  # a leap year
    (["2024-01-01 00:00:01.123456789", "2024-01-01 00:00:00,123456788"], "", [1.000000001, 0]),  # the earliest is 0
    (["2024-01-01T12:00:00Z", "2024-01-01T12:00:00+02:00"], "", [7200, 0]),
    (["2024-01-01T12:00+0000", "2024-01-01T12:00-05:30"], "", [0, 5.5 * 3600]),
    (["31.12.2023 23:59", "1.1.2024 00:01"], "", [0, 120]),
    (["01/02/2024", "13/02/2024"], "", [0, 12 * DAY]),
    (["01/02/2024", "02/13/2024"], "", [0, 42 * DAY]),
    (["01/02/2024", "02/02/2024"], "day", [0, DAY]),
    (["01/02/2024", "02/02/2024"], "month", [0, 31 * DAY]),
    (["03/03/2024", "04/04/2024"], "", [0, 32 * DAY]),  # either way
    (["1/2/2024 12:30 AM", "1/2/2024 1:00 PM"], "month", [0, 12.5 * 3600]),
    (["3-Mar-2024", "April 4, 2024"], "", [0, 32 * DAY]),
    (["9:59:59", "10:00:00.25"], "", [0, 1.25]),
]


@pytest.mark.parametrize(("cells", "first", "expected"), READ, ids=lambda value: str(value)[:30])
def test_dates_are_seconds_since_the_first(cells, first, expected):
    values, told = seconds(cells, first, str)
    assert values.tolist() == expected
    assert told.endswith("as seconds since the first")


REFUSED = [
    (["01/02/2024", "02/03/2024"], 'is the day first or the month? say reading = { dates = "day" } or "month"'),
    (["13/02/2024", "02/13/2024"], "line 2: 't' is '13/02/2024' and own.csv, line 3: 't' is '02/13/2024': a month"),
    (["2024-01-01", "2024-02-30"], "line 3: 't' is '2024-02-30', which is no date or time as the others are"),
    (["2024-01-01", "soon"], "line 3: 't' is 'soon', which is no date or time as the others are; mend it there"),
    (["2024-01-01", "7"], "line 3: 't' is '7', which is no date or time as the others are"),
    (["2024-01-01T10:00Z", "2024-01-01T11:00"], "one has a time zone and one has none; write all alike"),
    (["2024-01-01", "11:00"], "one has a date and one has none; write all alike"),
    (["23:59", "00:01"], "line 3: 't' is '00:01', earlier than in the row before; write times over midnight with"),
    (["25:00", "26:00"], "line 2: 't' is '25:00', which is no date or time"),
]


@pytest.mark.parametrize(("cells", "said"), REFUSED, ids=lambda value: str(value)[:30])
def test_dates_that_are_none_or_unsure_are_refused(cells, said):
    with pytest.raises(InvalidData, match=said.replace("?", "[?]")):
        read("\n".join(["t;y", *(f"{cell};1,5" for cell in cells)]).encode(), ["t", "y"])


def test_dates_are_told_and_rows_without_one_left_out():
    text = b"t,y\n2024-01-01 12:00,1\nNaT,2\n2024-01-03,3\n"
    found = read(text, ["t", "y"], Reading(missing="drop"))
    assert (found.columns["t"].tolist(), found.columns["y"].tolist()) == ([0, 1.5 * DAY], [1, 3])
    assert found.told[1:] == (
        "1 row left out: t is missing on line 3",
        "t: 2024-01-01 12:00 to 2024-01-03, as seconds since the first",
    )
