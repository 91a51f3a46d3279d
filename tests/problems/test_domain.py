import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.base.errors import InvalidValue
from thalweg.problems import Axis, Domain

MIXED = Domain([Axis("phi", -1.0, 3.0, periodic=True), Axis("x", 0.0, 10.0, unit="m")])

numbers = st.floats(-1e6, 1e6)
circles = st.tuples(numbers, st.floats(1e-3, 1e6)).map(lambda ends: Axis("a", ends[0], sum(ends), periodic=True))


def wrapped(circle, value):
    return Domain(circle).wrap(np.array([value]))[0]


@given(circles)
def test_what_lies_one_unit_below_the_low_end_wraps_to_just_below_the_high_end_or_to_the_low_one(circle):
    beside = wrapped(circle, np.nextafter(circle.low, -np.inf))
    assert circle.low <= beside < circle.high
    # Half a unit in the last place below the high end is rounded to it, which is the low one; length and sum round too.
    unit = np.spacing(max(abs(circle.low), abs(circle.high), circle.length))
    assert beside == circle.low or circle.high - beside <= 4 * unit


@given(circles, numbers)
def test_wrapping_moves_by_whole_periods_and_only_what_lies_outside(circle, value):
    place = wrapped(circle, value)
    assert circle.low <= place < circle.high
    assert wrapped(circle, place) == place
    if circle.low <= value < circle.high:
        assert place == value
    turns = (value - place) / circle.length
    # The remainder is exact; the two subtractions and the sum round by a unit of the largest number each.
    unit = np.spacing(max(abs(value), abs(circle.low), abs(circle.high), circle.length))
    assert abs(turns - np.rint(turns)) * circle.length <= 8 * unit + np.spacing(abs(turns)) * circle.length


def test_only_circles_wrap_and_what_is_not_finite_stays():
    places = np.array([[3.0, 10.0], [-1.0 - 1e-17, -2.0], [7.5, 12.0], [np.inf, np.nan], [np.nan, -np.inf]])
    expected = np.array([[-1.0, 10.0], [-1.0, -2.0], [-0.5, 12.0], [np.inf, np.nan], [np.nan, -np.inf]])
    np.testing.assert_array_equal(MIXED.wrap(places), expected)


@given(circles, numbers, numbers)
def test_the_way_between_places_is_at_most_half_a_period_and_turns_round_with_them(circle, one, other):
    domain, ends = Domain(circle), np.array([[one], [other]])
    (there,), (back,) = domain.difference(ends[1], ends[0]), domain.difference(ends[0], ends[1])
    assert there == -back
    # Whole periods taken away from the way round by a unit of the way.
    assert abs(there) <= circle.length / 2 + np.spacing(abs(one) + abs(other) + circle.length)


def test_bounds_hold_intervals_and_no_circle():
    low, high = MIXED.bounds
    assert (low.tolist(), high.tolist()) == ([-np.inf, 0.0], [np.inf, 10.0])


def test_a_domain_is_read_back_from_its_attributes_to_the_last_digit():
    odd = Domain([Axis("u", 0.1, 0.1 + 0.2, periodic=True, unit="rad"), Axis("v", -1e-300, 1e300)])
    assert Domain.from_attrs(odd.names, odd.to_attrs()) == odd
    assert Domain.from_attrs(["u"], odd[0].to_attrs()) == Domain(odd[0])


def test_a_domain_is_a_sequence_of_its_axes():
    assert (len(MIXED), MIXED[1], MIXED[-1:], [axis.name for axis in MIXED]) == (
        2,
        *MIXED.axes[1:],
        MIXED.axes[1:],
        ["phi", "x"],
    )
    assert Domain(MIXED) == MIXED
    assert hash(Domain(MIXED)) == hash(MIXED)


@pytest.mark.parametrize(
    ("axes", "text"),
    [
        ([], r"domain has the axes \[\]; give one a parameter, no name twice"),
        ([MIXED[0]] * 2, r"domain has the axes \['phi', 'phi'\]; give one a parameter, no name twice"),
        ([MIXED[0], "x"], r"is not allowed; give an Axis or a list of Axis$"),
        (5, r"axes = 5 is not allowed; give an Axis or a list of Axis$"),
    ],
)
def test_what_is_no_domain_is_refused(axes, text):
    with pytest.raises(InvalidValue, match=text):
        Domain(axes)


def test_places_that_do_not_fit_a_domain_are_refused():
    domain = Domain(Axis("x", 0, 1))
    with pytest.raises(InvalidValue, match=r"places = <ndarray of shape \(2, 3\)> do not fit this domain"):
        domain.wrap(np.zeros((2, 3)))
    with pytest.raises(InvalidValue, match=r"others = .* do not fit places = .*; give as many of either, or one"):
        domain.difference(np.zeros((2, 1)), np.zeros((3, 1)))
    with pytest.raises(InvalidValue, match="attrs have no high and no periodic and no unit; give what to_attrs has"):
        Domain.from_attrs(["x"], {"low": 0.0})


ODD = Domain([Axis("tau", 1e-2, 1e4, log=True), Axis("A", -2.0, 6.0, bounded=False)])


def test_points_are_spread_in_the_logarithm_where_an_axis_is_logarithmic():
    assert ODD.spread([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]) == pytest.approx(np.array([[1e-2, -2], [10, 2], [1e4, 6]]))


def test_an_axis_that_is_not_bounded_has_no_walls():
    low, high = ODD.bounds
    assert (low.tolist(), high.tolist()) == ([1e-2, -np.inf], [1e4, np.inf])


def test_what_is_unusual_of_an_axis_is_read_back_and_written_only_there():
    assert Domain.from_attrs(ODD.names, ODD.to_attrs()) == ODD
    assert "log" not in MIXED.to_attrs()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": 0, "high": 1}, "axis tau begins at 0; a logarithmic one is an interval of numbers above 0"),
        ({"low": 1, "high": 2, "periodic": True}, "axis tau is a circle; a logarithmic one is an interval of numbers"),
    ],
)
def test_a_logarithmic_axis_is_an_interval_above_zero(given, said):
    with pytest.raises(InvalidValue, match=said):
        Axis("tau", **given, log=True)
