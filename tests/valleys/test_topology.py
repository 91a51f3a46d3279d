"""Topology against an oracle that floods the grid cell by cell, and against shapes that can be seen."""

import itertools

import numpy as np
import pytest
from hypothesis import given

from tests.strategies import small_grids
from thalweg.valleys import topology, tree


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
        index = np.unravel_index(cell, values.shape)
        around = set()
        for offset in itertools.product((-1, 0, 1), repeat=values.ndim):
            at = [i + o for i, o in zip(index, offset, strict=True)]
            for k, size in enumerate(values.shape):
                if periodic[k]:
                    at[k] %= size
            if all(0 <= i < size for i, size in zip(at, values.shape, strict=True)):
                other = int(np.ravel_multi_index(at, values.shape))
                if other in root:
                    around.add(find(other))
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


@given(small_grids)
def test_minima_and_persistence_equal_a_flood_cell_by_cell(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    values[values == 9] = np.inf
    found = topology.analyse(values, periodic)
    minima, ends = flood(values, periodic)
    assert found.minima.tolist() == minima
    flat = values.ravel()
    for number, cell in enumerate(found.minima):
        expected = ends[cell] - flat[cell] if cell in ends else np.inf
        assert found.persistence[number] == expected


@given(small_grids)
def test_every_cell_flows_down_into_its_basin_and_walls_into_none(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    values[values == 9] = np.nan
    found = topology.analyse(values, periodic)
    assert np.array_equal(found.basins == tree.OUTSIDE, np.isnan(values))
    for number, cell in enumerate(found.minima):
        inside = values[found.basins == number]
        assert inside.min() == values.ravel()[cell]


@given(small_grids)
def test_keeping_everything_simplifies_nothing(grid):
    shape, heights, periodic = grid
    values = np.array(heights, dtype=float).reshape(shape)
    found = topology.analyse(values, periodic)
    same, kept = topology.simplify(found, np.ones(len(found.minima), dtype=bool))
    assert kept.tolist() == list(range(len(found.minima)))
    np.testing.assert_array_equal(same.basins, found.basins)
    np.testing.assert_array_equal(same.passes.cell, found.passes.cell)
    np.testing.assert_array_equal(same.saddle, found.saddle)


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
    assert found.persistence.tolist() == [np.inf, 5.0, 0.5]
    simpler, kept = topology.simplify(found, found.persistence >= 1)
    assert kept.tolist() == [0, 1]
    assert simpler.basins.tolist() == [0, 0, 0, 1, 1, 1]
    assert simpler.passes.height.tolist() == [6.0]
    assert simpler.saddle.tolist() == [-1, 0]


def test_the_barrier_is_the_lowest_way_out_though_it_leads_to_a_shallower_valley():
    values = np.array([0.0, 9.0, 2.0, 5.0, 3.0])
    found = topology.analyse(values, (False,))
    depths = values[found.minima]
    # The valley of depth 2 ends only at the pass of height 9, but can be left over the one of height 5.
    assert found.persistence.tolist() == [np.inf, 7.0, 2.0]
    assert tree.barriers(depths, found.passes.between, found.passes.height).tolist() == [9.0, 3.0, 2.0]


@pytest.mark.parametrize("fill", [np.nan, np.inf])
def test_a_grid_of_walls_has_nothing(fill):
    found = topology.analyse(np.full((3, 4), fill), (False, True))
    assert len(found.minima) == 0
    assert (found.basins == tree.OUTSIDE).all()
