"""Directions of slices: their norms, angles and signs, and that they do not depend on a framework's layout.

The file is long because every kind of direction is held to the same few laws.
"""

import tracemalloc

import numpy as np
import pytest

from tests.geometry.networks import bowl, common, network, perceptron
from thalweg.base.errors import InvalidValue
from thalweg.geometry import eigenpairs
from thalweg.geometry import principal as trajectories
from thalweg.geometry.directions import between, filter_normalised, gaussian, given, orthonormal
from thalweg.geometry.eigenvectors import hessian
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.principal import principal

RANDOM = (gaussian, orthonormal, filter_normalised)


def cosine(plane):
    one, other = plane.directions
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


@pytest.mark.parametrize("make", RANDOM)
def test_the_same_seed_gives_the_same_directions_in_every_layout(make):
    torch, jax = perceptron("torch"), perceptron("jax")
    assert [leaf.name for leaf in torch.leaves] != [leaf.name for leaf in jax.leaves]
    for one, other in zip(make(torch, seed=5).directions, make(jax, seed=5).directions, strict=True):
        ours, theirs = common(torch, one), common(jax, other)
        assert ours.keys() == theirs.keys()
        for name in ours:
            if make is gaussian:
                np.testing.assert_array_equal(ours[name], theirs[name])
            # Norms are sums, whose order differs with the layout.
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12, atol=1e-15)


def test_the_same_seed_gives_the_same_slice_in_every_layout():
    torch, jax = perceptron("torch"), perceptron("jax")
    corners = np.array([[0.0, 0.0], [1.0, -0.5], [-2.0, 0.3]])
    slices = [net.values(filter_normalised(net, seed=3), corners) for net in (torch, jax)]
    # Sums over parameters and inputs in another order.
    np.testing.assert_allclose(*slices, rtol=1e-12)


def test_leaves_seeds_and_directions_have_numbers_of_their_own():
    net = network(lambda x: 0.0, position=np.ones(12), leaves=tuple(Leaf(n, (4,), "bias", (0,)) for n in "abc"))
    drawn = np.concatenate([gaussian(net, seed=seed).directions.reshape(-1, 4) for seed in (0, 1)])
    assert len(np.unique(drawn.round(12))) == drawn.size


@pytest.mark.parametrize("size", [50, 1000])
def test_two_random_directions_are_as_nearly_orthogonal_as_they_should_be(size):
    net = bowl(np.eye(size))
    cosines = np.abs([cosine(gaussian(net, seed=seed)) for seed in range(400)])
    error = cosines.std() / np.sqrt(len(cosines))
    # The exact mean is larger by a part of 1 / 4d, less than the error.
    assert cosines.mean() == pytest.approx(np.sqrt(2 / (np.pi * size)), abs=4 * error)


def test_gaussian_directions_are_standard_normal():
    drawn = gaussian(bowl(np.eye(5000)), seed=1).directions
    # Four standard errors of mean and variance of 10,000 numbers.
    assert abs(drawn.mean()) < 0.04
    assert drawn.var() == pytest.approx(1, abs=4 * np.sqrt(2) / 100)


def test_orthonormal_directions_are_so_and_the_first_keeps_its_course():
    net = perceptron()
    plane, raw = orthonormal(net, seed=4), gaussian(net, seed=4)
    # Rounding of inner products of 60 numbers.
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(plane.directions[0], raw.directions[0] / np.linalg.norm(raw.directions[0]), rtol=1e-12)
    assert plane.directions[1] @ raw.directions[1] > 0
    assert plane.units == ("parameter distance",) * 2


def test_every_filter_is_moved_by_its_own_norm_and_vectors_are_not_moved():
    net = perceptron("jax")
    own = common(net, net.position)
    for direction in filter_normalised(net, seed=6).directions:
        moved = common(net, direction)
        for name, values in moved.items():
            if name.endswith("bias"):
                assert not values.any()
            else:
                # Norms of a few numbers, to rounding; a filter is a row in the common order.
                np.testing.assert_allclose(
                    np.linalg.norm(values, axis=1), np.linalg.norm(own[name], axis=1), rtol=1e-13
                )


def test_a_convolutions_filter_is_one_kernel_over_all_its_inputs():
    shape = (2, 2, 3, 4)
    weights = np.random.default_rng(0).standard_normal(shape)
    net = network(lambda x: 0.0, position=weights.ravel(), leaves=(Leaf("k", shape, "weight", (3, 2, 0, 1)),))
    moved = filter_normalised(net).directions[0].reshape(shape)
    norms = [np.linalg.norm(array.reshape(-1, 4), axis=0) for array in (moved, weights)]
    np.testing.assert_allclose(*norms, rtol=1e-13)  # rounding of sums of 12 squares


def test_filters_of_zeros_and_norm_layers_stay_where_they_are():
    leaves = (Leaf("k", (3, 4), "weight", (0, 1)), Leaf("scale", (3,), "norm", (0,)), Leaf("v", (5,), "weight", (0,)))
    position = np.ones(20)
    position[4:8] = 0
    moved = filter_normalised(network(lambda x: 0.0, position=position, leaves=leaves)).directions
    assert not moved[:, 4:8].any()
    assert not moved[:, 12:].any()
    np.testing.assert_allclose(np.linalg.norm(moved[:, :4], axis=1), 2)


def test_filters_are_those_of_the_origin_that_is_given():
    net = perceptron()
    one, other = filter_normalised(net), filter_normalised(net, at=3 * net.position)
    np.testing.assert_array_equal(other.origin, 3 * net.position)
    np.testing.assert_allclose(other.directions, 3 * one.directions, rtol=1e-12)  # norms are rounded


@pytest.mark.parametrize("make", RANDOM)
def test_directions_are_in_the_networks_precision_and_say_how_they_were_made(make):
    net = perceptron(dtype=np.float32)
    plane = make(net, count=1, seed=8)
    assert plane.directions.dtype == plane.origin.dtype == np.float32
    wide = make(perceptron(), count=1, seed=8, at=net.position)
    np.testing.assert_allclose(plane.directions, wide.directions, rtol=1e-6)  # rounding of 32 bits
    np.testing.assert_array_equal(plane.origin, net.position)
    kind = {gaussian: "gaussian", orthonormal: "orthonormal", filter_normalised: "filter-normalised"}[make]
    assert plane.facts == {"kind": kind, "seed": 8}


@pytest.mark.parametrize("make", RANDOM)
def test_directions_take_no_more_memory_than_they_have_numbers(make):
    size = 3000
    leaves = (Leaf("w", (size, size), "weight", (1, 0)), Leaf("b", (size,), "bias", (0,)))
    net = network(lambda x: 0.0, position=np.ones(size * (size + 1), np.float32), leaves=leaves)
    tracemalloc.start()
    make(net, count=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Two directions and one that is being drawn; some numbers in 64 bits, 2^20 at a time.
    assert peak < 3.2 * net.position.nbytes + 5 * 8 * 2**20


def test_checkpoints_lie_at_one():
    net = perceptron()
    a, b, c = net.position, net.position + 1, net.position * 2
    plane = between(net, None, b, c)
    # The difference is rounded once, and so is its sum with a.
    np.testing.assert_allclose(plane.points(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), [a, b, c], rtol=1e-14)
    assert plane.names == ("from a to b", "from a to c")
    assert between(net, a, b).directions.shape == (1, a.size)


def test_directions_made_elsewhere_are_used_as_they_are():
    net = bowl(np.eye(3))
    plane = given(net, [3, 0, 4], [0, 1, 0], at=[1, 1, 1])
    np.testing.assert_array_equal(plane.directions, [[3, 0, 4], [0, 1, 0]])
    assert plane.units == ("5 of parameter distance", "1 of parameter distance")


# Principal directions


def walk(steps=40, size=30, seed=0):
    return np.random.default_rng(seed).standard_normal((steps, size)).cumsum(axis=0) + 5


@pytest.fixture(params=["held", "in blocks", "held, many", "in blocks, many", "few parameters"])
def way(request, monkeypatch):
    """All ways to principal directions: by products of rows or Lanczos' method, with the rows held or read in blocks."""
    if "many" in request.param or "few" in request.param:
        monkeypatch.setattr(trajectories, "FEW", 10)
    if "blocks" in request.param:
        monkeypatch.setattr(trajectories, "MEMORY", 8 * 7 * 100)
        monkeypatch.setattr(trajectories, "SLAB", 1)
    return 100 if "few" not in request.param else 12


def test_principal_directions_are_the_singular_vectors_of_the_displacements(way):
    points = walk(size=way)
    plane = principal(bowl(np.eye(way)), points, count=3)
    _, values, vectors = np.linalg.svd(points - points[-1])
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    # A squared matrix costs half the digits of what is small beside the largest; these are within a factor of 30.
    np.testing.assert_allclose(plane.directions, (vectors * np.sign(largest))[:3], atol=1e-10)
    np.testing.assert_allclose(plane.facts["shares"], values[:3] ** 2 / np.sum(values**2), rtol=1e-10)
    np.testing.assert_array_equal(plane.origin, points[-1])


def test_displacements_are_from_the_origin_that_is_given():
    points = walk()
    plane = principal(bowl(np.eye(30)), points, count=1, at=points[3])
    vectors = np.linalg.svd(points - points[3])[2]
    assert abs(plane.directions[0] @ vectors[0]) == pytest.approx(1, abs=1e-10)


def test_a_random_walk_has_the_shares_that_theory_gives_it():
    shares = np.array([principal(bowl(np.eye(3000)), walk(200, 3000, seed)).facts["shares"] for seed in range(3)]).mean(
        axis=0
    )
    # The eigenvalues of the Brownian covariance min(s, t) are as 1 / (2 k - 1)², of the sum π² / 8; 3,000 dimensions
    # average to 2 %, and 200 steps are not yet continuous by 1 %.
    np.testing.assert_allclose(shares, [8 / np.pi**2, 8 / (9 * np.pi**2)], rtol=0.04)


def test_a_run_along_a_line_spans_one_direction_for_all_its_rounding(way):
    start, course = np.random.default_rng(0).standard_normal((2, way))
    points = start + np.linspace(1, 0, 40)[:, None] ** 2 * course
    with pytest.raises(InvalidValue, match="the 40 points of the recording span 1 direction from the origin"):
        principal(bowl(np.eye(way)), points)


def test_points_that_are_read_when_asked_for_are_never_held_together(monkeypatch):
    monkeypatch.setattr(trajectories, "MEMORY", 8 * 40 * 3)
    monkeypatch.setattr(trajectories, "SLAB", 1)
    points, largest = walk(), []

    class Lazy:
        shape = points.shape

        def __getitem__(self, span):
            largest.append(points[span].size)
            return points[span]

    plane = principal(bowl(np.eye(30)), Lazy())
    np.testing.assert_allclose(plane.directions, principal(bowl(np.eye(30)), points).directions, atol=1e-10)
    # The end and the first row once, and all columns twice, six of all rows at a time.
    assert largest == [30, 30, *[40 * 6] * 10]


@pytest.mark.parametrize("ratio", [0.3, 1e-3])
def test_rows_in_32_bits_are_summed_in_64(ratio, monkeypatch):
    # One direction of length 1, another of a share of it, in numbers of 32 bits beside a far larger origin.
    monkeypatch.setattr(trajectories, "CACHED", 1000)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((50_000, 2)))[0].T
    times = np.linspace(1, 0, 60)
    course = np.stack([times, ratio * np.sin(3 * np.pi * times)], axis=1) @ basis
    points = course.astype(np.float32)
    plane = principal(bowl_of(points[-1]), points)
    exact = points.astype(np.float64) - points[-1]
    values, vectors = np.linalg.svd(exact, full_matrices=False)[1:]
    assert plane.directions.dtype == np.float32
    np.testing.assert_allclose(plane.facts["shares"], values[:2] ** 2 / np.sum(values**2), rtol=1e-6, atol=1e-12)
    # Rounding of 32 bits; of the smaller direction, too.
    np.testing.assert_allclose(np.abs(np.sum(plane.directions * vectors[:2], axis=1)), 1, atol=1e-6)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-6)


def test_rows_whose_squares_32_bits_cannot_hold_are_multiplied_in_64():
    points = (1e25 * walk(10, 40)).astype(np.float32)
    plane = principal(bowl_of(points[-1]), points, count=1)
    vectors = np.linalg.svd(points.astype(np.float64) - points[-1])[2]
    assert abs(plane.directions[0] @ vectors[0]) == pytest.approx(1, abs=1e-6)


def bowl_of(position):
    return network(lambda x: float(x @ x), position=position)


# Eigenvectors of the Hessian


def spectrum(values, seed=0):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values),) * 2))[0]
    return basis * values @ basis.T, basis.T


@pytest.mark.parametrize("size", [20, 150])
def test_leading_eigenvectors_are_found(size):
    values = np.linspace(-8, 1, size)
    values[:2] = 9.0, 5.0
    matrix, vectors = spectrum(values)
    plane = hessian(bowl(matrix), count=2, tol=1e-10)
    # Lanczos' method ends at a residual of 1e-10; a vector is as exact as the gap allows, which is 4 of 9.
    np.testing.assert_allclose(plane.facts["eigenvalues"], [9, 5], rtol=1e-11)
    np.testing.assert_allclose(np.abs(np.sum(plane.directions * vectors[:2], axis=1)), 1, atol=1e-10)
    assert (plane.directions.max(axis=1) == np.abs(plane.directions).max(axis=1)).all()
    assert plane.names[0] == "Hessian eigenvector 1 (λ = 9)"


@pytest.mark.parametrize("size", [20, 150])
def test_the_lowest_eigenvector_can_be_the_last(size):
    values = np.linspace(-2, 2, size)
    values[0] = -7.0
    matrix, vectors = spectrum(values)
    both = hessian(bowl(matrix), count=2, lowest=True, tol=1e-10)
    np.testing.assert_allclose(both.facts["eigenvalues"], [2, -7], rtol=1e-11)  # rounding, as above
    assert abs(both.directions[1] @ vectors[0]) == pytest.approx(1, abs=1e-10)
    alone = hessian(bowl(matrix), count=1, lowest=True, tol=1e-10)
    np.testing.assert_allclose(alone.facts["eigenvalues"], [-7], rtol=1e-11)
    assert alone.names == ("lowest Hessian eigenvector (λ = -7)",)


@pytest.mark.parametrize("tol", [1e-2, 1e-3])
def test_a_direction_is_turned_by_no_more_than_was_asked(tol):
    values = np.linspace(-8, 1, 150)
    values[:2] = 9.0, 5.0
    matrix, vectors = spectrum(values)
    plane = hessian(bowl(matrix), count=2, tol=tol)
    sines = np.sqrt(1 - np.sum(plane.directions * vectors[:2], axis=1) ** 2)
    # The sine is at most the residual over the gap, 4 for both; the residual at most tol times 9 and 5.
    assert (sines <= tol * np.array([9, 5]) / 4 * 1.01).all()


def test_eigenvectors_are_those_of_the_point_that_is_given():
    # The loss of x⁴ + y⁴ bends most along the larger coordinate.
    net = network(lambda x: np.sum(x**4), None, lambda x: np.diag(12 * x**2), position=np.array([1.0, 2.0]))
    np.testing.assert_allclose(hessian(net, count=1).directions, [[0, 1]], atol=1e-12)  # rounding
    np.testing.assert_allclose(hessian(net, count=1, at=[3, 2]).directions, [[1, 0]], atol=1e-12)


def test_eigenvectors_of_32_bits_are_as_exact_as_32_bits_are():
    values = np.linspace(0, 1, 150)
    values[-2:] = 4.0, 9.0
    matrix, vectors = spectrum(values)
    plane = hessian(bowl(matrix.astype(np.float32), np.zeros(150, np.float32)))
    # A few roundings of 32 bits, 6e-8 of the largest eigenvalue.
    np.testing.assert_allclose(plane.facts["eigenvalues"], [9, 4], rtol=1e-5)
    assert abs(plane.directions[0] @ vectors[-1]) == pytest.approx(1, abs=1e-5)


def test_the_search_gives_the_same_to_the_bit_again():
    net = bowl(spectrum(np.linspace(0, 3, 150))[0])
    np.testing.assert_array_equal(hessian(net).directions, hessian(net).directions)


# What is refused


@pytest.mark.parametrize("make", [*RANDOM, hessian])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, r"count = 0 is not allowed; give a whole number of at least 1 and at most \d+$"),
        ({"count": 99}, r"count = 99 is not allowed; give a whole number of at least 1 and at most \d+$"),
        ({"seed": -1}, "seed = -1 is not allowed; give a whole number of at least 0$"),
        ({"at": np.ones(3)}, r"a point of shape \(3,\) is none of this network; give a flat vector of 54 numbers$"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, options, message):
    net = perceptron()
    net = network(lambda x: 0.0, None, lambda x: np.eye(54), position=net.position, leaves=net.leaves)
    with pytest.raises(InvalidValue, match=message):
        make(net, **options)


def test_more_random_directions_than_parameters_are_refused():
    with pytest.raises(InvalidValue, match="count = 2 is not allowed; give a whole number of at least 1 and at most 1"):
        gaussian(bowl(np.eye(1)))


def test_a_network_without_filters_cannot_be_normalised():
    with pytest.raises(InvalidValue, match="has no filters other than zero, .* take orthonormal directions"):
        filter_normalised(bowl(np.eye(5)))


def test_directions_that_are_zero_parallel_or_of_another_network_are_refused():
    net = bowl(np.eye(3))
    with pytest.raises(InvalidValue, match="direction 2 is zero; give directions that lead somewhere"):
        given(net, [1, 0, 0], [0, 0, 0])
    with pytest.raises(InvalidValue, match="2 directions are parallel, or lie in less than 2 dimensions; give others"):
        given(net, [1, 2, 3], [-2, -4, -6 - 1e-9])
    with pytest.raises(InvalidValue, match=r"a direction of shape \(2,\) does not fit this network; .* 3 numbers"):
        given(net, [1, 2])
    with pytest.raises(InvalidValue, match="a slice needs at least one direction and none was given"):
        given(net)
    with pytest.raises(InvalidValue, match="hold numbers that are not finite"):
        given(net, [1, np.nan, 0])


def test_a_single_filter_of_one_number_makes_no_plane():
    net = network(
        lambda x: 0.0, position=np.ones(2), leaves=(Leaf("k", (1, 1), "weight", (0, 1)), Leaf("b", (1,), "bias", (0,)))
    )
    with pytest.raises(InvalidValue, match="2 directions are parallel"):
        filter_normalised(net)


def test_checkpoints_that_span_nothing_are_refused():
    net = bowl(np.eye(3))
    with pytest.raises(InvalidValue, match="the checkpoints a and b are the same point; give different ones"):
        between(net, [0, 0, 0], [0, 0, 0])
    with pytest.raises(InvalidValue, match="the checkpoints a and c are the same point"):
        between(net, None, [1, 0, 0], [0, 0, 0])
    with pytest.raises(InvalidValue, match="2 directions are parallel"):
        between(net, None, [1, 0, 0], [2, 0, 0])
    with pytest.raises(InvalidValue, match="b = None is no checkpoint"):
        between(net, None, None)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.ones((4, 5)), r"recorded parameters of shape \(4, 5\) are not of this network; give \(step, 3\)$"),
        (np.ones((4, 3)), "the 4 points of the recording span 0 directions from the origin and count = 2 were asked"),
        ([[0, 0, 0], [1, 2, 3], [2, 4, 6]], "the 3 points of the recording span 1 direction from the origin"),
        ([[0, 0, 0], [1, 2, 3]], "the 2 points of the recording span 1 direction from the origin"),
        ([[0, 0, 0], [1, np.inf, 3], [1, 1, 1]], "recorded parameters in row 1 hold numbers that are not finite"),
    ],
)
def test_recordings_that_span_too_little_are_refused(points, message):
    with pytest.raises(InvalidValue, match=message):
        principal(bowl(np.eye(3)), np.asarray(points, dtype=np.float64))


@pytest.mark.parametrize("size", [20, 150])
def test_a_hessian_that_is_not_finite_is_refused(size):
    with pytest.raises(InvalidValue, match="the Hessian at this point holds numbers that are not finite; take another"):
        hessian(bowl(np.full((size, size), np.nan)))


def test_an_eigenvector_that_was_not_found_well_enough_says_so(monkeypatch):
    monkeypatch.setattr(eigenpairs, "PRODUCTS", 4)
    matrix = spectrum(np.append([3.0, 2.9], np.linspace(-2, 2, 298)))[0]
    plane = hessian(bowl(matrix))
    values, residuals = (np.array(plane.facts[name]) for name in ("eigenvalues", "residuals"))
    truth = np.linalg.norm(plane.directions @ matrix - values[:, None] * plane.directions, axis=1)
    np.testing.assert_allclose(residuals, truth, rtol=1e-12)
    assert (residuals > 0.05 * np.abs(values)).all()
    assert all(name.endswith(", unsettled)") for name in plane.names)


def test_a_matrix_that_is_not_symmetric_shows_in_its_residuals():
    # Of this one, made whole, the symmetric half has the eigenvalues 3 and -1; it maps the vectors elsewhere.
    plane = hessian(bowl(np.array([[1.0, 4.0], [0.0, 1.0]])))
    np.testing.assert_allclose(plane.facts["eigenvalues"], [3, -1], atol=1e-14)
    np.testing.assert_allclose(plane.facts["residuals"], [2, 2], atol=1e-14)
    assert all(name.endswith(", unsettled)") for name in plane.names)


def test_where_nothing_bends_any_direction_is_an_eigenvector():
    assert hessian(bowl(np.zeros((150, 150)))).facts["eigenvalues"] == pytest.approx([0, 0], abs=1e-14)  # rounding of 1
