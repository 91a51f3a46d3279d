"""Models of few bits: moved in 32 bits, rounded as PyTorch rounds, and told how far the loss is spread by it."""

import numpy as np
import pytest
import torch
from torch import nn

import thalweg as tw
from tests.frameworks.torch.independent import agrees
from tests.frameworks.torch.modules import ready
from thalweg.networks.wrapping import wrap

MSE = nn.MSELoss()
SOURCE = torch.Generator().manual_seed(2)
X, Y = (torch.randn(9, n, generator=SOURCE) for n in (6, 3))

# the same operations in the same order, but sums of slices' coordinates: a few units of 32 bits
TOL = 1e-6


def step(model, batch):
    """Compute the loss in 32 bits, as trainers do."""
    return MSE(model(batch[0]).float(), batch[1])


class Net(nn.Module):
    def __init__(self, inner=torch.float32, norm=None, auto=None):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.first, self.norm, self.last = nn.Linear(6, 40), nn.LayerNorm(40), nn.Linear(40, 3)
            nn.init.normal_(self.norm.bias)
        self.to(inner)
        self.norm.to(norm or inner)
        self.auto = auto

    def forward(self, x):
        if self.auto is None:
            return self.compute(x.to(self.first.weight.dtype))
        with torch.autocast("cpu", dtype=self.auto):
            return self.compute(x)

    def compute(self, x):
        h = self.first(x)
        return self.last(torch.tanh(self.norm(h.to(self.norm.weight.dtype)).to(h.dtype)))


MODELS = {
    "bfloat16": (lambda: Net(torch.bfloat16), 16, "bfloat16"),
    "float16": (lambda: Net(torch.float16), 16, "float16"),
    "mixed": (lambda: Net(torch.bfloat16, torch.float32), 16, "bfloat16, float32"),
    "autocast": (lambda: Net(auto=torch.bfloat16), 16, "bfloat16, float32"),
    "float64 norm": (lambda: Net(torch.float32, torch.float64), 32, "float32, float64"),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_few_bits_are_those_of_pytorch_at_every_point(name):
    make, bits, types = MODELS[name]
    net = agrees(make, step, (X, Y), tol=TOL)
    assert (net.facts["precision"], net.facts["types"]) == (bits, types)
    # one unit of 32 bits here and there may leave the loss to the bit
    assert net.facts["rounding"] > 0 or bits == 32
    assert net.dtype == (np.float64 if "64" in types else np.float32)
    plane = tw.networks.directions.filter_normalised(net, seed=1)
    surface = tw.networks.slice(net, plane, points=3)
    assert surface.attrs["rounding"] == net.facts["rounding"]
    assert surface.attrs["loss_at_origin"] == float(surface["loss"][1, 1]) == step(make(), (X, Y)).item()


def test_autocast_in_the_step():
    def casting(model, batch):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return MSE(model(batch[0]), batch[1])

    net = agrees(Net, casting, (X, Y), tol=TOL)
    assert (net.facts["precision"], net.facts["types"]) == (16, "bfloat16, float32")


def test_losses_may_be_of_few_bits_themselves():
    def coarse(model, batch):
        return MSE(model(batch[0]), batch[1].bfloat16())

    net = agrees(lambda: Net(torch.bfloat16), coarse, (X, Y), tol=TOL)
    assert net.gradient()[1].dtype == np.float32


def test_numbers_of_numpy_get_the_models_type():
    model = nn.Linear(6, 3).bfloat16()
    net = wrap(model, MSE, (X.double().numpy(), Y.numpy()))
    assert net.value() == MSE(model(X.bfloat16()), Y.bfloat16()).item()


def test_ties_are_rounded_to_even_as_pytorch_does():
    net = wrap(nn.Linear(1, 1, bias=False).bfloat16(), lambda model, batch: model.weight.float().sum(), X)
    unit = 2.0**-7  # in the last place of bfloat16, above 1
    points = 1 + unit * np.array([0.49, 0.5, 0.51, 1.5, 2.5, -0.25, -0.74])
    # below 1 the unit is half as large
    wanted = 1 + unit * np.array([0, 0, 1, 2, 2, 0, -0.5])
    assert [net.value([point]) for point in points] == wanted.tolist()


def test_without_few_bits_nothing_is_said_of_rounding():
    model, x, y = ready("mlp", torch.float32)
    facts = wrap(model, MSE, (x, y)).facts
    assert "rounding" not in facts
    assert "types" not in facts
    assert facts["precision"] == 32


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_the_spread_is_that_of_independent_errors_of_rounding(kind):
    class Exact(nn.Module):
        """Only the parameters are rounded: what is computed of them has 32 bits."""

        def __init__(self):
            super().__init__()
            source = torch.Generator().manual_seed(7)
            self.weight = nn.Parameter(torch.randn(400, generator=source).to(kind))

        def forward(self, x):
            return (x @ self.weight.double()).tanh().mean()

    model, x = Exact(), torch.randn(5, 400, generator=SOURCE).double() / 40
    net = wrap(model, lambda model, batch: model(batch), x)
    slope = torch.autograd.grad(model(x), model.weight)[0].double()
    weight = model.weight.detach().double()
    unit = torch.finfo(kind).eps * 2 ** weight.abs().log2().floor()
    # a number rounded to a grid of that unit is off by anything within half of it
    wanted = ((slope * unit).square().sum() / 12).sqrt().item()
    # of eight draws a deviation is known to a quarter: twice that
    assert net.facts["rounding"] == pytest.approx(wanted, rel=0.5)
    # and neighbours on a slice differ by as much
    steps = torch.rand(200, 400, generator=SOURCE).double() - 0.5
    points = (weight + 9 * unit * steps).float()
    exact = (points.double() @ x.T).tanh().mean(1).numpy()
    errors = np.array([net.value(point) for point in points.numpy()]) - exact
    assert np.std(errors) == pytest.approx(wanted, rel=0.2)  # 200 points tell it to 5 %; the unit changes on the way


def test_losses_that_are_not_additive_are_refused_in_few_bits_too():
    def rooted(model, batch):
        return step(model, batch).sqrt()

    with pytest.raises(tw.ThalwegError, match="not additive over rows"):
        wrap(Net(torch.float16), rooted, (X * torch.arange(9)[:, None], Y), rows=4)
    net = wrap(Net(torch.bfloat16), step, (X, Y), rows=4)
    # 32 bits: sums in another order
    assert net.value() == pytest.approx(step(Net(torch.bfloat16), (X, Y)).item(), rel=1e-5)


def test_curvature_in_few_bits_is_that_of_finer_ones_to_their_rounding():
    few, many = (wrap(make(), step, (X, Y)) for make in (lambda: Net(torch.bfloat16, torch.float32), Net))
    bend = tw.networks.curvature(few, count=1, probes=0)
    wanted = tw.networks.curvature(many, count=1, probes=0)
    # eight bits
    assert float(bend["eigenvalues"][0]) == pytest.approx(float(wanted["eigenvalues"][0]), rel=0.05)
