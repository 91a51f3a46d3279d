import pytest

from thalweg.base.checks import choice, extended, number, whole
from thalweg.base.errors import InvalidValue


@pytest.mark.parametrize("value", [True, "1", None, 1 + 2j])
def test_only_numbers_are_numbers(value):
    with pytest.raises(InvalidValue, match="x = .* is not a number; give a finite number"):
        number("x", value)


def test_bounds_are_as_they_say():
    assert number("x", 1, at_least=1, at_most=1) == 1.0
    with pytest.raises(InvalidValue, match="x = 1 is not allowed; give a finite number above 1"):
        number("x", 1, above=1)


def test_infinity_only_where_it_has_a_meaning():
    assert extended("x", float("-inf")) == float("-inf")
    for check in (number, extended):
        with pytest.raises(InvalidValue, match="x = nan is not allowed"):
            check("x", float("nan"))
    with pytest.raises(InvalidValue, match="x = -inf is not allowed; give a finite number below 1"):
        number("x", float("-inf"), below=1)


def test_an_integer_too_long_for_a_float_is_refused():
    with pytest.raises(InvalidValue, match="is not allowed; give a finite number"):
        number("x", 10**400)


@pytest.mark.parametrize("value", [2.0, True, "2"])
def test_only_whole_numbers_are_whole(value):
    with pytest.raises(InvalidValue, match="n = .* is not a whole number"):
        whole("n", value)


def test_a_choice_lists_what_is_allowed():
    with pytest.raises(InvalidValue, match="side = 'up' is not allowed; give one of 'left', 'right'"):
        choice("side", "up", ("left", "right"))
