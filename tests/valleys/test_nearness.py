import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from thalweg.problems import Axis, Domain
from thalweg.valleys import nearness

MIXED = Domain([Axis("phi", -1.0, 3.0, periodic=True), Axis("x", 0.0, 10.0)])
seeds = st.integers(0, 10_000)


def distances(positions):
    way = (positions[:, None] - positions) / [4.0, 10.0]
    way[..., 0] -= np.rint(way[..., 0])
    return np.sqrt(np.sum(way**2, axis=-1))


def test_places_on_both_sides_of_the_seam_are_one():
    positions = np.array([[2.9999999, 5.0], [-1.0, 5.0], [1.0, 5.0]])
    lowest, group = nearness.gather(positions, np.array([2.0, 3.0, 1.0]), MIXED, near=1e-6)
    assert lowest.tolist() == [2, 0]
    assert group.tolist() == [1, 1, 0]


@given(seeds)
def test_groups_do_not_depend_on_the_order_of_the_places(seed):
    rng = np.random.default_rng(seed)
    positions = np.repeat(rng.random((6, 2)) * [4, 10] - [1, 0], 4, axis=0) + 1e-8 * rng.random((24, 2))
    heights = rng.integers(0, 3, 24).astype(float)
    lowest, group = nearness.gather(positions, heights, MIXED, near=1e-6)
    order = rng.permutation(24)
    again, shuffled = nearness.gather(positions[order], heights[order], MIXED, near=1e-6)
    np.testing.assert_array_equal(order[again], lowest)
    np.testing.assert_array_equal(shuffled, group[order])


@given(seeds, st.integers(2, 60), st.integers(1, 3))
def test_pairs_hold_a_shortest_spanning_tree(seed, count, neighbours):
    positions = np.random.default_rng(seed).random((count, 2)) ** 4 * [4, 10] - [1, 0]
    between, turns = nearness.pairs(positions, MIXED, neighbours)
    direct = between[~turns.any(axis=1)]
    full = distances(positions)
    chosen = coo_matrix((full[tuple(direct.T)], tuple(direct.T)), shape=(count, count))
    assert connected_components(chosen, directed=False)[0] == 1
    # Two sums of the same lengths in another order.
    np.testing.assert_allclose(minimum_spanning_tree(chosen).sum(), minimum_spanning_tree(full).sum(), rtol=1e-12)


def test_every_pair_comes_once_more_the_other_way_round():
    between, turns = nearness.pairs(np.array([[-0.9, 1.0], [2.9, 2.0]]), MIXED, 1)
    assert between.tolist() == [[0, 1], [0, 1]]
    # The shortest way leads down over the seam; one turn more leads up.
    assert turns.tolist() == [[0, 0], [1, 0]]


def test_places_of_one_height_but_for_a_level_stand_with_the_larger_parameters_first():
    heights = np.array([2.0, 1.0 + 1e-13, 1.0, 1.0 + 2e-13, 0.5])
    positions = np.array([[0.0, 9.0], [-3.0, 1.0], [3.0, -1.0], [3.0, 4.0], [-7.0, 0.0]])
    assert nearness.ranked(heights, positions, 1e-9).tolist() == [4, 3, 2, 1, 0]
    assert nearness.ranked(heights, positions, 0.0).tolist() == [4, 2, 1, 3, 0]


def test_places_beyond_all_squares_hang_together_too():
    box = Domain([Axis("x", 0.0, 1.0), Axis("y", 0.0, 1.0)])
    positions = np.array([[0.1, 0.2], [1e200, 0.0], [-1e300, 1e250], [0.3, 0.4], *([k, 1e160] for k in range(12))])
    between, _ = nearness.pairs(positions, box, 3)
    assert between.max() < len(positions)
    close = coo_matrix((np.ones(len(between)), between.T), shape=(len(positions),) * 2)
    assert connected_components(close)[0] == 1
