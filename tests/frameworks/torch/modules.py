"""Small modules, each with a way of its own to be wrong about what is affine in the first layer."""

import torch
from torch import nn


class Residual(nn.Module):
    """The input goes through two first layers and around both."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(x + torch.tanh(self.a(x)) * self.b(x))


class Tied(nn.Module):
    """The first layer's weights decode as well."""

    def __init__(self):
        super().__init__()
        self.code, self.back = nn.Linear(6, 6), nn.Linear(6, 6)
        self.back.weight = self.code.weight

    def forward(self, x):
        return self.back(torch.tanh(self.code(x)))[:, :3]


class Functional(nn.Module):
    """The first layer's weights are read past the layer."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        h = torch.tanh(self.first(x)) + 0.1 * nn.functional.linear(x**2, self.first.weight)
        return self.last(h)


class Swallowing(nn.Module):
    """The first layer's weights are read past the layer, and NaN in them would not show."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x))) + torch.nan_to_num(self.first.weight.square().sum())


class Hidden(nn.Module):
    """A layer whose input depends on parameters though it requires no gradient."""

    def __init__(self):
        super().__init__()
        self.scale, self.first, self.last = nn.Parameter(torch.ones(6)), nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.first((x * self.scale).detach())))


class Gated(nn.Module):
    """A layer whose input changes only where a parameter has changed its sign: at the far point tried out, and beyond."""

    def __init__(self):
        super().__init__()
        self.gate, self.first, self.last = nn.Parameter(torch.tensor([0.4])), nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        kept = x if self.gate.item() > 0 else -x
        return self.last(torch.tanh(self.first(kept))) * self.gate


class Twice(nn.Module):
    """One layer for two fixed inputs."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.first(input=x)) * self.first(x + 1))


def mlp():
    return nn.Sequential(nn.Linear(6, 9), nn.ReLU(inplace=True), nn.Linear(9, 7), nn.Tanh(), nn.Linear(7, 3))


def cnn():
    return nn.Sequential(
        nn.Unflatten(1, (2, 1, 3)),
        nn.Conv2d(2, 4, 3, padding=1, stride=2, groups=2, padding_mode="circular"),
        nn.ReLU(),
        nn.Conv2d(4, 4, (1, 3), padding="same"),
        nn.Flatten(),
        nn.LazyLinear(3),
    )


def normed():
    return nn.Sequential(
        nn.BatchNorm1d(6, affine=False), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3)
    )


def dropped():
    return nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.4), nn.Linear(8, 3))


def frozen():
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
    model[0].bias.requires_grad_(False)
    return model


MODULES = {
    made.__name__: made
    for made in (Residual, Tied, Functional, Swallowing, Hidden, Gated, Twice, mlp, cnn, normed, dropped, frozen)
}


def ready(name, dtype=torch.float64, rows=11):
    """Make a module, by name or by what makes it, always the same, with data that it takes and statistics that it gathered."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        x, y = torch.randn(rows, 6, dtype=dtype), torch.randn(rows, 3, dtype=dtype)
        model = (name if callable(name) else MODULES[name])().to(dtype)
        with torch.no_grad():
            model(x)
        return model, x, y
