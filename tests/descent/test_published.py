"""The published run, step by step."""

import csv
from pathlib import Path

import numpy as np
import optax
import pytest

import thalweg as tw

REFERENCE = Path(__file__).parents[1] / "data" / "multiple-valleys.csv"


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))


def plain_loop(dtype, steps=100):
    """Gradient descent as anyone would write it in NumPy."""
    problem = tw.problems.pencil()
    x, y = (problem.train[k].astype(dtype) for k in ("x", "y"))
    phi, trace = dtype(np.pi / 4), []
    for _ in range(steps + 1):
        r = np.tan(phi) * x - y
        root = np.sqrt(np.abs(r))
        slope = np.divide(np.sign(r), 2 * root, out=np.zeros_like(r), where=r != 0)
        gradient = np.mean(slope * x / np.cos(phi) ** 2, dtype=dtype)
        trace.append((phi, np.mean(root, dtype=dtype), abs(gradient)))
        phi = dtype(phi - dtype(0.05) * gradient)
    return np.array(trace).T


def test_every_row_of_the_reference_to_its_printed_digits_in_32_bits(objective):
    runs = tw.descend(objective, optax.sgd(0.05), starts=np.pi / 4, steps=100, precision=32)
    with REFERENCE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        at = runs.isel(run=0).sel(step=int(row["step"]))
        assert f"{float(at['params'][0]):.2f}" == row["phi"]
        assert f"{float(at['train_loss']):.5f}" == row["train_loss"]


def test_64_bits_agree_with_a_plain_numpy_loop_until_the_floor(objective):
    runs = tw.descend(objective, optax.sgd(0.05), steps=100, precision=64).isel(run=0)
    phi, loss, norm = plain_loop(np.float64)
    # The run is near a floor at step 6 and from step 94 on. There the gradient grows like distance^(-1/2), and a
    # difference of rounding, 1e-16, grows with it by up to a thousand; 1e-10 leaves room for the steps that follow.
    away = slice(0, 94)
    np.testing.assert_allclose(runs["params"].values[away, 0], phi[away], rtol=0, atol=1e-10)
    np.testing.assert_allclose(runs["train_loss"].values[away], loss[away], rtol=0, atol=1e-10)
    np.testing.assert_allclose(runs["grad_norm"].values[away], norm[away], rtol=1e-8)


def test_32_bits_agree_with_a_plain_numpy_loop_until_the_floor(objective):
    runs = tw.descend(objective, optax.sgd(0.05), steps=100, precision=32).isel(run=0)
    phi, loss, norm = plain_loop(np.float32)
    # Until the floor at step 6: 670 summands in another order and another tangent, a few roundings of 6e-8 a step.
    np.testing.assert_allclose(runs["params"].values[:7, 0], phi[:7], rtol=0, atol=5e-7)
    # On the floor the gradient changes by norm / (2 * distance) = 3200 times the angle: 3 roundings there are 3e-5 a
    # step later. From then on neighbouring runs part in proportion to the gradient, 8-fold until step 93.
    bound = 3 * 6e-8 * 3200 * 0.05 * norm[7:94] / norm[7]
    assert (np.abs(runs["params"].values[7:94, 0] - phi[7:94]) <= bound).all()
    # The loss differs by the angle's difference times the gradient, at most 0.25 here, and by its own rounding.
    np.testing.assert_allclose(runs["train_loss"].values[:94], loss[:94], rtol=0, atol=0.25 * bound.max() + 3e-7)


def test_the_fall_is_between_steps_6_and_7_from_36_to_0_degrees(objective):
    runs = tw.descend(objective, optax.sgd(0.05), steps=100, precision=32)
    valleys = tw.find_valleys(objective)
    derailments = tw.find_derailments(runs, valleys)
    names = valleys.attrs["names"]
    assert derailments["step"].values.tolist() == [6]
    assert [names[k] for k in (int(derailments["left"][0]), int(derailments["entered"][0]))] == ["36°", "0°"]


def test_the_straight_line_reaches_least_squares():
    problem = tw.problems.line()
    runs = tw.descend(tw.objective(problem, tw.losses.quadratic()), optax.sgd(0.1), steps=200)
    slope, intercept = np.polyfit(problem.train["x"], problem.train["y"], 1)
    np.testing.assert_allclose(runs["params"].values[0, -1], [slope, intercept], atol=1e-12)
