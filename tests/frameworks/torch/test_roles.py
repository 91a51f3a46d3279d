"""Where filters lie: held against what makes each output, as autograd tells."""

import numpy as np
import pytest
import torch
from torch import nn

from thalweg.networks import directions
from thalweg.networks.wrapping import wrap


class Conv1D(nn.Module):
    """A dense layer as GPT-2's, (in, out)."""

    def __init__(self, nf, nx):
        super().__init__()
        self.nf = nf
        self.weight, self.bias = nn.Parameter(torch.randn(nx, nf)), nn.Parameter(torch.zeros(nf))

    def forward(self, x):
        return torch.addmm(self.bias, x, self.weight)


class Own(nn.Module):
    """A layer that a user wrote: its weight, of a shape, and what is done with it."""

    def __init__(self, shape, function):
        super().__init__()
        self.kernel, self.function = nn.Parameter(torch.randn(shape)), function

    def forward(self, x):
        return self.function(x, self.kernel)


class Adapted(nn.Linear):
    """A dense layer with an adapter of low rank: (rank, in) and (out, rank)."""

    def __init__(self):
        super().__init__(6, 5)
        self.weight.requires_grad_(False)
        self.bias.requires_grad_(False)
        self.down, self.up = nn.Parameter(torch.randn(2, 6)), nn.Parameter(torch.randn(5, 2))

    def forward(self, input):
        return super().forward(input) + input @ self.down.T @ self.up.T


def grouped(kind, *size):
    return kind(4, 6, size, groups=2)


norm = nn.utils.parametrizations
mask = torch.tensor([[1.0, 0, 1, 1, 1, 0]] * 4, dtype=torch.float64)

# what makes it, the shape of its input, and the axes of its output along which filters are counted
LAYERS = {
    "Linear": (lambda: nn.Linear(6, 4), (3, 6), (1,)),
    "one output": (lambda: nn.Linear(6, 1), (3, 6), (1,)),
    "one input": (lambda: nn.Linear(1, 4), (3, 1), (1,)),
    "Conv2d in groups": (lambda: grouped(nn.Conv2d, 3, 2), (2, 4, 5, 5), (1,)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 6, 3), (2, 4, 5), (1,)),
    "ConvTranspose1d in groups": (lambda: grouped(nn.ConvTranspose1d, 3), (2, 4, 5), (1,)),
    "ConvTranspose2d in groups": (lambda: grouped(nn.ConvTranspose2d, 3, 2), (2, 4, 5, 5), (1,)),
    "Conv1D": (lambda: Conv1D(4, 6), (3, 6), (1,)),
    "weight_norm": (lambda: norm.weight_norm(nn.Linear(6, 4)), (3, 6), (1,)),
    "x @ w": (lambda: Own((6, 4), lambda x, w: x @ w), (3, 6), (1,)),
    "x @ w, square": (lambda: Own((5, 5), lambda x, w: x @ w), (3, 5), (1,)),
    "x @ w.T": (lambda: Own((4, 6), lambda x, w: x @ w.T), (3, 6), (1,)),
    "of three axes": (lambda: Own((6, 4), torch.matmul), (3, 2, 6), (2,)),
    "masked": (lambda: Own((4, 6), lambda x, w: nn.functional.linear(x, mask * w)), (3, 6), (1,)),
    "by heads": (lambda: Own((2, 6, 4), lambda x, w: torch.einsum("btd,hdk->bhtk", x, w)), (3, 2, 6), (1, 3)),
    "heads last": (lambda: Own((6, 2, 4), lambda x, w: torch.einsum("bd,dhk->bhk", x, w)), (3, 6), (1, 2)),
    "as a kernel": (lambda: Own((4, 2, 3), lambda x, w: x @ w.view(4, 6).T), (3, 6), (1,)),
    "functional": (
        lambda: Own((4, 3, 3), lambda x, w: nn.functional.conv_transpose1d(x, w, groups=2)),
        (2, 4, 5),
        (1,),
    ),
    "all to one": (lambda: Own((2, 3), lambda x, w: x @ w.reshape(6, 1)), (3, 6), (1,)),
}


def made(layer, shape):
    """Make a network of a layer, whose loss is no matter; and its one weight in 64 bits."""
    torch.manual_seed(1)
    layer = layer().double()
    x = torch.randn(shape, dtype=torch.float64)
    with torch.no_grad():
        y = layer(x)
    return layer, x, wrap(layer, nn.MSELoss(), (x, y + 1))


def filters(layer, x, name, axes):
    """Find by differentiation which numbers of a weight make each output: True where they do."""
    weight = layer.get_parameter(name)
    out = layer(x)
    places = np.ndindex(*(out.shape[axis] for axis in axes))
    for place in places:
        chosen = out.permute(*axes, *(k for k in range(out.dim()) if k not in axes))[place]
        (slope,) = torch.autograd.grad(chosen.square().sum(), weight, retain_graph=True, materialize_grads=True)
        yield slope.numpy() != 0


@pytest.mark.filterwarnings("ignore:Using .* as the parametrization:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_each_filter_is_as_long_as_what_makes_an_output(name):
    make, shape, axes = LAYERS[name]
    layer, x, net = made(make, shape)
    plane = directions.filter_normalised(net, seed=3)
    weights = [(leaf, span) for leaf, span in zip(net.leaves, net.spans, strict=True) if leaf.kind == "weight"]
    ((leaf, span),) = weights
    own = layer.get_parameter(leaf.name).detach().numpy()
    covered = np.zeros(leaf.shape, int)
    for makes in filters(layer, x, leaf.name, axes):
        # what a mask takes out belongs to its filter too
        whole = np.ones(leaf.shape[-1], bool) & makes.any(-1, keepdims=True) if name == "masked" else makes
        covered += whole
        for direction in plane.directions:
            moved = np.linalg.norm(direction[span].reshape(leaf.shape)[whole])
            assert moved == pytest.approx(np.linalg.norm(own[whole]), rel=1e-6)
    np.testing.assert_array_equal(covered, 1)


def test_a_weight_under_a_norm_has_the_filters_of_its_layer():
    # all numbers make every output here, through the norm: so they are told by the layer that it is the weight of
    for kind, shape, found in ((nn.Linear, (3, 4), (0,)), (nn.ConvTranspose1d, (2, 4, 5), (1,))):
        _, _, net = made(lambda kind=kind: norm.spectral_norm(kind(4, 6, *([3] * (kind is not nn.Linear)))), shape)
        assert net.parts["filters"].tolist()[:2] == [(), found]  # behind them the vectors that the norm gathered


def test_heads_of_a_user_are_seen():
    _, _, net = made(*LAYERS["by heads"][:2])
    assert net.parts["filters"].tolist() == [(0, 2)]
    assert made(*LAYERS["ConvTranspose1d in groups"][:2])[2].parts["filters"].tolist() == [(0, 1), ()]


def test_an_adapter_of_low_rank_has_filters_by_its_own_outputs():
    _, _, net = made(Adapted, (3, 6))
    plane = directions.filter_normalised(net, count=1, seed=2)
    for leaf, span in zip(net.leaves, net.spans, strict=True):
        rows = [vector[span].reshape(leaf.shape) for vector in (plane.directions[0], net.position)]
        moved, own = (np.linalg.norm(row, axis=1) for row in rows)
        np.testing.assert_allclose(moved, own, rtol=1e-6)
    assert set(net.parts["role"]) == {"weight"}


class Tokens(nn.Module):
    """Has a class token, positions and a scale by channel, as vision transformers do."""

    def __init__(self):
        super().__init__()
        self.token, self.places = nn.Parameter(torch.randn(1, 1, 6)), nn.Parameter(torch.randn(1, 4, 6))
        self.scale = nn.Parameter(torch.randn(6, 1).T.contiguous())
        self.table, self.head = nn.Embedding(5, 6), nn.Linear(6, 6)

    def forward(self, x):
        h = self.table((x * 2).long().clamp(0, 4)).sum(-2)[:, None].expand(-1, 3, -1)
        h = torch.cat([self.token.expand(len(x), 1, 6), h], 1) + self.places
        return self.head(h * self.scale)


def test_tokens_and_scales_stay_and_tables_are_normalised_by_rows():
    _, _, net = made(Tokens, (3, 6))
    assert net.parts["role"].to_dict() == {
        **dict.fromkeys(("token", "scale", "head.bias"), "bias"),
        **dict.fromkeys(("places", "table.weight", "head.weight"), "weight"),
    }
    assert net.parts.loc[["places", "table.weight", "head.weight"], "filters"].tolist() == [(1,), (0,), (0,)]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_gates_of_recurrent_layers_are_filters(kind):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.cells = kind(6, 3, batch_first=True)

        def forward(self, x):
            return self.cells(x)[0][:, -1]

    _, _, net = made(Last, (2, 4, 6))
    roles = {name.removeprefix("cells."): (row.role, row.filters) for name, row in net.parts.iterrows()}
    for name in ("ih", "hh"):
        assert roles[f"weight_{name}_l0"] == ("weight", (0,))
        assert roles[f"bias_{name}_l0"] == ("bias", ())


def test_attention_and_norms_are_known():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(6, 2, batch_first=True, add_bias_kv=True)
            self.norm, self.pair = nn.LayerNorm((4, 6)), nn.Bilinear(6, 6, 3)

        def forward(self, x):
            h = self.norm(self.attention(x, x, x)[0])
            return self.pair(h, x)

    _, _, net = made(Attending, (2, 4, 6))
    found = {name: (row.role, row.filters) for name, row in net.parts.iterrows()}
    assert found == {
        "attention.in_proj_weight": ("weight", (0,)),
        "attention.in_proj_bias": ("bias", ()),
        "attention.bias_k": ("bias", ()),
        "attention.bias_v": ("bias", ()),
        "attention.out_proj.weight": ("weight", (0,)),
        "attention.out_proj.bias": ("bias", ()),
        "norm.weight": ("norm", ()),
        "norm.bias": ("norm", ()),
        "pair.weight": ("weight", (0,)),
        "pair.bias": ("bias", ()),
    }
