from dataclasses import dataclass

import pytest

from thalweg.base.catalogue import Catalogue
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.settings import call, make


@dataclass(frozen=True)
class Size:
    width: int = 3


def house(name: str, floors: int = 2, *, height: float = 2.5, size: Size | None = None, lift: bool = False):
    return name, floors, height, size, lift


HOUSES = Catalogue("building", house)


def test_defaults_are_filled_in_and_what_toml_cannot_hold_is_left_out():
    made, resolved = make(HOUSES, {"kind": "house", "name": "mill"}, "building")
    assert made == ("mill", 2, 2.5, None, False)
    assert resolved == {"kind": "house", "name": "mill", "floors": 2, "height": 2.5, "lift": False}


def test_a_table_becomes_the_dataclass_that_the_signature_asks_for():
    made, resolved = call(house, {"name": "mill", "size": {"width": 7}}, "building")
    assert made[3] == Size(7)
    assert resolved["size"] == {"width": 7}


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"name": "mill", "flors": 3}, UnknownName, r"unknown key in \[building\] 'flors'; did you mean 'floors'\?"),
        ({}, InvalidValue, r"\[building\] has no name; give it a value"),
        ({"name": "mill", "floors": 2.5}, InvalidValue, "building.floors = 2.5 is not allowed; give a whole number"),
        ({"name": "mill", "floors": True}, InvalidValue, "building.floors = True is not allowed"),
        ({"name": "mill", "height": "tall"}, InvalidValue, "building.height = 'tall' is not allowed; give a number"),
        ({"name": "mill", "lift": 1}, InvalidValue, "building.lift = 1 is not allowed; give true or false"),
        ({"name": "mill", "size": 3}, InvalidValue, "building.size = 3 is not allowed; give a table of width"),
        ({"name": "mill", "size": {"width": "x"}}, InvalidValue, "building.size.width = 'x' is not allowed"),
        ("mill", InvalidValue, r"building = 'mill' is not a table; write it as \[building\]"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(settings, error, text):
    with pytest.raises(error, match=text):
        call(house, settings, "building")


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UnknownName, match="unknown building 'hause'; did you mean 'house'"):
        make(HOUSES, {"kind": "hause"}, "building")
