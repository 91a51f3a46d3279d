import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.descent.driver import Info
from thalweg.problems import Axis, Domain
from thalweg.valleys.locate import cells
from thalweg.valleys.outcomes import DIVERGED, ON_THE_WAY, Judge, is_flat, judge
from thalweg.valleys.tree import OUTSIDE

# Two valleys, left and right of 0 in the box from -1 to 1; a run is on a floor up to a loss of 0.2 or 0.5.
PLACES = [np.linspace(-1, 1, 41)]
BASINS = (PLACES[0] > 0).astype(int)
JUDGE = Judge(cells(Domain(Axis("x", -1, 1)), PLACES, BASINS, np.float32), np.array([0.2, 0.5, np.nan], np.float32))


def watched(places, losses):
    """Let the judge see one run."""
    seen = JUDGE.begin(jnp.zeros((1, 1), jnp.float32))
    for step, (place, loss) in enumerate(zip(places, losses, strict=True)):
        params = jnp.full((1, 1), place, jnp.float32)
        loss = jnp.full(1, loss, jnp.float32)
        seen = JUDGE.observe(seen, jnp.asarray(step), Info(params, loss, loss, jnp.ones(1, jnp.float32)))
    return [values[0].item() for values in judge(seen)]


@pytest.mark.parametrize(
    ("places", "losses", "outcome", "valley", "settled", "derailments", "loss"),
    [
        ([-0.5, -0.5, -0.5], [0.9, 0.2, 0.1], 0, 0, 1, 0, 0.1),
        ([-0.5, -0.5, -0.5], [0.1, 0.3, 0.1], 0, 0, 2, 0, 0.1),  # it left the floor for a while
        ([-0.5, 0.5, 0.5], [0.1, 0.4, 0.4], 1, 1, 1, 1, 0.4),  # from floor to floor: it settles anew
        ([-0.5, 0.5, -0.5], [0.1, 0.9, 0.9], ON_THE_WAY, 0, np.nan, 1, 0.9),  # only the first jump began on a floor
        ([-0.5, 3.0, 0.5], [0.1, 0.1, 0.4], 1, 1, 2, 0, 0.4),  # off the map, which is no other valley
        ([0.5, 3.0, 3.0], [0.4, 0.1, 0.1], ON_THE_WAY, OUTSIDE, np.nan, 0, 0.1),
        ([0.5, np.nan, 0.5], [0.4, 0.1, 0.1], DIVERGED, OUTSIDE, np.nan, 0, 0.4),  # once lost, lost for good
        ([0.5, 0.5, 0.5], [0.4, np.inf, 0.4], DIVERGED, OUTSIDE, np.nan, 0, 0.4),
        ([np.nan], [0.1], DIVERGED, OUTSIDE, np.nan, 0, np.nan),
    ],
)
def test_a_run_is_judged_step_by_step(places, losses, outcome, valley, settled, derailments, loss):
    found = watched(places, losses)
    finite = [place for place, loss in zip(places, losses, strict=True) if np.isfinite([place, loss]).all()]
    expected = [outcome, valley, settled, derailments, np.float32(loss)]
    if np.isnan(places).any() or np.isinf(losses).any():  # where it was when all its numbers were last finite
        finite = finite[:1] or [0.0]
    expected.append(np.float32(finite[-1]))
    np.testing.assert_array_equal(found, expected)


def test_a_plateau_is_one_in_any_unit():
    # Down the whole axis at this slope, the loss would fall by 0.9 % or 1.1 % of its height.
    gradient, height = np.array([[0.009], [0.011]]), np.array([1.0, 1.0])
    for unit in (1e-6, 1.0, 1e6):
        for length in (0.01, 1.0, 100.0):
            flat = is_flat(gradient * unit / length, np.array([length]), height * unit)
            assert flat.tolist() == [True, False]
    # The slopes along all axes add up.
    assert not is_flat(np.array([[0.006, -0.006]]), np.ones(2), np.ones(1))[0]
