"""The functions φ against their series in exact fractions, and against closed forms far from 0."""

from fractions import Fraction
from math import exp, factorial

import jax.numpy as jnp
import pytest

from thalweg.base.precision import computing
from thalweg.valleys.starts.phi import phi1, phi3, phi4


@pytest.mark.parametrize(("function", "k"), [(phi1, 1), (phi3, 3), (phi4, 4)])
def test_phi_is_its_series_on_both_sides_of_every_switch(function, k):
    for z in (0.0, 1e-9, -1e-9, 0.009, 0.049, 0.051, -0.049, -0.051, 1.5, -1.5):
        series = float(sum(Fraction(z) ** n / factorial(n + k) for n in range(40)))
        with computing(64):
            # Differences lose digits as z goes to the switch at 0.05: eps / 0.05⁴. The series leaves out 0.05⁵ / 6720.
            most = 2e-9 if abs(z) > 0.05 else 1e-10
            assert float(function(jnp.asarray(z))) == pytest.approx(series, rel=most)


def test_a_long_way_down_phi_falls_as_one_over_z_and_up_it_stays_finite():
    with computing(64):
        assert float(phi1(jnp.asarray(-1e6))) == pytest.approx(1e-6)
        assert float(phi3(jnp.asarray(-1e6))) == pytest.approx(0.5e-6, rel=1e-5)
        assert float(phi4(jnp.asarray(-1e6))) == pytest.approx(1e-6 / 6, rel=1e-5)
        assert float(phi1(jnp.asarray(1e6))) == pytest.approx(exp(100) / 100)
