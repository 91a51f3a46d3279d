"""Recorded losses that belong to another row: found where they do, and nowhere else."""

import numpy as np
import pytest
import torch

import thalweg as tw
from tests.geometry.networks import bowl, steps
from thalweg.networks import directions, project
from thalweg.networks.shifting import shift_of

NET = bowl(np.diag([1.0, 3.0]))
POINTS = np.array([[5.0, 4.0]]) * 0.8 ** np.arange(40)[:, None]
TRUE = np.array([NET.value(point) for point in POINTS])


def shifted(losses, points=POINTS, **options):
    return shift_of(NET, steps(points, losses, **options), {})


@pytest.mark.parametrize("late", [0, 1, -1])
def test_losses_of_a_neighbouring_row_are_found(late):
    assert shifted(np.roll(TRUE, late)) == late


def test_losses_that_are_near_no_row_are_left_alone():
    noisy = TRUE * np.random.default_rng(0).uniform(0.3, 2, len(TRUE))
    assert shifted(noisy) == 0
    assert shifted(TRUE + 100) == 0
    assert shifted(np.full(len(TRUE), np.nan)) == 0


def test_a_run_that_stands_still_tells_nothing():
    still = np.tile(POINTS[:1], (20, 1))
    assert shifted(np.full(20, NET.value(still[0])), still) == 0
    assert shifted(np.full(20, 1.0), still) == 0


def test_rows_that_are_steps_apart_tell_nothing():
    apart = steps(POINTS, np.roll(TRUE, 1)).assign_coords(step=3 * np.arange(40))
    assert shift_of(NET, apart, {}) == 0
    assert shifted(TRUE[:3], POINTS[:3]) == 0


def test_losses_that_are_known_are_not_evaluated_again():
    wrong = dict(enumerate(np.roll(TRUE, 1)))
    assert shift_of(NET, steps(POINTS, TRUE), wrong) == -1


def trained(after):
    torch.manual_seed(0)
    model, loss_of = torch.nn.Linear(3, 1), torch.nn.MSELoss()
    x, y = torch.randn(16, 3), torch.randn(16, 1)
    optimizer, recorder = torch.optim.SGD(model.parameters(), lr=0.05), tw.networks.record(model)
    for _ in range(20):
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if after:
            optimizer.step()
        recorder.step(loss)
        if not after:
            optimizer.step()
    network, recording = tw.networks.wrap(model, loss_of, (x, y)), recorder.finish()
    return project(network, directions.principal(network, recording), recording)


def test_a_loss_recorded_after_the_update_is_told():
    path = trained(after=True)
    # Each recorded loss is the true one a row before, to rounding in 32 bits.
    np.testing.assert_allclose(path["run_loss"][1:-1], path["true_loss"][:-2], rtol=1e-5)
    assert (path.attrs["recorded_shift"], path.attrs["trust"]) == (1, "fair")
    assert path.attrs["verdict"].startswith("The surface under the path is right, the recorded losses are not. ")
    assert (
        "each is that of the row before, as where a recorder's step() is called after the update; call it before."
        in (path.attrs["verdict"])
    )


def test_a_loss_recorded_before_the_update_is_trusted():
    path = trained(after=False)
    assert (path.attrs["recorded_shift"], path.attrs["trust"]) == (0, "good")
    assert "recorded losses" not in path.attrs["verdict"]
