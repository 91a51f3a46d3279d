"""The minima of a fit, and that a start of one's own counts in no share."""

import numpy as np

import thalweg as tw
from thalweg.fitting.minima import explore

T = np.linspace(0, 2, 30)


def test_a_start_of_ones_own_has_its_minimum_and_no_share():
    problem = tw.problems.fit(
        {"t": T, "y": np.exp(-(((T - 1.7) / 0.05) ** 2))}, "exp(-((t - m)/0.05)**2)", "y", ranges={"m": "0:2"}
    )
    objective = tw.objective(problem, tw.losses.quadratic())
    found = explore(objective, np.array([[0.5]]), np.array([1.68]))
    assert (len(found.ends.height), len(found.exploration.basin), found.exploration.known.tolist()) == (2, 1, [0])
    np.testing.assert_allclose(found.exploration.position[0], [1.7], rtol=1e-9)
    assert found.exploration.counts.sum() == 1
