"""Sums over clusters against sums one by one, in extended precision."""

import numpy as np
import pytest

from thalweg.valleys.exact import concave
from thalweg.valleys.exact.cusps import Cusps, gaps


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("p", [0.3, 0.5, 0.9])
def test_far_clusters_change_nothing_but_rounding(p, circular):
    rng = np.random.default_rng(11)
    angle = np.sort(rng.uniform(-1.57, 1.57, 3000))
    place = angle if circular else np.tan(angle)
    cusps = Cusps(place, rng.uniform(size=3000) ** 4, p, circular)
    found, wide = concave.maximise(cusps), gaps(cusps)
    for k in rng.integers(0, 2999, 25):
        distance = (place[k] - place).astype(np.longdouble)
        size = np.abs(np.sin(distance) if circular else distance) ** np.longdouble(p)
        assert found.depth[k] == pytest.approx(float(size @ cusps.weight), rel=2e-15)  # 3000 terms summed in pairs
        slopes = [slope_along(cusps, found, k, sign) for sign in (-1, 1)]
        assert slopes[0] > 0 > slopes[1]
        assert found.width[k] <= 1e-12 * wide[k]


def slope_along(cusps, found, k, sign):
    """Slope away from the nearer cusp, summed one by one, a millionth of a percent before or after the maximum."""
    offset = np.longdouble(found.offset[k]) * (1 + sign * np.longdouble(1e-8))
    distance = (cusps.place[found.anchor[k]] - cusps.place).astype(np.longdouble) + offset
    sine, cosine = (np.sin(distance), np.cos(distance)) if cusps.circular else (distance, 1)
    slope = np.sign(sine) * np.abs(sine) ** np.longdouble(cusps.p - 1) * cosine
    return float(slope @ cusps.weight * np.sign(found.offset[k]))
