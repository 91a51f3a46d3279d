"""What parameter arrays are can be seen, and said."""

import pytest

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.geometry.leaves import Leaf, assigned, order_of, table

LEAVES = (Leaf("w", (3, 4), "weight", (1, 0)), Leaf("b", (4,), "bias", (0,)), Leaf("g", (4,), "bias", (0,)))


def test_roles_are_said():
    made = assigned(LEAVES, {"w": 0, "g": "norm"})
    assert [(leaf.kind, leaf.order) for leaf in made] == [("weight", (0, 1)), ("bias", (0,)), ("norm", (0,))]


def test_filters_come_first_and_inputs_beside():
    assert order_of(3, 1) == (1, 2, 0)
    assert order_of(4, -1) == (3, 2, 0, 1)
    assert order_of(1, 0) == (0,)


def test_a_table_shows_them():
    shown = table(LEAVES)
    assert shown.loc["w"].tolist() == [(3, 4), 12, "weight", (1,)]
    assert shown.loc["b", "filters"] == ()


def test_what_is_no_role_is_refused():
    with pytest.raises(UnknownName, match="unknown parameter array 'u'; allowed: b, g, w"):
        assigned(LEAVES, {"u": 0})
    with pytest.raises(InvalidValue, match="filters of 'w' along axis 2: it has 2 axes; give one of them"):
        assigned(LEAVES, {"w": 2})
    with pytest.raises(InvalidValue, match="the role of 'b' is 'scale', which is not allowed; give 'weight', 'bias'"):
        assigned(LEAVES, {"b": "scale"})
