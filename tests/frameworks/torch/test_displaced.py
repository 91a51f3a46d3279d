"""Large modules on a slice, whose parameters are displaced where they are read; here every module counts as large."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.frameworks.torch.adversaries import ADVERSARIES
from tests.frameworks.torch.modules import MODULES, ready
from thalweg.frameworks.torch import displaced
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

MSE = nn.MSELoss()
OTHERWISE = {"Gated", "Renormed", "Decided", "Counted", "Escaped"}
"""Those that write to their parameters, or decide by them what to compute."""


class Text(nn.Module):
    """Reads parameters of its parts past their layers, parts of parameters, and results that are parameters still."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(7, 4), nn.Parameter(torch.randn(9, 4))
        self.look, self.along = nn.MultiheadAttention(4, 2, batch_first=True), nn.LSTM(4, 4)
        self.scale = nn.Parameter(torch.randn(1, 4))

    def forward(self, ids):
        x = self.words(ids) + self.places[2 : 2 + ids.shape[1]]
        x = x + self.look(x, x, x, need_weights=False)[0]
        x = self.along(x)[0] * self.scale.contiguous().expand(ids.shape[1], 4)
        return x @ self.words.weight.T + torch.cat([self.scale, self.places[:1]], 1).sum()


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch):
    monkeypatch.setattr(displaced, "LARGE", 0)


def plane_of(net, seed=0):
    directions = 0.4 * np.random.default_rng(seed).standard_normal((2, net.position.size))
    directions[:, net.trained :] *= 0.02  # so that variances stay positive
    return Plane(net.position, directions.astype(net.dtype), ("a", "b"), ("", ""))


def lends(net):
    return net.portions[0].evaluator.replica.lends


def points(count=6):
    return np.concatenate([np.zeros((1, 2)), np.random.default_rng(4).normal(size=(count, 2))])


@pytest.mark.parametrize(
    ("name", "mode"),
    [*((name, "evaluation") for name in (*MODULES, *ADVERSARIES)), ("normed", "training"), ("dropped", "training")],
)
def test_displacing_what_is_read_is_moving_all(name, mode):
    model, x, y = ready({**MODULES, **ADVERSARIES}[name], rows=11)
    net = wrap(model, MSE, (x, y), mode=mode)
    plane, before = plane_of(net), net.position.copy()
    found = net.values(plane, points())
    wanted = [net.value(point) for point in plane.points(points())]
    # 64 bits: the point itself is rounded in another order, a first layer's outputs summed in another
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(net.values(plane, points(), plain=True), wanted, rtol=1e-12)
    np.testing.assert_array_equal(net.values(plane, points()[::-1], chunk=2)[::-1], found)
    assert lends(net) == (name not in OTHERWISE)
    np.testing.assert_array_equal(net.position, before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_are_found_wherever_they_are_read(dtype):
    torch.manual_seed(0)
    model, ids = Text().to(dtype).eval(), torch.randint(7, (3, 5))
    net = wrap(model, nn.functional.cross_entropy, (ids, torch.randint(7, (3, 5, 7)).to(dtype).softmax(-1)))
    plane = plane_of(net)
    assert lends(net)
    # nothing is a first layer here, and numbers are displaced by the same operations: the same bits
    np.testing.assert_array_equal(net.values(plane, points()), net.values(plane, points(), plain=True))
    assert len(np.unique(net.values(plane, points()))) == len(points())


def test_the_network_keeps_its_position_whatever_becomes_of_model_and_points():
    model, x, y = ready("mlp")
    net, own = wrap(model, MSE, (x, y)), MSE(model(x), y).item()
    place = np.ones(net.position.size)
    other = net.value(place)
    place[:] = 5
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert net.value() == own
    assert net.value(np.ones(len(place))) == other
    # one number further on, where memory begins elsewhere in a cache line
    assert net.value(np.ones(len(place) + 1)[1:]) == other
    loss, gradient = net.gradient()
    assert loss == own
    assert net.values(plane_of(net), np.zeros((1, 2)), plain=True)[0] == own
    np.testing.assert_array_equal(net.gradient()[1], gradient)


def test_parts_of_the_data_are_evaluated_alike():
    model, x, y = ready("mlp")
    net, parted = wrap(model, MSE, (x, y)), wrap(model, MSE, (x, y), rows=4)
    # 64 bits: means of three parts, averaged
    np.testing.assert_allclose(parted.values(plane_of(net), points()), net.values(plane_of(net), points()), rtol=1e-13)
    assert lends(parted)
