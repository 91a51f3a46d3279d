from functools import cache

import numpy as np
import pytest

from thalweg.geometry import eigenpairs


@cache
def basis_of(size):
    return np.linalg.qr(np.random.default_rng(0).standard_normal((size, size)))[0]


def symmetric(values, dtype=np.float64):
    basis = basis_of(len(values))
    return ((basis * values) @ basis.T).astype(dtype)


def searched(values, dtype=np.float64, largest=3, smallest=1):
    matrix, start = symmetric(values, dtype), np.random.default_rng(1).standard_normal(len(values))
    rounding = float(np.finfo(dtype).eps)
    return eigenpairs.extreme(lambda v: matrix @ v.astype(dtype), start, largest, smallest, rounding=rounding)


SPECTRA = {
    "outliers and a bulk at zero": np.append([10, 5, 3, -0.5], np.geomspace(1e-9, 0.1, 196)),
    "low rank": np.append([5, 4, 3, 2], np.zeros(196)),
    "all below zero": -np.append([1, 1.1, 1.3, 2], np.linspace(1.4, 1.9, 196)),
    "one value": np.full(200, 2.0),
    "zeros": np.zeros(200),
}


@pytest.mark.parametrize(("dtype", "allowed"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)
def test_the_outermost_eigenvalues_are_found(values, dtype, allowed):
    found = searched(values, dtype)
    ordered = np.sort(values)[::-1]
    # Their error is the residual squared over the gap, 0.1 and more: rounding of 10, some tens of times.
    np.testing.assert_allclose(found.values, [*ordered[:3], ordered[-1]], rtol=0, atol=10 * allowed)


def test_residuals_bound_the_errors_where_eigenvalues_crowd():
    values = np.linspace(1, 2, 400)
    found = searched(values)
    errors = np.abs(found.values - [values[-1], values[-2], values[-3], values[0]])
    assert (errors <= found.residuals + 1e-14).all()
    # The search ends at the square root of rounding times twice the size, 2.
    assert found.residuals.max() < 1e-7


def test_vectors_belong_to_their_values():
    matrix, found = symmetric(SPECTRA["all below zero"]), searched(SPECTRA["all below zero"], smallest=2)
    lengths = np.linalg.norm(found.vectors @ matrix - found.values[:, None] * found.vectors, axis=1)
    np.testing.assert_allclose(lengths, found.residuals, atol=1e-14)
    assert found.values[-2] > found.values[-1]


@pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)
def test_the_same_search_gives_the_same_numbers(values):
    for one, other in zip(searched(values), searched(values), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_not_found_is_nan(monkeypatch):
    monkeypatch.setattr(eigenpairs, "RESTARTS", 1)
    values = np.linspace(1, 2, 2000)
    found = eigenpairs.extreme(lambda v: values * v, np.ones(2000), 5, 1)
    assert np.isnan(found.values).any()
    np.testing.assert_array_equal(np.isnan(found.values), np.isnan(found.residuals))


def test_a_whole_matrix_gives_all_pairs():
    values = np.array([3.0, 1.0, -2.0])
    matrix = symmetric(values)
    found = eigenpairs.of_whole(lambda v: matrix @ v, 3)
    np.testing.assert_allclose(found.values, values, atol=1e-14)  # rounding of 3
    assert found.residuals.max() < 1e-14
