"""Batches are taken apart as ``fit`` does."""

import numpy as np

from thalweg.frameworks.keras.data import given

X, Y, WEIGHT = np.ones((3, 2)), np.ones((3, 1)), np.ones(3)


def test_batches_are_taken_apart_as_fit_does() -> None:
    assert given(X).x is given((X,)).x is X
    assert given((X, Y)).y is given([X, Y]).y is Y
    assert given((X, Y, WEIGHT)).weight is WEIGHT
    assert given(({"a": X}, Y)).x["a"] is X
    assert given({"a": X}).x["a"] is X
    assert given((X, None, WEIGHT)).y is None
