"""Modules of PyTorch with data and losses as users have them, each against plain PyTorch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from tests.frameworks.torch.independent import agrees
from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

SOURCE = torch.Generator().manual_seed(7)
F = nn.functional


def normal(*shape):
    return torch.randn(shape, generator=SOURCE, dtype=torch.float64)


X, Y, KINDS = normal(12, 3), normal(12, 2), torch.arange(12) % 3
IMAGES, LENGTHS = normal(6, 2, 8, 8), torch.tensor([5, 2, 3, 5, 1, 4])
TOKENS = torch.randint(1, 9, (6, 5), generator=SOURCE) * (torch.arange(5) < LENGTHS[:, None])


def seeded(make, mode="evaluation"):
    def made():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            model = make().double().train(mode == "training")
        for name, buffer in model.named_buffers():
            if "running" in name:
                buffer += 0.3
        return model

    return made


def dense():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))


class Mobile(nn.Module):
    """Depthwise and pointwise convolutions with a shortcut, as in networks for phones."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6())
        self.deep = nn.Sequential(
            nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(4), nn.Hardswish()
        )
        self.point, self.last = nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        x = self.first(x)
        return self.last((x + self.point(self.deep(x))).mean((2, 3)))


class Packed(nn.Module):
    """An LSTM over rows of different length."""

    def __init__(self):
        super().__init__()
        self.embed, self.lstm = nn.Embedding(9, 3, padding_idx=0), nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.last = nn.Linear(8, 9)

    def forward(self, tokens, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.last(out)


class Encoder(nn.Module):
    """An encoder with a mask, whose layers take a quick way in evaluation."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, activation="gelu")
        self.embed, self.layers = nn.Embedding(9, 4), nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.last = nn.Linear(4, 9)

    def forward(self, tokens):
        return self.last(self.layers(self.embed(tokens), src_key_padding_mask=tokens == 0))


class Checkpointed(nn.Module):
    """Computes its inner layers again on the way back."""

    def __init__(self):
        super().__init__()
        self.inner, self.last = dense(), nn.Linear(3, 2)

    def forward(self, x):
        return self.last(checkpoint(self.inner, x, use_reentrant=False))


class Instance(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 3, 3), nn.InstanceNorm2d(3, affine=True, track_running_stats=True)
        self.group = nn.GroupNorm(1, 3)

    def forward(self, x):
        return self.group(torch.tanh(self.norm(self.conv(x)))).mean((2, 3))


def classes(model, batch):
    return F.cross_entropy(model(batch[0]), batch[1])


def next_token(model, batch):
    logits = model(batch["tokens"], batch["lengths"]) if "lengths" in batch else model(batch["tokens"])
    targets = batch["tokens"][:, 1:].masked_fill(batch["tokens"][:, 1:] == 0, -100)
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), targets, ignore_index=-100, label_smoothing=0.1)


def physics(model, batch):
    """Burgers: u_t + u u_x = ν u_xx inside, u given at the edge, which has another number of points."""
    xt = batch["inside"].clone().requires_grad_()
    u = model(torch.cat([xt, xt.prod(1, keepdim=True)], 1))[:, :1]
    (slope,) = torch.autograd.grad(u.sum(), xt, create_graph=True)
    (second,) = torch.autograd.grad(slope[:, 0].sum(), xt, create_graph=True)
    residual = slope[:, 1] + u[:, 0] * slope[:, 0] - batch["viscosity"] * second[:, 0]
    edge = batch["edge"]
    values = model(torch.cat([edge, edge.prod(1, keepdim=True)], 1))[:, 0]
    return residual.square().mean() + batch["share"] * F.mse_loss(values, batch["values"])


def learned_inside(model, batch):
    """The loss after one step of descent, as in learning to learn."""
    params = dict(model.named_parameters())
    inner = F.mse_loss(torch.func.functional_call(model, params, (batch[0][:6],)), batch[1][:6])
    slopes = torch.autograd.grad(inner, [*params.values()], create_graph=True)
    moved = {name: p - 0.1 * slope for (name, p), slope in zip(params.items(), slopes, strict=True)}
    return F.mse_loss(torch.func.functional_call(model, moved, (batch[0][6:],)), batch[1][6:])


def contrastive(model, batch):
    z = F.normalize(model(batch), dim=1)
    return F.cross_entropy(z @ z.flip(0).T / 0.5, torch.arange(len(z)))


def flat_minima(model, batch):
    """The loss and the size of its slope by the parameters, as where flat minima are looked for."""
    loss = classes(model, batch)
    slopes = torch.autograd.grad(loss, [*model.parameters()], create_graph=True)
    return loss + 0.1 * sum(slope.square().sum() for slope in slopes)


def root(model, batch):
    return F.mse_loss(model(batch[0])[:, :2], batch[1]).sqrt()


WEIGHTS = torch.tensor([1.0, 3.0, 0.5], dtype=torch.float64)


def class_weighted(model, batch):
    return F.cross_entropy(model(batch[0]), batch[1], WEIGHTS)


HEAT = {"inside": normal(9, 2), "edge": normal(4, 2), "values": normal(4), "viscosity": 0.1, "share": torch.tensor(2.0)}

CASES = {
    "MobileNet-like": (Mobile, classes, (IMAGES, KINDS[:6]), {}),
    "MobileNet-like in training": (Mobile, classes, (IMAGES, KINDS[:6]), {"mode": "training"}),
    "packed LSTM": (Packed, next_token, {"tokens": TOKENS, "lengths": LENGTHS}, {}),
    "encoder with a mask": (Encoder, next_token, {"tokens": TOKENS}, {}),
    "compiled": (
        lambda: torch.compile(dense(), backend="eager"),
        lambda model, batch: F.poisson_nll_loss(model(batch[0])[:, :2], batch[1].abs()),
        (X, Y),
        {},
    ),
    "checkpointed": (Checkpointed, lambda model, batch: F.huber_loss(model(batch[0]), batch[1]), (X, Y), {}),
    "instance norm": (Instance, classes, (IMAGES, KINDS[:6]), {}),
    "physics": (dense, physics, HEAT, {}),
    "a step of descent inside": (dense, learned_inside, (X, torch.cat([Y, Y[:, :1]], 1)), {}),
    "slope by the parameters": (dense, flat_minima, (X, KINDS), {}),
    "contrastive": (dense, contrastive, X, {}),
    "root mean square": (dense, root, (X, Y), {}),
    "class weights": (dense, class_weighted, (X, KINDS), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_modules_are_those_of_plain_pytorch(name):
    make, step, data, options = CASES[name]
    agrees(seeded(make, options.get("mode")), step, data, **options)


def test_a_training_step_of_lightning_is_a_step():
    lightning = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.inner = dense()

        def training_step(self, batch, number):
            x, kinds = batch
            return {"loss": F.cross_entropy(self.inner(x), kinds), "seen": number}

    agrees(
        seeded(Module),
        lambda model, batch: model.training_step(batch, 0)["loss"],
        (X, KINDS),
        loss=lambda model, batch: model.training_step(batch, 0),
    )


@pytest.mark.parametrize("combine", ["rows", "batches", "sum"])
def test_uneven_batches(combine):
    how = "sum" if combine == "sum" else "mean"

    def step(model, batch):
        return F.cross_entropy(model(batch["x"]), batch["kinds"], reduction=how)

    model = seeded(dense)()
    rows: Any = [{"x": x, "kinds": kind} for x, kind in zip(X, KINDS, strict=True)]
    loader = DataLoader(rows, batch_size=7)
    network = wrap(model, step, batches(loader, combine=combine))
    losses = F.cross_entropy(model(X), KINDS, reduction="none").detach()
    wanted = {"rows": losses.mean(), "batches": (losses[:7].mean() + losses[7:].mean()) / 2, "sum": losses.sum()}
    assert network.value() == pytest.approx(wanted[combine].item(), rel=1e-12)


def test_weighted_means_are_exact_in_parts_where_they_are_counted_and_refused_elsewhere():
    model = seeded(dense)()
    counted = wrap(
        model, lambda model, batch: (class_weighted(model, batch), WEIGHTS[batch[1]].sum()), (X, KINDS), rows=5
    )
    assert counted.value() == pytest.approx(class_weighted(model, (X, KINDS)).item(), rel=1e-12)
    for step, data in ((class_weighted, (X, KINDS)), (root, (X, Y)), (contrastive, X)):
        with pytest.raises(InvalidValue, match="not additive over rows"):
            wrap(model, step, data, rows=5)


def test_arrays_of_other_libraries_are_data():
    tf = pytest.importorskip("tensorflow")
    jnp = pytest.importorskip("jax.numpy")
    model, x, kinds = seeded(dense)(), X.numpy().astype(np.float32), KINDS.numpy()
    wanted = classes(model, (torch.tensor(x).double(), KINDS)).item()
    dataset = tf.data.Dataset.from_tensor_slices((x, kinds)).batch(5)
    # 32-bit floats of others become the model's 64
    for data in ((x, kinds), (jnp.asarray(x), kinds), dataset, [*dataset.as_numpy_iterator()]):
        assert wrap(model, classes, data).value() == pytest.approx(wanted, rel=1e-12)
    ours = TensorDataset(X, KINDS)
    with pytest.raises(InvalidValue, match="give examples, not batches; give a DataLoader of them"):
        wrap(model, classes, ours)


def test_what_a_criterion_cannot_give_twice_is_refused_in_one_line():
    model, lengths = seeded(dense)(), torch.tensor([2, 1])

    def step(model, batch):
        logits = model(batch["x"]).reshape(6, 2, 3).log_softmax(-1)
        return F.ctc_loss(logits, batch["targets"], torch.tensor([6, 6]), lengths)

    batch = {"x": X, "targets": torch.tensor([[1, 2], [2, 0]])}
    network = wrap(model, step, batch)
    model.zero_grad()
    loss = step(model, batch)
    loss.backward()
    assert network.value() == pytest.approx(loss.item(), rel=1e-12)
    slopes = [np.ravel(p.grad) for p in model.parameters() if p.grad is not None]
    np.testing.assert_allclose(network.gradient()[1], np.concatenate(slopes), rtol=1e-10)
    with pytest.raises(InvalidValue, match="the model has no second derivative") as caught:
        network.hessian_product()(np.ones(network.position.size))
    assert "\n" not in str(caught.value)


def test_a_step_that_trains_is_refused_and_gradients_are_left_alone():
    model = seeded(dense)()
    classes(model, (X, KINDS)).backward()
    before = [parameter.grad.clone() for parameter in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(model, batch):
        optimizer.zero_grad()
        loss = classes(model, batch)
        loss.backward()
        optimizer.step()
        return loss

    with pytest.raises(InvalidValue) as caught:
        wrap(model, step, (X, KINDS))
    assert str(caught.value) == (
        "the step calls backward(), as if it trained the model; give one that computes the loss alone, without "
        "backward() and the optimiser"
    )
    for parameter, slope in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter.grad, slope)
