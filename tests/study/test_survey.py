"""Surveys against the closed form, and streamed ones against those held in memory."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue, OutputError


@pytest.fixture(scope="module")
def himmelblau():
    return tw.objective(tw.problems.himmelblau())


@pytest.fixture(scope="module")
def pencil():
    return tw.objective(tw.problems.pencil(), tw.losses.quadratic())


def test_a_survey_holds_the_function_at_its_coordinates(himmelblau):
    surface = tw.survey(himmelblau, points=[31, 41])
    x, y = np.meshgrid(surface["x"], surface["y"], indexing="ij")
    assert surface["train_loss"].dims == ("x", "y")
    # Values of up to a thousand, to a few roundings.
    np.testing.assert_allclose(surface["train_loss"], (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, rtol=0, atol=1e-11)
    assert "test_loss" not in surface


def test_an_interval_has_both_ends_and_a_circle_one(himmelblau, pencil):
    x = tw.survey(himmelblau, points=5)["x"].values
    assert (x[0], x[-1]) == (himmelblau.problem.domain[0].low, himmelblau.problem.domain[0].high)
    phi = tw.survey(pencil, points=4)["phi"].values
    np.testing.assert_allclose(np.degrees(phi), [-90, -45, 0, 45], rtol=0, atol=1e-13)


def test_test_data_have_a_loss_of_their_own(pencil):
    surface = tw.survey(pencil, points=[4])
    (x, y), slope = pencil.test, np.tan(surface["phi"].values[3])
    # Sums of a few dozen squares of size one.
    assert float(surface["test_loss"][3]) == pytest.approx(np.mean((slope * x - y) ** 2), rel=1e-13)


def test_another_domain_is_surveyed_in_its_own_bounds(himmelblau):
    domain = [tw.problems.Axis("x", 2.0, 4.0), tw.problems.Axis("y", 1.0, 3.0)]
    surface = tw.survey(himmelblau, points=3, domain=domain)
    assert surface["x"].values.tolist() == [2.0, 3.0, 4.0]
    assert float(surface["train_loss"].sel(x=3, y=2)) == 0.0


def test_32_bits_are_those_of_the_survey(himmelblau):
    assert tw.survey(himmelblau, points=3, precision=32)["train_loss"].dtype == np.float32


def test_a_streamed_survey_is_the_same(pencil, tmp_path):
    streamed = tw.survey(pencil, points=100, store=tmp_path / "surface")
    held = tw.survey(pencil, points=100)
    for name in ("train_loss", "test_loss", "phi"):
        np.testing.assert_array_equal(streamed[name], held[name])
    with pytest.raises(OutputError, match="surface"):
        tw.survey(pencil, points=100, store=tmp_path / "surface")


def test_more_than_three_parameters_are_refused_in_one_line():
    with pytest.raises(InvalidValue, match="a grid over 4 parameters is too large; survey at most 3"):
        tw.survey(tw.objective(tw.problems.rastrigin(dimension=4)))
