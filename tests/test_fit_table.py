"""The table of certified digits in the page on fitting: held to its bounds, and to what is computed now."""

import re
from pathlib import Path

import numpy as np
import pytest

import thalweg as tw
from tests.test_benchmarks import load
from thalweg.problems.nist import MODELS

PAGE = Path(__file__).parents[1] / "docs" / "fitting.md"

(certified,) = load("certified")


def test_digits_are_those_of_the_worst():
    assert certified.digits([1.0, 2.0002], [1.0, 2.0]) == pytest.approx(4, abs=1e-3)
    assert certified.digits([1.0, 1.0], [1.0, 1.0]) == 11
    assert certified.digits([1.0, np.nan], [1.0, 1.0]) == 0
    assert certified.digits(-1.0, 1.0) == 0


def test_every_problem_has_a_row_and_what_falls_short_is_named():
    table = certified.read(PAGE)
    assert list(table) == list(MODELS)
    said = re.search(r"^(None falls short|Short of these bounds: .*)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    missed = certified.short(table)
    assert said
    assert said.group(1) == ("Short of these bounds: " + "; ".join(missed) + "." if missed else "None falls short")


def test_a_figure_that_falls_short_is_named():
    found = {
        "Misra1a": [certified.Digits(9.1, 6.2, 4.1), certified.Digits(8.9, 6.2, 4.1), certified.Digits(9.1, 6.2, 3.0)]
    }
    assert certified.short(found) == [
        "Misra1a from start 2: 8.9 digits of the sum, 9 are asked for",
        "Misra1a from ranges alone: 3.0 digits of a standard error, 4 are asked for",
    ]


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_the_digits_of_the_table_are_those_of_now(name):
    found, _ = certified.trust(tw.problems.nist(name))
    assert certified.short({name: found}) == []
    # Digits far below the bounds are rounding, which is another on another machine.
    for now, then in zip(found, certified.read(PAGE)[name], strict=True):
        np.testing.assert_allclose(np.minimum(now, certified.BOUNDS), np.minimum(then, certified.BOUNDS), atol=0.1)
