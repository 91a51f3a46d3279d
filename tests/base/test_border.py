import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from thalweg.base.arrays import numbers
from thalweg.base.border import from_, public
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.showing import WIDTH, shown


@from_("what build returns")
@dataclass(frozen=True)
class House:
    """A house."""

    floors: int = 1


@public
def sell(house: House, price: float = 1.0, *, rooms: int | Sequence[int] = 3, at: str | Path | None = None) -> str:
    """Sell a house."""
    return f"{house.floors} {price} {rooms} {at}"


@public
def let(*houses: House, names: Mapping[str, int] | None = None, **terms: float) -> int:
    return len(houses) + len(names or {}) + len(terms)


def test_signature_and_docstring_stay():
    assert str(inspect.signature(sell)).startswith("(house: ")
    assert sell.__doc__ == "Sell a house."
    assert list(inspect.signature(House).parameters) == ["floors"]


def test_numbers_of_numpy_and_lists_of_any_kind_fit():
    assert sell(House(np.int64(2)), np.float32(0.5), rooms=np.array([1, 2]), at=Path("x"))
    assert sell(House(), 1, rooms=(1, 2), at=None)
    assert let(House(), House(), names={"a": 1}, rent=2) == 4


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: sell(House(), prise=2),
            UnknownName,
            "unknown argument of sell 'prise'; did you mean 'price'? allowed: at, house, price, rooms",
        ),
        (sell, InvalidValue, "sell has no house; give it, as in sell(house)"),
        (
            lambda: sell(House(), 1.0, 3),
            InvalidValue,
            "sell takes 2 arguments in order and 3 were given; give these by name: rooms, at",
        ),
        (
            lambda: sell(House(), house=House()),
            InvalidValue,
            "house of sell is given twice, in order and by name; give it once",
        ),
        (lambda: sell("hut"), InvalidValue, "house = 'hut' is not a House of tests; give what build returns"),
        (lambda: sell(House(), True), InvalidValue, "price = True is not a number; give a number"),
        (lambda: sell(House(), "1"), InvalidValue, "price = '1' is not a number; give a number"),
        (
            lambda: sell(House(), rooms=[1, 2.5]),
            InvalidValue,
            "rooms = [1, 2.5] is not allowed; give a whole number or a list of whole numbers",
        ),
        (lambda: sell(House(), at=5), InvalidValue, "at = 5 is not allowed; give a path"),
        (lambda: House(2.0), InvalidValue, "floors = 2.0 is not a whole number; give a whole number"),
        (
            lambda: House(2**64),
            InvalidValue,
            "floors = 18446744073709551616 is too large and is not allowed; give a whole number that fits 64 bits",
        ),
        (lambda: let(House(), 3), InvalidValue, "houses = 3 is not a House of tests; give what build returns"),
        (lambda: let(names={"a": "x"}), InvalidValue, "names['a'] = 'x' is not a whole number; give a whole number"),
        (lambda: let(rent="low"), InvalidValue, "rent = 'low' is not a number; give a number"),
    ],
)
def test_what_a_signature_does_not_allow_is_one_line(call, error, text):
    with pytest.raises(error) as refused:
        call()
    assert str(refused.value) == text


def test_errors_from_inside_are_not_taken_for_a_wrong_call():
    @public
    def broken(x: int) -> None:
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        broken(1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["1"], "holds texts"),
        ([True], "holds True or False"),
        (1j, "is complex"),
        ([[1], [1, 2]], "cannot be read as numbers"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "holds dates"),
        (np.ma.masked_array([1.0, 2.0], [0, 1]), "is masked"),
        (10**400, "is too large for 64 bits"),
        (object(), "cannot be read as numbers"),
    ],
)
def test_what_is_no_real_number_is_refused(value, text):
    with pytest.raises(InvalidValue, match=text):
        numbers("x", value)


def test_numbers_of_any_library_are_read():
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("pandas")
    for value in (torch.tensor([1.0, 2.0], requires_grad=True), pandas.Series([1, 2], index=[7, 8]), (1, 2.0)):
        assert numbers("x", value).tolist() == [1.0, 2.0]
    assert numbers("x", np.float32([1, 2])).dtype == np.float32


@pytest.mark.parametrize(
    "value", ["x" * 999, 10**5000, [10**5000], list(range(999)), np.zeros(9), {1: [2] * 99}], ids=range(6)
)
def test_a_value_is_shown_in_one_short_line(value):
    assert len(shown(value)) <= WIDTH
    assert "\n" not in shown(value)
