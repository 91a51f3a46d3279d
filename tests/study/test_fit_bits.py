"""A fit is the same to the last bit whoever runs it: with how many threads, and beside how many other starts."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.base import parallel

pytestmark = pytest.mark.long


def problem():
    t = np.linspace(0, 5, 40)
    y = 2 * np.exp(-t / 3) * np.cos(2 * np.pi * 1.3 * t + 0.4) + np.random.default_rng(0).normal(0, 0.2, 40)
    ranges = {"f": "0.5:4", "tau": "0.5:20:log"}
    return tw.problems.fit({"t": t, "y": y}, "exp(-t/tau)*(A*cos(2*pi*f*t) + B*sin(2*pi*f*t))", "y", ranges=ranges)


def test_starts_end_at_the_same_bits_alone_and_as_the_first_of_many():
    few, many = (tw.fit(problem(), tw.starts.Sobol(count), most=500) for count in (64, 256))
    np.testing.assert_array_equal(few["start_position"], many["start_position"][:64])
    np.testing.assert_array_equal(few["end_loss"], many["end_loss"][:64])
    np.testing.assert_array_equal(few["end_position"], many["end_position"][:64])


def test_a_fit_does_not_depend_on_the_number_of_threads(monkeypatch):
    fits = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(parallel, "cores", lambda threads=threads: threads)
        fits.append(tw.fit(problem(), tw.starts.Sobol(96), most=500))
    assert fits[0].identical(fits[1])
    assert fits[0].identical(fits[2])
