"""Valleys that are one curve, and by what symmetry."""

import numpy as np

from thalweg.fitting.twins import sentences, twins
from thalweg.problems import Axis, Domain

T = np.linspace(0, 2, 25)
DECAYS = Domain([Axis(name, 0.01, 10) for name in ("A", "tau", "B", "sigma")])
WAVE = Domain([Axis("A", -5, 5), Axis("f", 0, 5), Axis("p", 0, 2 * np.pi, periodic=True)])


def decays(places):
    a, tau, b, sigma = np.moveaxis(places[..., None], 1, 0)
    return a * np.exp(-T / tau) + b * np.exp(-T / sigma) - 1


def wave(places):
    a, f, p = np.moveaxis(places[..., None], 1, 0)
    return a * np.cos(2 * np.pi * f * T + p) - 1


def said(positions, domain, model):
    positions = np.array(positions, float)
    first = twins(model(positions), 1.0)
    return first.tolist(), sentences(first, positions, domain, model)


def test_terms_that_are_exchanged_are_named():
    first, words = said([[2, 0.3, 1, 1.5], [1, 0.3, 1, 1.5], [1, 1.5, 2, 0.3]], DECAYS, decays)
    assert first == [0, 1, 0]
    assert words == ["#0 and #2 are one curve: A and tau exchanged with B and sigma"]


def test_parameters_that_are_equal_by_chance_hide_no_exchange():
    _, words = said([[2, 0.3, 1, 2], [1, 2, 2, 0.3]], DECAYS, decays)
    assert words == ["#0 and #1 are one curve: A and tau exchanged with B and sigma"]
    _, words = said([[0.5, 2, 2, 0.5], [2, 0.5, 0.5, 2]], DECAYS, decays)
    assert words == ["#0 and #1 are one curve: A and tau exchanged with B and sigma"]


def test_a_sign_and_a_phase_are_named():
    _, words = said([[2, 1.3, 1], [-2, 1.3, 1 + np.pi]], WAVE, wave)
    assert words == ["#0 and #1 are one curve: A with the opposite sign, p half a turn on"]
    _, words = said([[2, 1.3, 1], [2, -1.3, 2 * np.pi - 1]], WAVE, wave)
    assert words == ["#0 and #1 are one curve: f and p with the opposite sign"]


def test_three_terms_in_a_round():
    domain = Domain([Axis(name, 0, 9) for name in "abc"])

    def sums(places):
        return np.exp(-T[None] * places[:, :1]) + np.exp(-T * places[:, 1:2]) + np.exp(-T * places[:, 2:])

    first, words = said([[1, 2, 3], [2, 3, 1], [2, 1, 3]], domain, sums)
    assert first == [0, 0, 0]
    assert words[0] == "#0 and #1 are one curve: a, b and c exchanged in a round"
    assert words[1] == "#0 and #2 are one curve: a exchanged with b"


def test_one_curve_over_the_data_that_no_symmetry_makes():
    # Rows are 2/24 apart: a frequency of 12 more cannot be told from it, and no parameter tells why.
    first, words = said([[2, 1.3, 1], [2, 13.3, 1]], WAVE, wave)
    assert first == [0, 0]
    assert words == ["#0 and #1 are one curve: at other parameters"]


def test_a_chance_likeness_of_parameters_is_no_symmetry():
    # Both are 0 at all rows where x is 0: one curve, though a and b are not exchanged in the model.
    domain = Domain([Axis("a", 0, 9), Axis("b", 0, 9)])

    def model(places):
        return (places[:, :1] - 1) * (places[:, :1] - 2) * places[:, 1:] * (places[:, 1:] - 3) * T + T**2

    first, words = said([[1, 2], [2, 1]], domain, model)
    assert first == [0, 0]
    assert words == ["#0 and #1 are one curve: at other parameters"]


def test_equal_losses_alone_make_no_twins():
    residuals = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1 + 1e-9]])
    assert twins(residuals, 1.0).tolist() == [0, 1, 1]


def test_perfect_fits_are_compared_to_the_rounding_of_the_data():
    residuals = np.array([[1e-16, -2e-16], [3e-16, 1e-16], [1e-9, 0]])
    assert twins(residuals, 5.0).tolist() == [0, 0, 2]
