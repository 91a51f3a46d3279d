"""Nests of arrays: what is mapped keeps its form, and only what has rows is cut."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thalweg.frameworks.common.batches import (
    cut,
    described,
    is_nest,
    leaves,
    lengths,
    mapped,
    parted,
    plain_numbers,
    rows_of,
)


class Pair(NamedTuple):
    left: object
    right: object


@dataclass(frozen=True)
class Graph:
    nodes: object
    name: str = "g"


class Fields(dict):
    """A dictionary with attributes, as libraries have them."""

    __getattr__ = dict.__getitem__


X = np.arange(12.0).reshape(6, 2)


def test_the_form_stays():
    nest = {"pair": Pair(X, 3), "graph": Graph(X), "list": [X, None], "tuple": (X, "word")}
    made = mapped(lambda leaf: leaf.sum() if isinstance(leaf, np.ndarray) else leaf, nest)
    assert made == {"pair": Pair(66.0, 3), "graph": Graph(66.0), "list": [66.0, None], "tuple": (66.0, "word")}
    assert mapped(lambda leaf: leaf + 1, Fields(x=1)).x == 2


def test_a_list_of_numbers_is_a_leaf():
    assert plain_numbers([[1, 2], [3.5]])
    assert not plain_numbers([X])
    assert not plain_numbers((1, 2))
    assert not is_nest([1, 2])
    assert is_nest([X])
    assert is_nest((1, 2))
    assert len(list(leaves({"a": [1, 2], "b": (X, X)}))) == 3


def test_rows_are_those_that_all_arrays_have():
    assert rows_of({"x": X, "scale": np.float64(2), "none": None}) == 6
    assert rows_of((X, X[:5])) is None
    assert lengths((X, X[:5])) == [5, 6]
    assert rows_of((3, None)) is None


def test_what_has_no_rows_stays_whole():
    x, scale, word = cut((X, np.float64(2), "word"), slice(1, 3))
    np.testing.assert_array_equal(x, X[1:3])
    assert scale == 2
    assert word == "word"
    parts = parted({"x": X}, 4)
    assert [part["x"].tolist() for part in parts] == [X[:4].tolist(), X[4:].tolist()]


def test_batches_are_described():
    assert described({"x": X, "y": X}) == "a dictionary of x, y"
    assert described((X,)) == "a tuple of 1"
    assert described(3) == "a int"
