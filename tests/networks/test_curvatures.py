"""Curvature against Hessians that are known.

The file is long because eigenvalues, trace and density of one Hessian are tried on the same matrices.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.fft import dct, idct

import thalweg as tw
from tests.geometry.networks import bowl
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.geometry.leaves import Leaf
from thalweg.networks import curvatures as module
from thalweg.networks.curvatures import Probes, curvature
from thalweg.networks.wrapping import wrap
from thalweg.store.recording import Recorder

KNOWN = np.append([9.0, 4.0, 2.0, -1.5], np.linspace(-0.5, 1, 1996))


@cache
def basis_of(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def symmetric(values, seed=0):
    basis = basis_of(len(values), seed)
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2


class Turned:
    """A symmetric matrix of known eigenvalues with no zeros in it, whose products take two cosine transforms."""

    __array_ufunc__ = None  # NumPy's arrays leave the product to it

    def __init__(self, values):
        self.values, self.signs = values, np.random.default_rng(0).choice([-1.0, 1.0], len(values))

    def __len__(self):
        return len(self.values)

    def __matmul__(self, vector):
        return self.signs * idct(self.values * dct(self.signs * vector, norm="ortho"), norm="ortho")

    __rmatmul__ = __matmul__  # of a symmetric matrix


@pytest.fixture(scope="module")
def known():
    return curvature(bowl(Turned(KNOWN)), count=3, lowest=True, probes=20, tol=1e-8)


def test_the_eigenvalues_of_a_known_hessian_are_found(known):
    # Rounding of 9, some tens of times; the gaps are wide.
    np.testing.assert_allclose(known["eigenvalues"], [9, 4, 2], atol=1e-12)
    assert float(known["lowest"]) == pytest.approx(-1.5, abs=1e-12)
    assert float(known["residual"].max()) < 1e-6
    assert float(known["lowest_residual"]) < 1e-6
    assert known["settled"].all()
    assert known["lowest_settled"]
    assert known.attrs["method"] == "Lanczos"


def off_diagonal(matrix):
    """Twice the squares beside the diagonal: the variance of one probe of the trace."""
    return 2 * (np.sum(matrix**2) - np.sum(np.diag(matrix) ** 2))


TALL = np.append([90.0, 40.0, 20.0, -1.5], np.linspace(-0.5, 1, 396))
"""A few eigenvalues make most of its squares."""


def test_the_trace_alone_takes_one_product_a_probe_and_has_the_error_of_hutchinson():
    net = bowl(symmetric(TALL))
    found = curvature(net, count=0, probes=Probes(200, order=1))
    assert set(found.data_vars) == {"trace", "trace_error", "loss"}
    assert (found.attrs["products"], found.attrs["order"]) == (200, 1)
    error = float(found["trace_error"])
    assert abs(float(found["trace"]) - TALL.sum()) < 4 * error  # 4 standard errors
    # From 200 probes a standard error is known to 5 %.
    assert error == pytest.approx(np.sqrt(off_diagonal(symmetric(TALL)) / 200), rel=0.2)


def test_what_the_eigenvalues_found_make_of_the_trace_is_known():
    matrix = symmetric(TALL)
    found = curvature(bowl(matrix), count=3, probes=Probes(200, order=1), tol=1e-10)
    vectors = np.linalg.eigh(matrix)[1]
    outside = np.eye(400) - vectors[:, -3:] @ vectors[:, -3:].T
    error = float(found["trace_error"])
    assert abs(float(found["trace"]) - TALL.sum()) < 4 * error
    assert error == pytest.approx(np.sqrt(off_diagonal(outside @ matrix @ outside) / 200), rel=0.2)
    assert error < 0.2 * float(curvature(bowl(matrix), count=0, probes=Probes(200, order=1))["trace_error"])


def test_traces_of_many_seeds_are_right_on_average():
    net = bowl(symmetric(TALL))
    found = [curvature(net, count=2, probes=Probes(4, order=1, seed=seed), tol=0.1) for seed in range(100)]
    traces = np.array([float(one["trace"]) for one in found])
    # Vectors that are far from converged take nothing from the mean either.
    assert abs(traces.mean() - TALL.sum()) < 4 * traces.std() / 10  # 4 standard errors
    stated = np.sqrt(np.mean([float(one["trace_error"]) ** 2 for one in found]))
    assert stated == pytest.approx(traces.std(), rel=0.3)  # a standard deviation of 100 is known to 7 %


def test_the_density_integrates_to_one_and_its_mean_to_the_trace():
    known = curvature(bowl(Turned(KNOWN)), count=0, probes=2)
    density, value = known["density"].values, known["value"].values
    # The tails beyond 6 widths hold a billionth.
    assert np.trapezoid(density, value) == pytest.approx(1, abs=1e-8)
    assert len(KNOWN) * np.trapezoid(density * value, value) == pytest.approx(float(known["trace"]), rel=1e-6)
    assert float(known["node_weight"].sum()) == pytest.approx(1, abs=1e-12)
    assert float((known["node_weight"] * known["node_value"]).sum()) == pytest.approx(
        float(known["trace"]) / len(KNOWN)
    )


def test_the_density_is_that_of_the_eigenvalues_within_its_error(known):
    value, width = known["value"].values, known.attrs["width"]
    truth = np.exp(-0.5 * ((value[:, None] - KNOWN) / width) ** 2).mean(axis=1) / (width * np.sqrt(2 * np.pi))
    # Four standard errors of 20 probes, and what 80 nodes cannot resolve of a dense bulk: a hundredth of its height.
    assert (np.abs(known["density"] - truth) <= 4 * known["density_error"] + 0.01 * truth.max()).all()
    assert known["density"].values.max() == pytest.approx(truth.max(), rel=0.1)


def test_the_width_is_a_share_of_the_range(known):
    assert known.attrs["width"] == pytest.approx(0.01 * (9 + 1.5), rel=1e-6)
    assert float(known["value"][0]) == pytest.approx(-1.5 - 6 * known.attrs["width"], rel=1e-6)
    assert float(known["value"][-1]) == pytest.approx(9 + 6 * known.attrs["width"], rel=1e-6)


def test_the_seed_decides_and_is_kept():
    net = bowl(Turned(KNOWN))
    one, again, other = (curvature(net, probes=Probes(2, seed=seed), count=1) for seed in (5, 5, 6))
    assert one.identical(again)
    assert one.attrs["seed"] == 5
    assert float(one["trace"]) != float(other["trace"])


def test_another_layout_of_the_same_network_has_the_same_curvature():
    size, rows = 8, (18, 18)
    matrix = symmetric(np.linspace(-1, 4, size + 324))
    here = (Leaf("w", rows, "weight", (0, 1)), Leaf("b", (size,), "bias", (0,)))
    there = (Leaf("b", (size,), "bias", (0,)), Leaf("w", rows, "weight", (1, 0)))
    # Where each number of the second layout stands in the first.
    order = np.concatenate([np.arange(324, 332), np.arange(324).reshape(rows).T.ravel()])
    one = curvature(bowl(matrix, leaves=here), count=2, probes=2)
    other = curvature(bowl(matrix[np.ix_(order, order)], leaves=there), count=2, probes=2)
    # The same vectors, in another order of summation: rounding, grown over 80 steps of Lanczos.
    for name in ("eigenvalues", "trace", "trace_error", "density"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-6, atol=1e-8)


def test_what_was_not_asked_for_is_not_there():
    net = bowl(Turned(KNOWN))
    one, none = curvature(net, count=1, probes=1), curvature(net, count=1, probes=0)
    assert np.isnan(one["trace_error"])
    assert np.isnan(one["density_error"]).all()
    assert np.isfinite(one["trace"])
    assert set(none.variables) == {"eigenvalues", "residual", "settled", "mode", "loss"}
    assert float(none["eigenvalues"][0]) == pytest.approx(9, rel=1e-4)  # the square of the tolerance
    assert none.attrs["products"] < 20
    low = curvature(net, count=0, lowest=True, probes=0)
    assert set(low.variables) == {"lowest", "lowest_residual", "lowest_settled", "loss"}
    assert float(low["lowest"]) == pytest.approx(-1.5, rel=1e-4)


def test_a_small_network_has_what_a_large_one_has():
    net, _ = net_of(np.float64)
    assert set(curvature(net, count=1, probes=0).variables) == {"eigenvalues", "residual", "settled", "mode", "loss"}
    assert set(curvature(net, count=0, probes=Probes(1, order=1)).variables) == {"trace", "trace_error", "loss"}
    assert {"density", "node_value"} <= set(curvature(net, count=0, probes=1).variables)


def test_three_eigenvalues_and_ten_probes_of_206_parameters_are_exact():
    matrix = symmetric(np.linspace(-1, 3, 206) ** 3)
    found = curvature(bowl(matrix), count=3, lowest=True)
    assert (found.attrs["method"], found.attrs["products"]) == ("whole Hessian", 206)
    np.testing.assert_allclose(found["eigenvalues"], np.linalg.eigvalsh(matrix)[:-4:-1], rtol=1e-12)
    assert float(found["trace"]) == pytest.approx(np.trace(matrix), rel=1e-12)
    assert float(found["trace_error"]) == 0


def test_an_eigenvalue_not_known_well_enough_is_told(monkeypatch):
    monkeypatch.setattr(module.eigenpairs, "PRODUCTS", 6)
    found = curvature(bowl(Turned(KNOWN)), count=5, lowest=True, probes=0)
    share = np.abs(found["residual"] / found["eigenvalues"]).values
    np.testing.assert_array_equal(found["settled"], share <= 0.05)
    assert not found["settled"].all()
    assert not found["lowest_settled"]


def test_vectors_that_take_too_much_in_64_bits_are_of_the_networks_own(monkeypatch):
    net = bowl(Turned(KNOWN), np.zeros(len(KNOWN), np.float32))
    wide = curvature(net, count=0, probes=Probes(4, order=20))
    monkeypatch.setattr(module.eigenpairs, "MEMORY", 4 * 20 * len(KNOWN))
    narrow = curvature(net, count=0, probes=Probes(4, order=20))
    assert float(narrow["trace"]) == pytest.approx(float(wide["trace"]), rel=1e-4)  # sums of 2000 numbers in 32 bits
    # 20 steps from one vector carry rounding of 32 bits on, as far as it shows in a density of height 1.
    np.testing.assert_allclose(narrow["density"], wide["density"], atol=0.02)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_one_eigenvalue_many_times_is_a_density_all_the_same(value):
    found = curvature(bowl(Turned(np.full(2000, value))), count=2, probes=20)
    np.testing.assert_allclose(found["eigenvalues"], [value, value], atol=1e-12)  # rounding
    assert abs(float(found["trace"]) - 2000 * value) <= 4 * float(found["trace_error"])  # 4 standard errors
    plain = curvature(bowl(Turned(np.full(2000, value))), count=0, probes=2)
    assert float(plain["trace"]) == pytest.approx(2000 * value)
    assert np.trapezoid(found["density"], found["value"]) == pytest.approx(1, abs=1e-8)
    assert float(found["density"].idxmax("value")) == pytest.approx(value, abs=0.01)


def net_of(dtype):
    """A network of 25 numbers, and its loss as a function of them."""
    rng = np.random.default_rng(2)
    inputs, targets = rng.standard_normal((12, 3)).astype(dtype), rng.standard_normal((12, 1)).astype(dtype)
    params = {
        "a": rng.standard_normal((3, 5)).astype(dtype),
        "b": np.zeros(5, dtype),
        "c": rng.standard_normal((5, 1)).astype(dtype),
    }

    def loss(p, inputs, targets):
        return jnp.mean((jnp.tanh(inputs @ p["a"] + p["b"]) @ p["c"] - targets) ** 2)

    with computing(64):
        wide = jax.tree.map(lambda v: jnp.asarray(v, jnp.float64), params)
        flat, unflatten = jax.flatten_util.ravel_pytree(wide)
        of_flat = jax.hessian(lambda v: loss(unflatten(v), jnp.asarray(inputs, jnp.float64), targets))
        hessian = jax.jit(of_flat)(flat)
    return wrap(params, loss, (inputs, targets)), np.asarray(hessian)


@pytest.mark.parametrize(("dtype", "allowed"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_a_small_network_has_the_spectrum_of_its_hessian(dtype, allowed):
    net, hessian = net_of(dtype)
    found, truth = curvature(net, count=25, lowest=True), np.linalg.eigvalsh(hessian)[::-1]
    # Rounding of sums over 12 rows and 25 parameters, of a Hessian whose largest eigenvalue is about 10.
    np.testing.assert_allclose(found["eigenvalues"], truth, atol=10 * allowed)
    assert float(found["lowest"]) == found["eigenvalues"][-1]
    assert truth[-1] < -0.01
    assert float(found["trace"]) == pytest.approx(np.trace(hessian), abs=100 * allowed)
    assert float(found["trace_error"]) == 0
    assert not found["density_error"].any()
    assert (found.attrs["method"], found.attrs["probes"], found.attrs["precision"]) == (
        "whole Hessian",
        0,
        8 * dtype().itemsize,
    )
    assert np.trapezoid(found["density"], found["value"]) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize(("dtype", "allowed"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_searching_gives_what_the_whole_hessian_gives(dtype, allowed, monkeypatch):
    net, _ = net_of(dtype)
    whole = curvature(net, count=3, lowest=True)
    monkeypatch.setattr(module.eigenpairs, "WHOLE", 0)
    found = curvature(net, count=3, lowest=True, probes=40, tol=1e-8)
    np.testing.assert_allclose(found["eigenvalues"], whole["eigenvalues"], atol=10 * allowed)
    assert float(found["lowest"]) == pytest.approx(float(whole["lowest"]), abs=10 * allowed)
    assert abs(float(found["trace"] - whole["trace"])) < 4 * float(found["trace_error"])  # 4 standard errors


@pytest.fixture(scope="module")
def run():
    objective = tw.objective(tw.problems.himmelblau())
    return wrap(objective), tw.descend(objective, optax.sgd(0.01), starts=[0.5, 0.5], steps=30)


def test_curvature_along_a_run_is_that_of_its_points(run):
    net, runs = run
    found = curvature(net, runs.isel(step=[0, 10, 20, 30]), count=2, lowest=True)
    np.testing.assert_array_equal(found["step"], [0, 10, 20, 30])
    assert found["eigenvalues"].dims == ("step", "mode")
    assert found["density"].dims == ("step", "value")
    for step in found["step"].values:
        alone = curvature(net, runs["params"].values[0, step], count=2, lowest=True)
        np.testing.assert_array_equal(found["eigenvalues"].sel(step=step), alone["eigenvalues"])
        assert found["loss"].sel(step=step) == alone["loss"] == pytest.approx(float(runs["train_loss"][0, step]))
        assert np.trapezoid(found["density"].sel(step=step), found["value"]) == pytest.approx(1, abs=1e-8)
    # It starts where the surface bends down and ends in a minimum.
    assert found["lowest"][0] < 0 < found["lowest"][-1]


def test_every_step_is_taken_that_is_given(run):
    net, runs = run
    assert curvature(net, runs, count=1).sizes["step"] == 31
    assert curvature(net, runs, count=1, probes=0).attrs["products"] == 62


def test_a_recording_does_as_a_run_does(run):
    net, runs = run
    params = runs["params"].values[0]
    recorder = Recorder(lambda point: point, net.leaves, every=10)
    for point in params[:-1]:
        recorder.step(model=point)
    found = curvature(net, recorder.finish(params[-1]), count=2)
    assert found.identical(curvature(net, runs.isel(step=[0, 10, 20, 30]), count=2))


def said(act):
    with pytest.raises(InvalidValue) as caught:
        act()
    return str(caught.value)


def test_bad_input_is_said_in_one_line(run, monkeypatch):
    net, _ = run
    assert said(lambda: curvature(net, count=3)) == (
        "count = 3 is not allowed; give a whole number of at least 0 and at most 2"
    )
    assert said(lambda: curvature(net, count=1, probes=-1)).startswith("probes = -1 is not allowed")
    assert said(lambda: curvature(net, count=1, tol=0)).startswith("tol = 0 is not allowed")
    assert said(lambda: curvature(net, count=0, probes=0)) == (
        "count = 0 and probes = 0 ask for nothing; give one of them above 0"
    )
    assert said(lambda: Probes(order=0)).startswith("order = 0 is not allowed")
    assert said(lambda: Probes(seed=-1)).startswith("seed = -1 is not allowed")
    assert said(lambda: curvature(net, [1.0, 2.0, 3.0], count=1)).startswith(
        "a point of shape (3,) is none of this network"
    )
    wide = bowl(np.eye(2000))
    monkeypatch.setattr(module.eigenpairs, "MEMORY", 8e5)
    assert said(lambda: curvature(wide, count=1)) == (
        "the density of 2000 parameters takes 0.00128 GB, more than the 0.0008 GB allowed; give Probes(order=50), "
        "order=1 for the trace alone, or probes=0 for eigenvalues alone"
    )
    assert "density" in curvature(wide, count=0, probes=Probes(1, order=50))


def test_a_hessian_that_is_not_finite_is_said_with_its_step(run):
    net, runs = run
    wild = runs.copy(deep=True)
    wild["params"][0, 10] = 1e200
    assert said(lambda: curvature(net, wild.isel(step=[0, 10]), count=1)) == (
        "the Hessian at step 10 is not finite; give a point where loss and gradient are"
    )
    assert said(lambda: curvature(net, [1e200, 0.0], count=1)) == (
        "the Hessian is not finite; give a point where loss and gradient are"
    )
