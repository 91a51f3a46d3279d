"""Passes on elastic bands against saddles known from the literature or in closed form."""

import jax.numpy as jnp
import numpy as np
import pytest

from thalweg import losses, objective, problems
from thalweg.base.errors import InvalidValue
from thalweg.problems import Axis, Domain
from thalweg.valleys.starts import band

MULLER_BROWN = Domain([Axis("x", -1.5, 1.2), Axis("y", -0.2, 2.0)])


def muller_brown(params):
    """K. Müller, L. D. Brown, Theoretica Chimica Acta 53, 75-93, 1979, doi:10.1007/BF00547608."""
    x, y = params
    height = jnp.array([-200.0, -100.0, -170.0, 15.0])
    a, b, c = jnp.array([[-1.0, -1.0, -6.5, 0.7], [0.0, 0.0, 11.0, 0.6], [-10.0, -10.0, -6.5, 0.7]])
    x, y = x - jnp.array([1.0, 0.0, -0.5, -1.0]), y - jnp.array([0.0, 0.5, 1.5, 1.0])
    return jnp.sum(height * jnp.exp(a * x**2 + b * x * y + c * y**2))


def test_passes_of_muller_and_brown():
    minima = np.array([[-0.55822363, 1.44172584], [0.6234994, 0.02803776], [-0.05001082, 0.4666941]])
    ends = band.ends(minima, np.array([[0, 2], [1, 2]]), MULLER_BROWN)
    found = band.relax(muller_brown, (), domain=MULLER_BROWN, ends=ends)
    # The paper prints three digits of each place and of each height.
    np.testing.assert_allclose(found.place, [[-0.822, 0.624], [0.212, 0.293]], atol=1e-3)
    np.testing.assert_allclose(found.height, [-40.665, -72.249], atol=1e-3)
    assert found.converged.all()


def test_the_pass_of_the_six_hump_camel_is_its_saddle_at_the_origin():
    problem = problems.six_hump_camel()
    minima = np.array([minimum.position for minimum in problem.minima])
    found = band.relax(
        problem.value, (), domain=problem.domain, ends=band.ends(minima, np.array([[0, 1]]), problem.domain)
    )
    # By symmetry the saddle is at 0 with height 0; Newton's method ends at rounding.
    np.testing.assert_allclose(found.place, 0, atol=1e-9)
    np.testing.assert_allclose(found.height, 0, atol=1e-12)
    assert found.converged.all()


def test_passes_of_himmelblau_have_no_gradient_and_lie_above_both_ends():
    problem = problems.himmelblau()
    minima = np.array([minimum.position for minimum in problem.minima])
    pairs = np.array([[i, j] for i in range(4) for j in range(i)])
    found = band.relax(problem.value, (), domain=problem.domain, ends=band.ends(minima, pairs, problem.domain))
    x, y = found.place.T
    gradient = [4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7), 2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7)]
    # Terms of size 100 times their rounding, with a tenfold margin.
    np.testing.assert_allclose(gradient, 0, atol=1e-11)
    assert (found.height >= found.heights.max(axis=1) - 1e-2 * found.height).all()
    assert found.converged.all()


def test_a_symmetric_band_does_not_rest_on_a_summit():
    def wells(params):
        x, y = params
        return (x**2 - 1) ** 2 + (y**2 - 1) ** 2

    box = Domain([Axis("x", -2.0, 2.0), Axis("y", -2.0, 2.0)])
    found = band.relax(wells, (), domain=box, ends=np.array([[[-1.0, -1.0], [1.0, 1.0]]]))
    # The straight line leads over the summit of height 2; the way round, over two passes of height 1.
    assert found.height[0] == pytest.approx(1.0, abs=1e-9)


def test_a_band_takes_the_shortest_way_round_a_circle_and_the_other_way_on_demand():
    circle = Domain(Axis("phi", 0.0, 1.0, periodic=True))

    def waves(params):
        # Passes at 0.25 and 0.75, of heights 1 and 3; minima at 0 and 0.5.
        return (
            1
            - jnp.cos(4 * jnp.pi * params[0])
            - (1 - jnp.cos(4 * jnp.pi * params[0])) * jnp.sin(2 * jnp.pi * params[0]) / 2
        )

    minima = np.array([[0.02], [0.5]])
    between = np.array([[0, 1], [0, 1]])
    ends = band.ends(minima, between, circle, np.array([[0], [-1]]))
    np.testing.assert_allclose(ends[:, 1, 0], [0.5, -0.5])
    found = band.relax(waves, (), domain=circle, ends=ends)
    np.testing.assert_allclose(found.height, [1.0, 3.0], atol=1e-12)
    np.testing.assert_allclose(np.mod(found.place[:, 0], 1), [0.25, 0.75], atol=1e-7)


def test_passes_between_cusps_are_the_maxima_between_them():
    pencil = objective(problems.pencil(), losses.power(1 / 2))
    minima = np.radians([[0.0], [36.0], [72.0]])
    ends = band.ends(minima, np.array([[0, 1], [1, 2]]), pencil.problem.domain)
    found = band.relax(pencil.example, pencil.train, domain=pencil.problem.domain, ends=ends)
    slopes = pencil.train[1] / pencil.train[0]
    for k, (low, high) in enumerate([(0, 36), (36, 72)]):
        m = np.tan(np.radians(np.linspace(low, high, 20001)))
        heights = np.mean(np.sqrt(np.abs(pencil.train[0] * (m[:, None] - slopes))), axis=1)
        # A grid of 20,001 places misses a smooth maximum by its curvature times the squared spacing.
        assert found.height[k] == pytest.approx(heights.max(), abs=1e-6)
    assert found.converged.all()


def test_a_band_on_a_crease_says_that_it_has_not_converged():
    problem = problems.bukin_6()
    ends = np.array([[[-14.0, 1.96], [-6.0, 0.36]]])
    found = band.relax(problem.value, (), domain=problem.domain, ends=ends, steps=200)
    assert not found.converged[0]
    # Places are scaled by the axes' lengths and back, and one rounding moves a crease's height by 1e-8 of itself.
    assert found.height[0] >= found.heights.max() * (1 - 1e-7)


def test_each_band_is_computed_as_if_it_were_alone():
    problem = problems.himmelblau()
    minima = np.array([minimum.position for minimum in problem.minima])
    ends = band.ends(minima, np.array([[0, 1], [2, 3], [1, 2]]), problem.domain)
    together = band.relax(problem.value, (), domain=problem.domain, ends=np.tile(ends, (6, 1, 1)))
    alone = band.relax(problem.value, (), domain=problem.domain, ends=ends[2:])
    np.testing.assert_array_equal(together.path[2], alone.path[0])
    np.testing.assert_array_equal(together.height[2::3], alone.height[0])


def test_too_few_images_are_refused():
    with pytest.raises(InvalidValue, match="images = 4 is not allowed; give a whole number of at least 5"):
        band.relax(muller_brown, (), domain=MULLER_BROWN, ends=np.zeros((1, 2, 2)), images=4)
