"""Batches of one form differ in the numbers of their arrays alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.frameworks.common.batches import is_array
from thalweg.frameworks.common.forms import apart


@dataclass
class Pair:
    left: Any
    right: Any


def batch(rows: int = 3, name: str = "a", other: Any = None, value: float = 0.0) -> Any:
    return {"x": np.full((rows, 2), value), "more": [Pair(np.ones(rows), name), (other,)]}


def test_forms_are_equal_where_only_numbers_differ() -> None:
    form, arrays = apart(batch(), is_array)
    same, others = apart(batch(value=2.0), is_array)
    assert form == same
    assert {form: 1}[same] == 1
    assert [array.shape for array in arrays] == [array.shape for array in others] == [(3, 2), (3,)]
    for another in (batch(rows=4), batch(name="b"), batch(other=object()), [batch()]):
        assert apart(another, is_array)[0] != form


def test_arrays_find_their_places_again() -> None:
    form, arrays = apart(batch(), is_array)
    joined = form.joined([array + 5 for array in arrays])
    np.testing.assert_array_equal(joined["x"], np.full((3, 2), 5.0))
    np.testing.assert_array_equal(joined["more"][0].left, np.full(3, 6.0))
    assert joined["more"][0].right == "a"
    assert joined["more"][1] == (None,)
