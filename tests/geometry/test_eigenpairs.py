from functools import cache

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, eigsh

from thalweg.geometry import eigenpairs


@cache
def basis_of(size):
    return np.linalg.qr(np.random.default_rng(0).standard_normal((size, size)))[0]


def symmetric(values, dtype=np.float64):
    basis = basis_of(len(values))
    return ((basis * values) @ basis.T).astype(dtype)


def searched(values, dtype=np.float64, largest=3, smallest=1, **options):
    matrix, start = symmetric(values, dtype), np.random.default_rng(1).standard_normal(len(values)).astype(dtype)
    options = {"tol": 1e-8, "rounding": float(np.finfo(dtype).eps)} | options
    return eigenpairs.extreme(lambda v: matrix @ v, start, largest, smallest, **options)


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


@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-6])
def test_residuals_bound_the_errors_and_are_as_small_as_asked(tol):
    values = np.linspace(1, 2, 400)
    found = searched(values, tol=tol)
    assert (found.residuals <= tol * found.values).all()
    # What is not farther than its residual from an eigenvalue has one there.
    errors = np.abs(found.values[:, None] - values).min(axis=1)
    assert (errors <= found.residuals + 1e-14).all()


def test_a_search_to_three_digits_takes_no_more_products_than_arpack():
    for values in SPECTRA.values():
        matrix, taken = symmetric(values), []

        def product(vector, matrix=matrix, taken=taken):
            taken.append(None)
            return matrix @ vector.ravel()

        start = np.random.default_rng(1).standard_normal(len(values))
        eigenpairs.extreme(product, start, 3, 0, tol=1e-3)
        ours = len(taken)
        if len(np.unique(values)) > 3:  # ARPACK divides by zero in a space that has ended
            eigsh(LinearOperator(matrix.shape, matvec=product), k=3, which="LA", tol=1e-3, v0=start)
            assert ours <= 1.2 * (len(taken) - ours)
        assert ours <= eigenpairs.BASIS + 3


def test_few_vectors_are_enough_where_memory_is_short(monkeypatch):
    values = SPECTRA["outliers and a bulk at zero"]
    monkeypatch.setattr(eigenpairs, "MEMORY", 10 * 8 * 200)
    assert eigenpairs.height(200, 4, np.dtype(np.float64)) == 10
    found = searched(values)
    np.testing.assert_allclose(found.values, [10, 5, 3, -0.5], rtol=0, atol=1e-12)


def test_an_eigenvalue_that_is_there_twice_is_found_twice_where_its_space_ends():
    found = searched(np.append([5, 5, 3], np.zeros(197)))
    np.testing.assert_allclose(found.values, [5, 5, 3, 0], rtol=0, atol=1e-12)


def test_vectors_belong_to_their_values():
    matrix, found = symmetric(SPECTRA["all below zero"]), searched(SPECTRA["all below zero"], smallest=2)
    lengths = np.linalg.norm(found.vectors @ matrix - found.values[:, None] * found.vectors, axis=1)
    np.testing.assert_allclose(lengths, found.residuals, atol=1e-14)
    assert found.values[-2] > found.values[-1]


@pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)
def test_the_same_search_gives_the_same_numbers(values):
    for one, other in zip(searched(values), searched(values), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_not_found_well_enough_is_unsettled(monkeypatch):
    monkeypatch.setattr(eigenpairs, "PRODUCTS", 8)
    values = np.append([9.0], np.linspace(-1, 1, 1999))
    found = eigenpairs.extreme(lambda v: values * v, np.ones(2000), 3, 1)
    settled = eigenpairs.settled(found.values, found.residuals, size=9.0, rounding=2.0**-52)
    np.testing.assert_array_equal(settled, [True, False, False, False])
    truth = np.linalg.norm(found.vectors * values - found.values[:, None] * found.vectors, axis=1)
    np.testing.assert_allclose(found.residuals, truth, rtol=1e-12)


def test_rounding_of_the_largest_is_no_reason_to_call_one_near_zero_unsettled():
    values, residuals = np.array([1e-17, 1e-3, 1e-3]), np.array([1e-15, 1e-12, 1e-4])
    settled = eigenpairs.settled(values, residuals, size=10.0, rounding=2.0**-52)
    np.testing.assert_array_equal(settled, [True, True, False])


@pytest.mark.parametrize(
    ("size", "largest", "smallest", "others", "small"),
    [
        (128, 1, 0, 0, True),  # always
        (206, 3, 0, 10 * 80, True),  # three eigenvalues and ten probes take more
        (206, 3, 0, 10, False),  # the trace alone takes few
        (206, 3, 0, 0, False),
        (900, 3, 0, 10 * 80, False),
        (4096, 3, 0, 60 * 80, True),
        (4097, 3, 0, 60 * 80, False),  # more than 134 MB
    ],
)
def test_the_whole_matrix_is_made_where_that_takes_fewer_products(size, largest, smallest, others, small):
    assert eigenpairs.is_small(size, largest, smallest, others) == small


def test_a_whole_matrix_gives_all_pairs():
    values = np.array([3.0, 1.0, -2.0])
    matrix = symmetric(values)
    found = eigenpairs.of_whole(lambda v: matrix @ v, 3)
    np.testing.assert_allclose(found.values, values, atol=1e-14)  # rounding of 3
    assert found.residuals.max() < 1e-14
