"""What a module gathers in training belongs to its points: losses there are those of the model that was."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.torch.recorder import recorder
from thalweg.frameworks.torch.state import batch_norms, flatten_all, gathered, state_leaves
from thalweg.networks.batching import batches
from thalweg.networks.curvatures import curvature
from thalweg.networks.directions import filter_normalised, gaussian, given, hessian, principal
from thalweg.networks.interpolation import interpolate
from thalweg.networks.projection import project
from thalweg.networks.slices import slice
from thalweg.networks.wrapping import wrap

MSE = nn.MSELoss()
torch_data = np.random.default_rng(5).standard_normal((2, 40, 6))
X = torch.tensor(torch_data[0] * 2 + 1)
Y = torch.sin(X[:, :1]) + torch.tensor(0.1 * torch_data[1, :, :1])


def made(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1)).double()


def trained(seed, steps=60):
    model = made(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    training = recorder(model)
    for step in range(steps):
        rows = slice_of(step)
        loss = MSE(model(X[rows]), Y[rows])
        optimizer.zero_grad()
        loss.backward()
        training.step(loss)
        optimizer.step()
    return model, training.finish()


def slice_of(step):
    return [(k + 7 * step) % 40 for k in range(20)]


def own_loss(model):
    twin = copy.deepcopy(model).eval()
    return MSE(twin(X), Y).item()


@pytest.fixture(scope="module")
def two():
    return trained(1), trained(2)


def test_a_checkpoints_loss_is_its_own(two):
    (first, _), (second, recording) = two
    net = wrap(first, MSE, (X, Y))
    line = interpolate(net, None, flatten_all(second), points=5)
    # 64 bits: the same operations on the same numbers
    np.testing.assert_allclose(line.attrs["loss_at_ends"], [own_loss(first), own_loss(second)], rtol=1e-12)
    assert net.value(recording["params"].values[-1]) == pytest.approx(own_loss(second), rel=1e-12)
    stale = wrap(first, MSE, (X, Y), statistics="gathered")
    # this is what it would be with the other model's statistics
    mixed = copy.deepcopy(second)
    for mine, theirs in zip(batch_norms(mixed), batch_norms(first), strict=True):
        mine.running_mean, mine.running_var = theirs.running_mean, theirs.running_var
    assert stale.value(flatten_all(second)) == pytest.approx(own_loss(mixed), rel=1e-12)
    assert own_loss(mixed) > 2 * own_loss(second)
    assert (net.facts["statistics"], stale.facts["statistics"]) == ("recorded", "gathered")


def test_between_checkpoints_statistics_go_along(two):
    (first, _), (second, _) = two
    net = wrap(first, MSE, (X, Y))
    middle = copy.deepcopy(first)
    state, other = middle.state_dict(), second.state_dict()
    middle.load_state_dict({k: (v + other[k]) / 2 if v.is_floating_point() else v for k, v in state.items()})
    line = interpolate(net, None, flatten_all(second), points=3)
    assert line["loss"].values[1] == pytest.approx(own_loss(middle), rel=1e-10)  # the middle is rounded once more
    parameters = np.linalg.norm((flatten_all(second) - flatten_all(first))[: net.trained])
    assert line.attrs["straight"] == pytest.approx(parameters)


def test_a_projected_runs_losses_are_its_own(two):
    (_, _), (model, recording) = two
    net = wrap(model, MSE, (X, Y))
    plane = principal(net, recording)
    path = project(net, plane, recording)
    for row in (0, 30, 60):
        then = copy.deepcopy(model)
        values = recording["params"].values[row]
        with torch.no_grad():
            for leaf, span in zip(net.leaves, net.spans, strict=True):
                then.state_dict(keep_vars=True)[leaf.name].copy_(torch.tensor(values[span].reshape(leaf.shape)))
        at = int(np.flatnonzero(path["step"].values == row)[0])
        assert path["true_loss"].values[at] == pytest.approx(own_loss(then), rel=1e-12)
    assert path.attrs["verdict"].endswith("Normalisation layers use what they had gathered at each step.")
    # distances and shares are of parameters alone
    rows = recording["params"].values[:, : net.trained]
    away = rows - rows[-1]
    singular, vectors = np.linalg.svd(away, full_matrices=False)[1:]
    np.testing.assert_allclose(np.abs(plane.directions[:, : net.trained] @ vectors[:2].T), np.eye(2), atol=1e-9)
    assert path.attrs["share"] == pytest.approx(np.sum(singular[:2] ** 2) / np.sum(singular**2))
    # statistics along a direction are the same mixture of the run's as its parameters are
    moved = recording["params"].values[:, net.trained :] - recording["params"].values[-1, net.trained :]
    for direction in plane.directions:
        mix = away @ direction[: net.trained]
        np.testing.assert_allclose(direction[net.trained :], mix @ moved / (mix @ mix), atol=1e-12)


def test_directions_and_curvature_are_of_parameters(two):
    (model, recording), _ = two
    net, plain = (wrap(model, MSE, (X, Y), statistics=kind) for kind in ("recorded", "gathered"))
    assert net.trained == plain.position.size == net.facts["parameters"]
    for make in (gaussian, filter_normalised, hessian):
        ours, theirs = make(net), make(plain)
        np.testing.assert_allclose(ours.directions[:, : net.trained], theirs.directions, rtol=1e-8, atol=1e-12)
        assert not ours.directions[:, net.trained :].any()
        surfaces = [slice(*pair, span=0.1, points=3) for pair in ((net, ours), (plain, theirs))]
        np.testing.assert_allclose(surfaces[0]["loss"], surfaces[1]["loss"], rtol=1e-8)
        np.testing.assert_allclose(surfaces[0].attrs["norms"], surfaces[1].attrs["norms"], rtol=1e-8)
    found = [curvature(one, count=2, probes=2) for one in (net, plain)]
    np.testing.assert_allclose(found[0]["eigenvalues"], found[1]["eigenvalues"], rtol=1e-8)
    np.testing.assert_allclose(found[0]["trace"], found[1]["trace"], rtol=1e-8)
    np.testing.assert_array_equal(
        given(net, np.ones(net.trained)).directions[0], np.repeat([1.0, 0.0], [net.trained, 32])
    )
    # recordings have the statistics, which this network holds where they are
    assert plain.value(recording["params"].values[-1]) == net.value(recording["params"].values[-1])
    np.testing.assert_allclose(
        principal(plain, recording).directions, principal(net, recording).directions[:, : net.trained], atol=1e-9
    )


def test_estimated_statistics_are_those_of_the_data_at_each_point(two):
    (model, _), (second, _) = two
    parts = [(X[:20], Y[:20]), (X[20:], Y[20:])]
    net = wrap(model, MSE, batches(parts), statistics="estimated")
    assert net.facts["statistics"] == "estimated"
    twin = copy.deepcopy(second).eval()
    update_bn([X[:20], X[20:]], twin)
    assert net.value(flatten_all(second)) == pytest.approx(MSE(twin.eval()(X), Y).item(), rel=1e-10)
    plane = gaussian(net, seed=1)
    surface = slice(net, plane, span=0.1, points=3)["loss"].values
    for (j, i), loss in np.ndenumerate(surface):
        point = plane.points(0.1 * np.array([[i - 1.0, j - 1.0]]))[0]
        assert loss == pytest.approx(net.value(point), rel=1e-12)  # the point is rounded in another order
    before = gathered(model)["1.running_mean"].clone()
    assert torch.equal(gathered(model)["1.running_mean"], before)
    for refused in (net.gradient, net.hessian_product()):
        with pytest.raises(InvalidValue, match="statistics that are estimated at each point are not differentiated"):
            refused(np.zeros(net.position.size))


def test_statistics_of_the_batch_leave_dropout_alone():
    model = nn.Sequential(made(3), nn.Dropout(0.5)).double()
    net = wrap(model, MSE, (X, Y), statistics="batch")
    twin = copy.deepcopy(model).eval()
    for layer in batch_norms(twin):
        layer.train()
    assert net.value() == MSE(twin(X), Y).item()
    assert net.facts["statistics"] == "of the batch"


def test_what_a_point_lacks_is_said(two):
    (model, _), _ = two
    net = wrap(model, MSE, (X, Y))
    with pytest.raises(InvalidValue) as caught:
        net.value(np.zeros(net.trained))
    assert str(caught.value) == (
        f"a point of shape ({net.trained},) is none of this network; give a flat vector of {net.position.size} numbers, "
        f"{net.trained} parameters and behind them 32 statistics that the model gathered, on which its loss depends, or "
        "wrap it with statistics='gathered'"
    )


def test_state_is_what_a_checkpoint_has():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3, track_running_stats=False))
    model.register_buffer("fleeting", torch.ones(2), persistent=False)
    model.register_buffer("whole", torch.ones(2, dtype=torch.int64))
    assert [leaf.name for leaf in state_leaves(model)] == ["1.running_mean", "1.running_var"]
    assert len(batch_norms(model)) == 2
