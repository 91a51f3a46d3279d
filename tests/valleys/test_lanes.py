"""The loop over lanes: whatever the batches, their order and the threads, the same bits."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base import parallel
from thalweg.descent import mean
from thalweg.valleys import lanes

PLACES = np.random.default_rng(5).normal(size=(100, 2))


@jax.jit
def program(columns, place, scale):
    (row,) = columns
    return {"waves": jnp.sin(place * scale) + row[0], "sum": jnp.exp(place).sum(axis=0)}


def run(places, width=32):
    return lanes.run(program, (np.array([0.5]),), places, np.abs(places[:, 0]), width=width, what="trying")


def test_rows_come_first_and_numbers_have_64_bits():
    result = run(PLACES)
    np.testing.assert_allclose(result["waves"], np.sin(PLACES * np.abs(PLACES[:, :1])) + 0.5, rtol=0, atol=1e-14)
    assert result["sum"].shape == (100,)
    assert result["sum"].dtype == np.float64


@pytest.mark.parametrize("width", [16, 48, 112])
def test_no_row_depends_on_the_width_of_its_batch(width):
    for one, other in zip(run(PLACES, width).values(), run(PLACES).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_row_depends_on_the_order():
    order = np.random.default_rng(6).permutation(len(PLACES))
    for one, other in zip(run(PLACES[order]).values(), run(PLACES).values(), strict=True):
        np.testing.assert_array_equal(one, other[order])


def test_no_row_depends_on_the_threads(monkeypatch):
    together = run(PLACES, 16)
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    for one, other in zip(run(PLACES, 16).values(), together.values(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("places", "cores", "width"), [(5, 2, 16), (100, 2, 64), (100, 4, 32), (10_000, 2, 256)])
def test_batches_are_equal_and_as_many_for_every_core(monkeypatch, places, cores, width):
    monkeypatch.setattr(mean, "cores", lambda: cores)
    assert mean.width_for(places, 256, fewest=0) == width


def test_the_hessian_of_a_mean_is_that_of_its_terms():
    def example(params, x):
        return x * params[0] ** 2 * params[1]

    place = jnp.array([[1.0, 2.0], [3.0, -1.0]])
    height, gradient, hessian = jax.jit(partial(lanes.measure, example))((jnp.array([1.0, 3.0]),), place)
    assert height.tolist() == [6.0, -8.0]
    assert gradient.tolist() == [[12.0, -8.0], [2.0, 8.0]]
    assert jnp.moveaxis(hessian, 2, 0).tolist() == [[[12.0, 4.0], [4.0, 0.0]], [[-4.0, 8.0], [8.0, 0.0]]]
