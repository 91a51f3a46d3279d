from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from tests.geometry.networks import bowl
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.geometry.leaves import Leaf
from thalweg.networks import curvatures as module
from thalweg.networks.curvatures import curvature
from thalweg.networks.wrapping import wrap
from thalweg.store.recording import Recorder

KNOWN = np.append([9.0, 4.0, 2.0, -1.5], np.linspace(-0.5, 1, 296))


@cache
def basis_of(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def symmetric(values, seed=0):
    basis = basis_of(len(values), seed)
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2


@pytest.fixture(scope="module")
def known():
    return curvature(bowl(symmetric(KNOWN)), count=3, probes=20)


def test_the_eigenvalues_of_a_known_hessian_are_found(known):
    # Rounding of 9, some tens of times; the gaps are wide.
    np.testing.assert_allclose(known["eigenvalues"], [9, 4, 2], atol=1e-12)
    assert float(known["lowest"]) == pytest.approx(-1.5, abs=1e-12)
    assert float(known["residual"].max()) < 1e-6
    assert float(known["lowest_residual"]) < 1e-6
    assert known.attrs["method"] == "Lanczos"


def test_the_trace_is_right_within_its_error(known):
    error = float(known["trace_error"])
    assert abs(float(known["trace"]) - KNOWN.sum()) < 4 * error  # 4 standard errors
    # A probe's variance is twice the squares beside the diagonal; from 20 probes it is known to 16 %.
    matrix = symmetric(KNOWN)
    theory = np.sqrt(2 * (np.sum(matrix**2) - np.sum(np.diag(matrix) ** 2)) / 20)
    assert error == pytest.approx(theory, rel=0.6)


def test_the_density_integrates_to_one_and_its_mean_to_the_trace(known):
    density, value = known["density"].values, known["value"].values
    # The tails beyond 6 widths hold a billionth.
    assert np.trapezoid(density, value) == pytest.approx(1, abs=1e-8)
    assert 300 * np.trapezoid(density * value, value) == pytest.approx(float(known["trace"]), rel=1e-6)
    assert float(known["node_weight"].sum()) == pytest.approx(1, abs=1e-12)
    assert float((known["node_weight"] * known["node_value"]).sum()) == pytest.approx(float(known["trace"]) / 300)


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
    net = bowl(symmetric(KNOWN))
    one, again, other = (curvature(net, probes=2, count=1, seed=seed) for seed in (5, 5, 6))
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


def test_few_probes_leave_nan_and_none_leave_out():
    net = bowl(symmetric(KNOWN))
    one, none = curvature(net, count=1, probes=1), curvature(net, count=1, probes=0)
    assert np.isnan(one["trace_error"])
    assert np.isnan(one["density_error"]).all()
    assert np.isfinite(one["trace"])
    assert np.isnan([float(none["trace"]), float(none["trace_error"])]).all()
    assert not {"density", "node_value"} & set(none)
    assert float(none["eigenvalues"][0]) == pytest.approx(9)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_one_eigenvalue_many_times_is_a_density_all_the_same(value):
    found = curvature(bowl(value * np.eye(200)), count=2, probes=2)
    np.testing.assert_allclose(found["eigenvalues"], [value, value], atol=1e-12)  # rounding
    assert float(found["trace"]) == pytest.approx(200 * value)
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
    found, truth = curvature(net, count=25), np.linalg.eigvalsh(hessian)[::-1]
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
    whole = curvature(net, count=3)
    monkeypatch.setattr(module.eigenpairs, "DENSE", 0)
    found = curvature(net, count=3, probes=40)
    np.testing.assert_allclose(found["eigenvalues"], whole["eigenvalues"], atol=10 * allowed)
    assert float(found["lowest"]) == pytest.approx(float(whole["lowest"]), abs=10 * allowed)
    assert abs(float(found["trace"] - whole["trace"])) < 4 * float(found["trace_error"])  # 4 standard errors


@pytest.fixture(scope="module")
def run():
    objective = tw.objective(tw.problems.himmelblau())
    return wrap(objective), tw.descend(objective, optax.sgd(0.01), starts=[0.5, 0.5], steps=30)


def test_curvature_along_a_run_is_that_of_its_points(run):
    net, runs = run
    found = curvature(net, runs, steps=4, count=2)
    np.testing.assert_array_equal(found["step"], [0, 10, 20, 30])
    assert found["eigenvalues"].dims == ("step", "mode")
    assert found["density"].dims == ("step", "value")
    for step in found["step"].values:
        alone = curvature(net, runs["params"].values[0, step], count=2)
        np.testing.assert_array_equal(found["eigenvalues"].sel(step=step), alone["eigenvalues"])
        assert found["loss"].sel(step=step) == alone["loss"] == pytest.approx(float(runs["train_loss"][0, step]))
        assert np.trapezoid(found["density"].sel(step=step), found["value"]) == pytest.approx(1, abs=1e-8)
    # It starts where the surface bends down and ends in a minimum.
    assert found["lowest"][0] < 0 < found["lowest"][-1]


def test_steps_may_be_named(run):
    net, runs = run
    np.testing.assert_array_equal(curvature(net, runs, steps=[3, 7], count=1)["step"], [3, 7])
    assert curvature(net, runs, steps=1000, count=1).sizes["step"] == 31


def test_a_recording_does_as_a_run_does(run):
    net, runs = run
    params = runs["params"].values[0]
    recorder = Recorder(lambda point: point, net.leaves, every=10)
    for point in params[:-1]:
        recorder.step(model=point)
    found = curvature(net, recorder.finish(params[-1]), count=2)
    assert found.identical(curvature(net, runs, steps=4, count=2))


def said(act):
    with pytest.raises(InvalidValue) as caught:
        act()
    return str(caught.value)


def test_bad_input_is_said_in_one_line(run, monkeypatch):
    net, runs = run
    assert said(lambda: curvature(net, count=3)) == (
        "count = 3 is not allowed; give a whole number of at least 1 and at most 2"
    )
    assert said(lambda: curvature(net, count=1, probes=-1)).startswith("probes = -1 is not allowed")
    assert said(lambda: curvature(net, count=1, seed=-1)).startswith("seed = -1 is not allowed")
    assert said(lambda: curvature(net, [1.0, 2.0, 3.0], count=1)).startswith(
        "a point of shape (3,) is none of this network"
    )
    assert said(lambda: curvature(net, runs, steps=0, count=1)).startswith("steps = 0 is not allowed")
    assert said(lambda: curvature(net, runs, steps=[3, 99], count=1)) == (
        "step 99 was not recorded; give some of the 31 recorded steps 0 to 30, or how many"
    )
    assert said(lambda: curvature(net, runs, steps=[], count=1)).startswith("no steps were given; ")
    wide = bowl(np.eye(200))
    monkeypatch.setattr(module, "MEMORY", 1e5)
    assert said(lambda: curvature(wide, count=1)) == (
        "the density of 200 parameters takes 0.000128 GB, more than the 0.0001 GB allowed; give probes = 0, for "
        "eigenvalues alone"
    )


def test_a_hessian_that_is_not_finite_is_said_with_its_step(run):
    net, runs = run
    wild = runs.copy(deep=True)
    wild["params"][0, 10] = 1e200
    assert said(lambda: curvature(net, wild, steps=[0, 10], count=1)) == (
        "the Hessian at step 10 is not finite; give a point where loss and gradient are"
    )
    assert said(lambda: curvature(net, [1e200, 0.0], count=1)) == (
        "the Hessian is not finite; give a point where loss and gradient are"
    )
