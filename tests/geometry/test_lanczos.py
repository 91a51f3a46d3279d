import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matfree import decomp

from thalweg.base.precision import computing
from thalweg.geometry import lanczos
from thalweg.geometry.lanczos import Quadrature


def symmetric(values, seed=0):
    """A symmetric matrix of known eigenvalues."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))
    return (basis * values) @ basis.T


def start(size, seed=1):
    return np.random.default_rng(seed).standard_normal(size)


# A few far outside and many close together: what loses orthogonality without reorthogonalisation.
OUTLIERS = np.append([40.0, 25.0, -9.0], np.geomspace(1e-6, 1, 57))


def test_the_matrix_is_tridiagonal_in_a_basis_that_stays_orthonormal():
    matrix = symmetric(OUTLIERS)
    found = lanczos.tridiagonalise(lambda v: matrix @ v, start(60), 50)
    whole = np.diag(found.diagonal) + np.diag(found.beside, 1) + np.diag(found.beside, -1)
    # 50 vectors of 60 numbers: some tens of roundings of 1, or of the largest eigenvalue, 40.
    np.testing.assert_allclose(found.basis @ found.basis.T, np.eye(50), atol=1e-14)
    np.testing.assert_allclose(found.basis @ matrix @ found.basis.T, whole, atol=1e-12)


def test_all_vectors_give_all_eigenvalues_once():
    values = np.append([40.0, 25.0, -9.0], np.linspace(1, 3, 37))
    matrix = symmetric(values)
    rule = lanczos.quadrature(lanczos.tridiagonalise(lambda v: matrix @ v, start(40), 100))
    np.testing.assert_allclose(rule.values, np.sort(values), atol=1e-12)  # some tens of roundings of 40


def test_the_coefficients_are_those_of_matfree():
    matrix, first = symmetric(OUTLIERS), start(60)
    found = lanczos.tridiagonalise(lambda v: matrix @ v, first, 20)
    with computing(64):
        decompose = decomp.tridiag_sym(20, reortho="full")
        peer = jax.jit(lambda v: decompose(lambda v: jnp.asarray(matrix) @ v, v).J_small)(jnp.asarray(first))
    # Both reorthogonalise, so the coefficients differ by rounding of the largest eigenvalue, grown over 20 steps.
    np.testing.assert_allclose(
        np.diag(found.diagonal) + np.diag(found.beside, 1) + np.diag(found.beside, -1),
        peer,
        atol=1e-10,
    )


@pytest.mark.parametrize("rounding", [2.0**-52, 2.0**-23])
def test_an_invariant_space_ends_the_basis(rounding):
    kind = np.float32 if rounding > 1e-10 else np.float64
    matrix = symmetric(OUTLIERS).astype(kind)
    first = np.linalg.eigh(matrix)[1][:, [0, -2, -1]].sum(axis=1).astype(np.float64)
    found = lanczos.tridiagonalise(lambda v: matrix @ v.astype(kind), first, 20, rounding=rounding)
    assert len(found.diagonal) == len(found.basis) == len(found.beside) + 1 == 3


def test_a_matrix_of_zeros_ends_at_once():
    found = lanczos.tridiagonalise(np.zeros_like, start(9), 5)
    np.testing.assert_array_equal(lanczos.quadrature(found).values, [0.0])
    np.testing.assert_array_equal(lanczos.quadrature(found).weights, [1.0])


def test_the_quadrature_is_exact_for_polynomials_up_to_twice_its_order():
    matrix, first = symmetric(np.linspace(-1, 1.5, 30)), start(30)
    rule = lanczos.quadrature(lanczos.tridiagonalise(lambda v: matrix @ v, first, 4))
    moments = [first @ np.linalg.matrix_power(matrix, k) @ first / (first @ first) for k in range(9)]
    errors = [abs(rule.weights @ rule.values**k - moment) for k, moment in enumerate(moments)]
    assert max(errors[:8]) < 1e-13  # rounding of numbers below 1.5^7
    assert errors[8] > 1e-4


def test_the_trace_has_the_error_that_the_theory_says():
    matrix = symmetric(OUTLIERS)
    probes = 2.0 * np.random.default_rng(3).integers(0, 2, (2000, 60)) - 1
    found = lanczos.trace(np.einsum("pi,ij,pj->p", probes, matrix, probes))
    # Variance of one probe: twice the sum of squares beside the diagonal.
    theory = np.sqrt(2 * (np.sum(matrix**2) - np.sum(np.diag(matrix) ** 2)) / 2000)
    assert abs(found.mean - np.trace(matrix)) < 4 * found.error  # 4 standard errors
    assert found.error == pytest.approx(theory, rel=0.1)  # a variance from 2000 draws is known to some 3 %


def test_too_few_probes_have_no_error():
    one, none = lanczos.trace(np.array([3.0])), lanczos.trace(np.empty(0))
    assert one.mean == 3
    assert np.isnan([one.error, none.mean, none.error]).all()


def test_the_smooth_density_has_the_mass_and_mean_of_its_points():
    at = np.linspace(-10, 10, 2001)
    density = lanczos.smooth(Quadrature(np.array([-1.0, 2.0]), np.array([0.25, 0.75])), at, 0.5)
    # The sum over evenly spaced points is exact for a Gaussian; the tails beyond 16 widths are nothing.
    assert np.sum(density) * 0.01 == pytest.approx(1, abs=1e-12)
    assert np.sum(density * at) * 0.01 == pytest.approx(1.25, abs=1e-12)
    assert np.sum(density * (at - 1.25) ** 2) * 0.01 == pytest.approx(0.25 * 2.25**2 + 0.75 * 0.75**2 + 0.25, abs=1e-12)
