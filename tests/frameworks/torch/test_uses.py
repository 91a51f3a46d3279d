"""What a module's operations do with its parameters, and slices of modules that do more with them than shows."""

import numpy as np
import pytest
import torch

from tests.frameworks.torch.adversaries import ADVERSARIES
from tests.frameworks.torch.modules import MODULES, ready
from thalweg.frameworks.torch.first_layer import find
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

MSE = torch.nn.MSELoss()
MODULES = {**MODULES, **ADVERSARIES}


def network(name, rows=11):
    model, x, y = ready(MODULES[name], rows=rows)
    return wrap(model, MSE, (x, y))


def seen(net):
    evaluator = net.portions[0].evaluator
    return find(evaluator.replica, evaluator.batch)


def found(name):
    net = network(name)
    first, uses = seen(net)
    unmoved = np.ones(net.position.size, bool)
    for span in first.spans:
        unmoved[span] = False
    kept = {leaf.name for leaf, span in zip(net.leaves, net.spans, strict=True) if unmoved[span].all()}
    return set(first.inputs), kept, uses


@pytest.mark.parametrize("rows", [11, 16])
@pytest.mark.parametrize("name", MODULES)
def test_the_quick_way_is_the_plain_one_at_many_points(name, rows):
    net, rng = network(name, rows), np.random.default_rng(5)
    for scale in (0.3, 1.0):
        directions = scale * rng.standard_normal((2, net.position.size))
        directions[:, net.trained :] *= 0.02  # so that variances stay positive
        plane = Plane(net.position, directions, ("a", "b"), ("", ""))
        points = rng.normal(size=(60, 2))
        quick, plain = (net.values(plane, points, plain=plain) for plain in (False, True))
        # 64 bits: a few sums of at most some dozen products each, in another order
        np.testing.assert_allclose(quick, plain, rtol=1e-12)
        assert len(np.unique(plain)) > len(plain) // 2


@pytest.mark.parametrize(
    ("name", "layers", "unmoved"),
    [
        ("mlp", {"0"}, {"0.weight", "0.bias"}),
        ("MaxNorm", {"first"}, {"first.bias"}),
        ("Decayed", {"first"}, {"first.bias"}),
        ("Hooked", {"first"}, {"first.bias"}),
        ("Summed", {"first"}, set()),
        ("Detached", {"first"}, {"first.bias"}),
        ("Tied", {"code"}, {"code.bias"}),
        ("Renormed", set(), set()),
        ("Decided", set(), set()),
        ("Counted", set(), set()),
        ("Escaped", set(), set()),
        ("Worked", set(), set()),
    ],
)
def test_parameters_stay_where_they_are_if_only_first_layers_read_them(name, layers, unmoved):
    assert found(name)[:2] == (layers, unmoved)


def test_what_reads_and_writes_parameters_is_told():
    uses = found("Renormed")[2]
    assert uses.written == {0}
    assert uses.readers[:2] == ({None, "first"}, {"first"})
    assert not uses.decides
    assert not uses.differentiates


@pytest.mark.parametrize(("name", "decides"), [("Gated", True), ("Counted", True), ("Escaped", True), ("mlp", False)])
def test_numbers_that_leave_tensors_are_seen(name, decides):
    assert found(name)[2].decides is decides


def test_a_decision_by_the_data_alone_is_none():
    class Scaled(torch.nn.Linear):
        def forward(self, input):
            return super().forward(input / 2 if input.abs().max().item() > 1 else input)

    model, x, y = ready(lambda: torch.nn.Sequential(torch.nn.Linear(6, 4), Scaled(4, 3)))
    inner, outer = torch.nn.Sequential(Scaled(6, 4), torch.nn.Linear(4, 3)).double(), model
    decides = []
    for made in (inner, outer):
        decides.append(seen(wrap(made, MSE, (x, y)))[1].decides)
    assert decides == [False, True]


class Backward(torch.nn.Module):
    """Gives the slope of a network by its input, as autograd finds it."""

    def __init__(self):
        super().__init__()
        self.first, self.last = torch.nn.Linear(6, 5), torch.nn.Linear(5, 1)

    def out(self, x):
        return self.last(torch.tanh(self.first(x))).sum()

    def forward(self, x):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(self.out(x), x, create_graph=True)[0][:, :3]


class Transformed(Backward):
    """Gives it by a transformed function."""

    def forward(self, x):
        return torch.vmap(torch.func.grad(self.out))(x)[:, :3]


@pytest.mark.parametrize("made", [Backward, Transformed])
def test_differentiation_inside_a_model_is_seen_and_its_slices_are_taken(made):
    model, x, y = ready(made)
    net = wrap(model, MSE, (x, y))
    plane = Plane(net.position, np.random.default_rng(2).normal(size=(2, net.position.size)), ("a", "b"), ("", ""))
    points = np.random.default_rng(3).normal(size=(5, 2))
    wanted = [net.value(point) for point in plane.points(points)]
    for plain in (False, True):
        np.testing.assert_allclose(net.values(plane, points, plain=plain), wanted, rtol=1e-12)  # 64 bits, as above
    assert seen(net)[1].differentiates
