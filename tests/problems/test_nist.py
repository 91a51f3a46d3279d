"""The certified fits: their formulas are those of the certificates, and fits from ranges alone find them."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import UnknownName
from thalweg.base.precision import computing
from thalweg.fitting.census import follow, settle
from thalweg.losses import quadratic
from thalweg.problems.nist import MODELS

QUICK = ["Misra1a"]

CASES = [*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in MODELS if name not in QUICK)]


@pytest.mark.parametrize("name", MODELS)
def test_the_certified_sum_of_squares_is_that_of_the_formula(name):
    problem = tw.problems.nist(name)
    with computing(64):
        r = np.asarray(problem.residual(problem.minima[0].position, *problem.train.values()))
    # Certified to eleven digits, parameters too; Lanczos2 nearly fits exactly, and keeps ten.
    np.testing.assert_allclose(r @ r, problem.settings["sum_of_squares"], rtol=1e-10)
    assert problem.minima[0].value * len(r) == pytest.approx(problem.settings["sum_of_squares"], rel=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_a_fit_from_ranges_alone_is_certified(name):
    problem = tw.problems.nist(name)
    objective = tw.objective(problem, quadratic())
    ends = settle(
        objective,
        problem.domain.spread(
            np.random.default_rng(0).random((1000 if name not in QUICK else 64, len(problem.domain)))
        ),
    )
    squares = ends.height * len(problem.train["y"])
    np.testing.assert_allclose(np.nanmin(squares), problem.settings["sum_of_squares"], rtol=1e-9)
    best = ends.position[squares <= problem.settings["sum_of_squares"] * (1 + 1e-6)]
    # Sums of like terms have twins, in which these are exchanged: the certified one is among them.
    away = np.abs(best / problem.minima[0].position - 1).max(axis=1)
    assert away.min() < 1e-6


@pytest.mark.parametrize("start", ["first", "second"])
@pytest.mark.parametrize("name", CASES)
def test_a_fit_from_the_published_starts_is_certified(name, start):
    problem = tw.problems.nist(name)
    place = problem.start if start == "first" else problem.settings["start_2"]
    ends = follow(tw.objective(problem, quadratic()), np.array(place, dtype=float))
    np.testing.assert_allclose(ends.height * len(problem.train["y"]), problem.settings["sum_of_squares"], rtol=1e-9)
    np.testing.assert_allclose(ends.position[0], problem.minima[0].position, rtol=1e-6)


def test_an_unknown_data_set_names_the_nearest():
    with pytest.raises(UnknownName, match="unknown data set of NIST 'Misra1'; did you mean 'Misra1"):
        tw.problems.nist("Misra1")
