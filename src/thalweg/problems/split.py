"""Splitting examples into training and test data, as scikit-learn does it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidData
from thalweg.problems.problem import Columns


@public
@dataclass(frozen=True)
class Split:
    """A random split; the same rows in the same order as scikit-learn's ``train_test_split``.

    A permutation is drawn from NumPy's legacy generator; its first ``ceil(test_share * n)`` rows are the test
    data, the others the training data, both in the order of the permutation. With a share of 0 all rows are
    training data, in their own order.

    Parameters
    ----------
    test_share : share of the rows kept for testing, from 0 to below 1
    seed : seed of the permutation

    Raises
    ------
    InvalidValue
        If the share or the seed is outside what is allowed.

    Examples
    --------
    >>> train, test = Split(test_share=0.4, seed=0)({"x": np.arange(5)})
    >>> train["x"].tolist(), test["x"].tolist()
    ([1, 3, 4], [2, 0])
    """

    test_share: float = 0.33
    seed: int = 42

    def __post_init__(self) -> None:
        number("test_share", self.test_share, at_least=0, at_most=1)
        whole("seed of the split", self.seed, at_least=0, at_most=2**32 - 1)

    @public
    def __call__(self, columns: Columns) -> tuple[Columns, Columns]:
        """Split named columns of one length into (train, test)."""
        if not columns:
            raise InvalidData("there are no columns to split; give one at least")
        rows = len(next(iter(columns.values())))
        tests = math.ceil(self.test_share * rows)
        if tests >= rows:
            raise InvalidData(
                f"test_share = {self.test_share} leaves no training data of {rows} rows; give a smaller share"
            )
        order = np.random.RandomState(self.seed).permutation(rows) if tests else np.arange(rows)
        train, test = order[tests:], order[:tests]
        return (
            {name: values[train] for name, values in columns.items()},
            {name: values[test] for name, values in columns.items()},
        )


THIRD = Split()
"""The published split: a third of the data for testing."""

WHOLE = Split(test_share=0.0)
"""No test data: every row is fitted."""
