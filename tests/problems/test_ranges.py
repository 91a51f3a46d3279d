from math import pi

import pytest

from thalweg.base.errors import InvalidValue
from thalweg.problems import Axis
from thalweg.problems.ranges import read_range

READ = [
    ((0, 2), Axis("k", 0, 2)),
    ([0, 2], Axis("k", 0, 2)),
    ("0.1:5", Axis("k", 0.1, 5)),
    (" -1e-3 : 1 ", Axis("k", -1e-3, 1)),
    ("0.1:100:log", Axis("k", 0.1, 100, log=True)),
    ("0:2pi:periodic", Axis("k", 0, 2 * pi, periodic=True)),
    ("-pi/2:pi/2", Axis("k", -pi / 2, pi / 2)),
    ("-1:1:open", Axis("k", -1, 1, bounded=False)),
    ("1:9:log:open", Axis("k", 1, 9, log=True, bounded=False)),
    (Axis("other", 1, 2, log=True), Axis("k", 1, 2, log=True)),
]


@pytest.mark.parametrize(("given", "axis"), READ, ids=str)
def test_ranges_are_axes_of_the_parameter(given, axis):
    assert read_range("k", given) == axis


@pytest.mark.parametrize(("given", "names", "value"), [(3, (), 3.0), ("3", (), 3.0), ("2*b", ("b",), 8.0)])
def test_numbers_hold_and_formulas_tie(given, names, value):
    tie = read_range("k", given)
    assert (tie.names, float(tie({"b": 4.0}))) == (names, value)


WRONG = [
    ("1:2:cube", "range of k = '1:2:cube' has 'cube'; give low:high, low:high:log"),
    ("a:2", "range of k = 'a:2' has the end 'a'; give low:high"),
    (":2", "range of k = ':2' has the end ''; give low:high"),
    ("2:1", "axis k runs from 2 to 1; low must be below high"),
    ("-1:1:log", "axis k begins at -1; a logarithmic one is an interval of numbers above 0"),
    ((1, 2, 3), r"range of k = \(1, 2, 3\) is not allowed; give low:high"),
    (None, "range of k = None is not a number"),
    ("1:inf", "range of k = '1:inf' has the end 'inf'"),
    (float("nan"), "range of k = nan is not allowed"),
    ("2*", "formula, character 2: something is missing at the end"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=str)
def test_what_is_no_range_is_refused(given, said):
    with pytest.raises(InvalidValue, match=said):
        read_range("k", given)
