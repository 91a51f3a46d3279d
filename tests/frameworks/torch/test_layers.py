"""Layers that need care: sparse gradients, scripted ones, those without a shape yet, complex numbers among them."""

import pytest
import torch
from torch import nn

import thalweg as tw
from tests.frameworks.torch.independent import agrees
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.torch.network import leaves_of
from thalweg.networks.wrapping import wrap

CE, MSE = nn.CrossEntropyLoss(), nn.MSELoss()
SOURCE = torch.Generator().manual_seed(2)
WORDS, KINDS = torch.randint(0, 7, (5, 3), generator=SOURCE), torch.tensor([0, 1, 2, 0, 1])
X, Y = (torch.randn(9, n, dtype=torch.float64, generator=SOURCE) for n in (6, 3))


def seeded(make):
    def made():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            return make()

    return made


@seeded
def dense():
    return nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3)).double()


class Looking(nn.Module):
    """Looks up in a table of its own, by the function."""

    def __init__(self, sparse):
        super().__init__()
        self.table, self.last, self.sparse = nn.Parameter(torch.randn(7, 4)), nn.Linear(4, 3), sparse
        self.double()

    def forward(self, words):
        return self.last(nn.functional.embedding(words, self.table, sparse=self.sparse).mean(1).tanh())


def embedding(sparse):
    @seeded
    def made():
        table = nn.Embedding(7, 4, sparse=sparse, padding_idx=0)
        return nn.Sequential(table, nn.Flatten(), nn.Tanh(), nn.Linear(12, 3)).double()

    return made


def classified(model, batch):
    return CE(model(batch[0]), batch[1])


def fitted(model, batch):
    return MSE(model(batch[0]), batch[1])


@pytest.mark.parametrize("make", [embedding, lambda sparse: seeded(lambda: Looking(sparse))])
def test_sparse_gradients_are_those_of_dense_ones(make):
    sparse, plain = (wrap(make(kind)(), classified, (WORDS, KINDS)) for kind in (True, False))
    # the oracle has no second derivative where gradients are sparse
    agrees(make(False), classified, (WORDS, KINDS))
    vector = torch.randn(plain.position.size, generator=SOURCE).double().numpy()
    assert sparse.value() == plain.value()
    assert (sparse.gradient()[1] == plain.gradient()[1]).all()
    assert (sparse.hessian_product()(vector) == plain.hessian_product()(vector)).all()
    line = tw.networks.connect(sparse, sparse.position, sparse.position + 1, steps=2)
    assert line["bend"].isnull().sum() == 0


def test_what_pytorch_cannot_differentiate_twice_has_values_and_gradients():
    model = nn.Sequential(nn.EmbeddingBag(7, 4, sparse=True), nn.Linear(4, 3)).double()
    net = wrap(model, classified, (WORDS, KINDS))
    wanted = CE(model(WORDS), KINDS)
    model[0].sparse = False
    slopes = torch.autograd.grad(CE(model(WORDS), KINDS), list(model.parameters()))
    assert net.gradient()[0] == wanted.item()
    assert net.gradient()[1].tolist() == torch.cat([slope.reshape(-1) for slope in slopes]).tolist()
    with pytest.raises(InvalidValue, match="the model has no second derivative: .*_embedding_bag_backward.*; give one"):
        net.hessian_product()(net.position)


scripted = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


@scripted
@pytest.mark.parametrize("how", [torch.jit.script, lambda model: torch.jit.trace(model, X[:2]), None])
def test_scripted_modules_are_those_they_were_written_as(how):
    def made():
        model = dense()
        if how is None:
            model[0], model[3] = torch.jit.script(model[0]), torch.jit.script(model[3])
            return model
        return how(model)

    agrees(made, fitted, (X, Y))
    assert [leaf.kind for leaf in leaves_of(made())] == [leaf.kind for leaf in leaves_of(dense())]
    model = made()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    wrap(model, fitted, (X, Y)).gradient([1.0] * 63)
    assert all(torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True))
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


@scripted
def test_roles_and_filters_of_scripted_layers():
    model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ConvTranspose1d(4, 2, 3))
    plain, script = leaves_of(model), leaves_of(torch.jit.script(model))
    assert plain == script
    assert [leaf.kind for leaf in plain] == ["weight", "bias", "norm", "norm", "weight", "bias"]


def refused(text, act):
    with pytest.raises(InvalidValue) as caught:
        act()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_layers_without_a_shape_are_refused_in_one_line():
    text = "has no shape yet; run the model once on its data before this"
    for late in (nn.LazyLinear(6), nn.LazyBatchNorm1d(), nn.LazyBatchNorm1d(affine=False)):
        model = nn.Sequential(nn.Linear(6, 6), late, nn.Linear(6, 3))
        refused(text, lambda model=model: wrap(model, fitted, (X, Y)))
        refused(text, lambda model=model: tw.networks.record(model))


def test_complex_parameters_are_refused_in_one_line():
    model = nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 3, dtype=torch.complex128))
    text = (
        "parameter '1.weight' is complex128, which is not allowed; give a model in float32, float64, bfloat16, float16"
    )
    refused(text, lambda: wrap(model, fitted, (X, Y)))
    refused("(complex numbers as pairs: torch.view_as_real)", lambda: tw.networks.record(model))


def test_complex_numbers_of_real_parameters_are_right():
    agrees(dense, lambda model, batch: (model(batch[0]) * torch.exp(1j * batch[1])).sum().abs().square(), (X, Y))
