"""Modules that do more with a first layer's weights than the layer does, each in another way that hardly shows."""

import numpy as np
import torch
from torch import nn


class _Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 3)

    def rest(self, x):
        return self.last(torch.tanh(self.first(x)))


class MaxNorm(_Plain):
    """Outputs shrink where the first weights are long; a comparison swallows NaN."""

    def forward(self, x):
        norm = self.first.weight.norm()
        return self.rest(x) * torch.where(norm > 1.9, 1.9 / norm, 1.0)


class Decayed(_Plain):
    """Weight decay inside ``forward``, with a bound."""

    def forward(self, x):
        return self.rest(x) + 0.1 * torch.nan_to_num(self.first.weight).square().sum()


class Hooked(_Plain):
    """A hook reads the weight, and only tells whether it is large."""

    def __init__(self):
        super().__init__()
        self.first.register_forward_hook(lambda layer, _, out: out * (1 + (layer.weight[0] > 0.4).sum()))

    def forward(self, x):
        return self.rest(x)


def _shorten(layer, given):
    layer.weight.data.renorm_(2, 0, 1.2)


class Renormed(_Plain):
    """A hook shortens long rows of the weight, in place."""

    def __init__(self):
        super().__init__()
        self.first.register_forward_pre_hook(_shorten)

    def forward(self, x):
        return self.rest(x)


class Summed(_Plain):
    """All parameters decide by their sum."""

    def forward(self, x):
        whole = torch.cat([parameter.flatten() for parameter in self.parameters()]).sum()
        return self.rest(x) + (whole > 0.3)


class Detached(_Plain):
    """The weight is read through ``data``, a view of a view."""

    def forward(self, x):
        return self.rest(x) * torch.clamp(self.first.weight.data.T[2:4, 1:].amax().nan_to_num(), 0.1, 0.9)


class Decided(_Plain):
    """Python decides by the loss whether the weight is read."""

    def forward(self, x):
        out = self.rest(x)
        if out.square().mean().item() > 0.5:
            out = out + (self.first.weight > 0).sum()
        return out


class Counted(_Plain):
    """Python decides by how many outputs are large, which it knows from a shape."""

    def forward(self, x):
        out = self.rest(x)
        return out + (self.first.weight > 0).sum() if len(out[out > 0.4]) % 2 else out


class Escaped(_Plain):
    """The weight is read by NumPy."""

    def forward(self, x):
        return self.rest(x) + float(np.sum(self.first.weight.detach().numpy() > 0.1))


class Worked(_Plain):
    """The input goes through memory that stays, with a sign that a parameter decides."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Parameter(torch.tensor(0.3))
        self.register_buffer("work", torch.zeros(11, 6), persistent=False)

    def forward(self, x):
        if self.work.shape != x.shape:
            self.work = x.clone()
        self.work.copy_(torch.where(self.gate > 0, x, -x))
        return self.rest(self.work)


class Compiled(_Plain):
    """A compiled function reads the weight, and another the layer's output."""

    def __init__(self):
        super().__init__()
        self.fine = torch.compile(lambda weight: torch.where(weight.norm() > 1.9, 0.5, 1.0), backend="eager")
        self.body = torch.compile(lambda module, x: module.rest(x), backend="eager")

    def forward(self, x):
        return self.body(self, x) * self.fine(self.first.weight)


def spectral():
    """The norm is a parametrisation."""
    return nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(6, 5)), nn.Tanh(), nn.Linear(5, 3))


ADVERSARIES = {
    made.__name__: made
    for made in (
        *(MaxNorm, Decayed, Hooked, Renormed, Summed, Detached, Decided, Counted, Escaped, Worked, Compiled),
        spectral,
    )
}
