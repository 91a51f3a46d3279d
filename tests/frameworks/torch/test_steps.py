"""Steps as users write them, on batches of every form: each against the same step in plain PyTorch."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from tests.frameworks.torch.independent import agrees
from tests.frameworks.torch.test_network import same, state
from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

SOURCE = torch.Generator().manual_seed(6)
MSE, F = nn.MSELoss(), nn.functional


def normal(*shape):
    return torch.randn(shape, generator=SOURCE, dtype=torch.float64)


X, Y, WEIGHTS = normal(40, 6), normal(40, 3), normal(40).abs()
KINDS = torch.arange(40) % 3


class Net(nn.Module):
    """Has two outputs, a scale that may be left out, and a name for what it does."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.first, self.last, self.other = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 2)
        self.double()

    def forward(self, x, scale=None, how="tanh"):
        h = getattr(torch, how)(self.first(x))
        return self.last(h if scale is None else h * scale), self.other(h)


@dataclass
class Batch:
    x: torch.Tensor
    y: torch.Tensor
    weight: torch.Tensor
    scale: float | None = None
    how: str = "sigmoid"


class Pair(NamedTuple):
    inputs: dict[str, Any]
    targets: tuple[Any, ...]


def penalty(model, batch):
    loss = MSE(model(batch[0])[0], batch[1])
    for parameter in model.parameters():
        loss = loss + 1e-2 * parameter.square().sum()
    return loss + 1e-3 * model.first.weight.abs().sum()


def weighted(model, batch):
    errors = (model(batch.x, batch.scale, batch.how)[0] - batch.y).square().mean(1)
    return (batch.weight * errors).sum() / batch.weight.sum()


def several(model, batch):
    ours, others = model(**batch.inputs)
    return {"loss": MSE(ours, batch.targets[0]) + F.cross_entropy(others, batch.targets[1]["kind"])}


def edges(model, batch):
    """Neighbours' features are summed along the edges of a graph."""
    first, second = batch["edges"]
    around = torch.zeros_like(batch["x"]).index_add(0, second, batch["x"][first])
    return MSE(model(batch["x"] + around)[0][batch["train"]], batch["y"][batch["train"]])


def points(model, batch):
    """Clouds of points of different size, one behind the other."""
    out = model(batch["points"])[0]
    pooled = torch.zeros(len(batch["sizes"]), 3, dtype=out.dtype)
    where = torch.repeat_interleave(torch.arange(len(batch["sizes"])), torch.as_tensor(batch["sizes"]))
    return F.cross_entropy(pooled.index_add(0, where, out), batch["kinds"])


def mixed(model, batch):
    x, options, name, nothing = batch
    assert nothing is None
    return (model(x, scale=options["scale"], how=name)[0] - options["shift"]).square().mean() * options["often"]


def bare(model, batch):
    return model(batch)[0].square().mean()


def gradient_penalty(model, batch):
    x = batch[0].clone().requires_grad_()
    out = model(x)[0]
    (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    return MSE(out, batch[1]) + 0.1 * (slope.norm(dim=1) - 1).square().mean()


CASES = {
    "penalty": (penalty, (X, Y)),
    "dataclass": (weighted, Batch(X, Y, WEIGHTS)),
    "several outputs": (several, Pair({"x": X, "scale": 0.5}, (Y, {"kind": KINDS % 2}))),
    "graph": (
        edges,
        {"x": X, "edges": torch.randint(0, 40, (2, 90), generator=SOURCE), "y": Y, "train": torch.arange(40) % 3 > 0},
    ),
    "points": (points, {"points": X, "sizes": [10, 25, 5], "kinds": torch.tensor([0, 2, 1])}),
    "scalars": (mixed, (X, {"scale": torch.tensor(0.5), "shift": 0.25, "often": 3}, "tanh", None)),
    "an array alone": (bare, X),
    "gradient penalty": (gradient_penalty, (X, Y)),
}


@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_plain_pytorch(name):
    step, batch = CASES[name]

    def scalar(model, batch):
        loss = step(model, batch)
        return loss["loss"] if isinstance(loss, dict) else loss

    agrees(Net, scalar, batch, loss=step)


def test_losses_of_outputs_take_targets_of_any_form():
    def loss(outputs, targets):
        return MSE(outputs[0], targets["y"]) + F.cross_entropy(outputs[1], targets["kind"])

    data = (X, {"y": Y, "kind": KINDS % 2})
    agrees(Net, lambda model, batch: loss(model(batch[0]), batch[1]), data, loss=loss)


def test_a_graph_whose_edges_are_as_many_as_its_nodes_is_not_cut():
    def step(model, batch):
        x, ends = batch
        return model(x[ends[:, 0]] - x[ends[:, 1]])[0].square().mean()

    ends = torch.stack([torch.arange(40), torch.arange(40).flip(0)], 1)
    agrees(Net, step, (X, ends))


def test_sample_weights_are_exact_in_parts_where_they_are_counted():
    whole = wrap(Net(), weighted, Batch(X, Y, WEIGHTS))
    with pytest.raises(InvalidValue, match="not additive over rows"):
        wrap(Net(), weighted, Batch(X, Y, WEIGHTS), rows=8)
    parted = wrap(
        Net(), lambda model, batch: (weighted(model, batch), batch.weight.sum()), Batch(X, Y, WEIGHTS), rows=8
    )
    assert len(parted.portions) == 5
    # 64 bits: a mean of means
    assert parted.value() == pytest.approx(whole.value(), rel=1e-12)
    assert parted.gradient()[1] == pytest.approx(whole.gradient()[1], rel=1e-9, abs=1e-12)


def test_loaders_of_arrays_alone():
    net = wrap(Net(), bare, DataLoader(X, batch_size=15))
    assert len(net.portions) == 3
    assert net.value() == pytest.approx(bare(Net(), X).item(), rel=1e-12)
    # a tuple of one stays a tuple of one
    assert wrap(Net(), lambda model, batch: bare(model, batch[0]), (X,)).value() == bare(Net(), X).item()
    assert wrap(Net(), bare, batches(X, rows=20)).value() == pytest.approx(bare(Net(), X).item(), rel=1e-12)


@pytest.mark.parametrize("reads", ["all", "norm", "compiled"])
def test_a_step_that_closes_over_the_users_own_model_is_refused(reads):
    mine = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)).double()
    called = torch.compile(mine, backend="eager") if reads == "compiled" else mine

    def step(model, batch):
        if reads == "norm":
            return MSE(model(batch[0]), batch[1]) + mine[0].weight.norm()
        return MSE(called(batch[0]), batch[1])

    before = state(mine.eval())
    with pytest.raises(InvalidValue) as caught:
        wrap(mine, step, (X, Y))
    assert str(caught.value) == (
        "the loss reads '0.weight' of the model itself, which stays where it is on a slice; let the model return what "
        "the loss needs, or let the step take it from the model that it is given"
    )
    assert same(before, state(mine))
