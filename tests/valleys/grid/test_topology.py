"""Topology against an oracle that floods the grid cell by cell, and against shapes that can be seen."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import small_grids, small_lines, small_solids
from thalweg.valleys import tree
from thalweg.valleys.grid import topology

any_grids = st.one_of(small_lines, small_grids, small_solids)


def neighbours(cell, shape, periodic):
    """All cells that touch one, without itself."""
    index = np.unravel_index(cell, shape)
    around = set()
    for offset in itertools.product((-1, 0, 1), repeat=len(shape)):
        at = [i + o for i, o in zip(index, offset, strict=True)]
        at = [i % size if wraps else i for i, size, wraps in zip(at, shape, periodic, strict=True)]
        if all(0 <= i < size for i, size in zip(at, shape, strict=True)):
            around.add(int(np.ravel_multi_index(at, shape)))
    return around - {cell}


def flood(values, periodic):
    """Merge cells one by one in order of height; (minimum, height of its end) for all but the deepest of each part."""
    flat = values.ravel()
    order = [c for c in np.lexsort((np.arange(flat.size), flat)) if np.isfinite(flat[c])]
    root, ends, minima = {}, {}, []

    def find(cell):
        while root[cell] != cell:
            cell = root[cell]
        return cell

    rank = {cell: place for place, cell in enumerate(order)}
    for cell in order:
        around = {find(other) for other in neighbours(cell, values.shape, periodic) if other in root}
        root[cell] = cell
        if not around:
            minima.append(cell)
        elif around:
            elder = min(around, key=rank.get)
            root[cell] = elder
            for other in around - {elder}:
                root[other] = elder
                ends[other] = flat[cell]
    return minima, ends


@given(any_grids)
@settings(max_examples=300)
def test_minima_and_persistence_equal_a_flood_cell_by_cell(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    values[values == 9] = np.inf
    found = topology.analyse(values, periodic)
    minima, ends = flood(values, periodic)
    flat = values.ravel()
    # Where the flood starts twice on one plateau, the later start ends at its own height: it is no minimum.
    assert found.minima.tolist() == [cell for cell in minima if ends.get(cell, np.inf) > flat[cell]]
    for number, cell in enumerate(found.minima):
        expected = ends[cell] - flat[cell] if cell in ends else np.inf
        assert found.tree.persistence[number] == expected


@given(any_grids)
def test_every_cell_flows_down_into_its_basin_and_walls_into_none(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    values[values == 9] = np.nan
    found = topology.analyse(values, periodic)
    assert np.array_equal(found.basins == tree.OUTSIDE, np.isnan(values))
    for number, cell in enumerate(found.minima):
        inside = values[found.basins == number]
        assert inside.min() == values.ravel()[cell]


@given(any_grids)
def test_keeping_everything_simplifies_nothing(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    found = topology.analyse(values, periodic)
    same, kept = topology.simplify(found, np.ones(len(found.minima), dtype=bool))
    assert kept.tolist() == list(range(len(found.minima)))
    np.testing.assert_array_equal(same.basins, found.basins)
    np.testing.assert_array_equal(same.passes.cell, found.passes.cell)
    np.testing.assert_array_equal(same.tree.saddle, found.tree.saddle)


@given(any_grids)
def test_a_pass_is_the_lowest_place_where_two_basins_touch(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    values[values == 9] = -np.inf
    found = topology.analyse(values, periodic)
    flat, basins = values.ravel(), found.basins.ravel()
    lowest = {}
    for cell in np.flatnonzero(basins != tree.OUTSIDE):
        for other in neighbours(cell, shape, periodic):
            if basins[cell] < basins[other]:
                pair = int(basins[cell]), int(basins[other])
                place = max((flat[cell], cell), (flat[other], other))
                lowest[pair] = min(place, lowest.get(pair, place))
    passes = found.passes
    cells = dict(zip(map(tuple, passes.between.tolist()), passes.cell.tolist(), strict=True))
    assert cells == {pair: cell for pair, (_, cell) in lowest.items()}
    assert passes.height.tolist() == sorted(height for height, _ in lowest.values())


@given(any_grids)
def test_a_plateau_is_all_cells_of_equal_height_that_touch_the_minimum(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape) // 3
    found = topology.analyse(values, periodic)
    for minimum, plateau in zip(found.minima.tolist(), found.plateau, strict=True):
        reached, edge = {minimum}, [minimum]
        while edge:
            around = neighbours(edge.pop(), shape, periodic)
            new = {cell for cell in around if values.flat[cell] == values.flat[minimum]} - reached
            reached |= new
            edge += new
        assert plateau == len(reached)
        assert minimum == min(reached)


@pytest.fixture(scope="module")
def gudhi():
    return pytest.importorskip("gudhi")


@given(grid=st.one_of(small_grids, small_solids))
@settings(max_examples=200)
def test_births_and_deaths_equal_those_of_gudhi(gudhi, grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    values[values == 9] = np.inf
    if any(periodic):
        cubes = gudhi.PeriodicCubicalComplex(top_dimensional_cells=values, periodic_dimensions=periodic)
    else:
        cubes = gudhi.CubicalComplex(top_dimensional_cells=values)
    cubes.compute_persistence()
    # Parts that walls keep apart never join here, and join at infinity there.
    expected = [pair for pair in cubes.persistence_intervals_in_dimension(0).tolist() if np.isfinite(pair[0])]
    found = topology.analyse(values, periodic)
    births = values.ravel()[found.minima]
    assert sorted(zip(births, births + found.tree.persistence, strict=True)) == sorted(map(tuple, expected))


def test_a_plateau_with_two_tips_is_one_minimum():
    values = np.array(
        [
            [9.0, 9.0, 9.0, 9.0, 9.0],
            [9.0, 1.0, 9.0, 1.0, 9.0],
            [9.0, 1.0, 9.0, 1.0, 9.0],
            [9.0, 1.0, 1.0, 1.0, 9.0],
            [9.0, 9.0, 9.0, 9.0, 9.0],
        ]
    )
    found = topology.analyse(values, (False, False))
    assert found.minima.tolist() == [6]
    assert found.plateau.tolist() == [7]
    assert (found.basins == 0).all()
    assert len(found.passes.cell) == 0


def test_a_terrace_on_the_way_down_is_no_minimum():
    values = np.array([5.0, 2.0, 2.0, 2.0, 0.0, 3.0, 1.0])
    found = topology.analyse(values, (False,))
    assert found.minima.tolist() == [4, 6]
    assert found.plateau.tolist() == [1, 1]
    assert found.basins.tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_a_constant_circle_of_three_cells_is_one_plateau():
    found = topology.analyse(np.ones(3), (True,))
    assert found.minima.tolist() == [0]
    assert found.plateau.tolist() == [3]


def test_basins_that_meet_on_two_sides_of_a_short_circle_have_one_pass_the_lower():
    found = topology.analyse(np.array([0.0, 7.0, 1.0, 6.0]), (True,))
    assert found.passes.between.tolist() == [[0, 1]]
    assert found.passes.cell.tolist() == [3]
    assert found.tree.persistence.tolist() == [np.inf, 5.0]


def test_a_grid_larger_than_a_block_has_every_minimum_of_rastrigin():
    along = np.linspace(-5.12, 5.12, 401)
    wave = along**2 - 10 * np.cos(2 * np.pi * along)
    found = topology.analyse(wave[:, None] + wave, (False, False))
    # One minimum to each whole number from -5 to 5, on both axes.
    assert len(found.minima) == 121
    assert (found.plateau == 1).all()
    assert found.minima[0] == found.basins.size // 2
    # Each basin is the product of two intervals, so every two that touch, corners too, have a pass.
    assert len(found.passes.cell) == 2 * 11 * 10 + 2 * 10 * 10


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    values = np.random.default_rng(3).normal(size=(30, 40)).round(1)
    whole = topology.analyse(values, (True, False))
    monkeypatch.setattr(topology, "BLOCK", 64)
    parts = topology.analyse(values, (True, False))
    np.testing.assert_array_equal(parts.minima, whole.minima)
    np.testing.assert_array_equal(parts.basins, whole.basins)
    np.testing.assert_array_equal(parts.passes.cell, whole.passes.cell)
    np.testing.assert_array_equal(parts.tree.persistence, whole.tree.persistence)


def test_slopes_too_steep_for_a_number_still_lead_down():
    found = topology.analyse(np.array([1e308, -1e308, 1e308]), (False,))
    assert found.minima.tolist() == [1]
    assert found.basins.tolist() == [0, 0, 0]


def test_a_periodic_axis_joins_its_ends():
    values = np.array([0.0, 2.0, 1.0, 3.0, 0.5])
    bounded = topology.analyse(values, (False,))
    circle = topology.analyse(values, (True,))
    assert bounded.minima.tolist() == [0, 4, 2]
    assert circle.minima.tolist() == [0, 2]


def test_shallow_minima_join_the_valley_that_they_merge_into():
    #          deep   small dent      second
    values = np.array([0.0, 5.0, 4.5, 6.0, 1.0, 7.0])
    found = topology.analyse(values, (False,))
    assert found.tree.persistence.tolist() == [np.inf, 5.0, 0.5]
    simpler, kept = topology.simplify(found, found.tree.persistence >= 1)
    assert kept.tolist() == [0, 1]
    assert simpler.basins.tolist() == [0, 0, 0, 1, 1, 1]
    assert simpler.passes.height.tolist() == [6.0]
    assert simpler.tree.saddle.tolist() == [-1, 0]


def test_the_barrier_is_the_lowest_way_out_though_it_leads_to_a_shallower_valley():
    values = np.array([0.0, 9.0, 2.0, 5.0, 3.0])
    found = topology.analyse(values, (False,))
    depths = values[found.minima]
    # The valley of depth 2 ends only at the pass of height 9, but can be left over the one of height 5.
    assert found.tree.persistence.tolist() == [np.inf, 7.0, 2.0]
    assert tree.barriers(depths, found.passes.between, found.passes.height).tolist() == [9.0, 3.0, 2.0]


@pytest.mark.parametrize("fill", [np.nan, np.inf])
def test_a_grid_of_walls_has_nothing(fill):
    found = topology.analyse(np.full((3, 4), fill), (False, True))
    assert len(found.minima) == 0
    assert (found.basins == tree.OUTSIDE).all()
