"""PyTorch modules as functions of a flat vector: derivatives, errors, and the user's model left as it was."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from tests.frameworks.torch.modules import MODULES, ready
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.torch.network import flatten, leaves_of
from thalweg.geometry.plane import Plane
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

MSE = nn.MSELoss()


def state(model):
    """Read all that a user could notice of a module."""
    return {
        "parameters": {k: (id(p), p.data_ptr(), p._version, p.requires_grad, p.detach().clone()) for k, p in model.named_parameters()},
        "gradients": {k: None if p.grad is None else p.grad.clone() for k, p in model.named_parameters()},
        "buffers": {k: (id(b), b._version, b.clone()) for k, b in model.named_buffers()},
        "modes": {k: m.training for k, m in model.named_modules()},
        "hooks": {k: (list(m._forward_hooks), list(m._forward_pre_hooks), sorted(vars(m))) for k, m in model.named_modules()},
        "random": torch.get_rng_state(),
        "settings": (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()),
    }  # fmt: skip


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("mode", ["evaluation", "training"])
@pytest.mark.parametrize("name", ["normed", "dropped", "mlp", "Tied", "frozen"])
def test_the_users_model_is_left_as_it_was(name, mode):
    model, x, y = ready(name)
    model.register_forward_hook(lambda module, inputs, output: None)
    model.train()
    next(model.children()).eval()
    MSE(model(x), y).backward()
    before = state(model), x.clone()
    net = wrap(model, MSE, (x, y), mode=mode)
    net.value()
    net.gradient()
    net.hessian_product()(np.ones(net.position.size))
    plane = Plane(net.position, np.ones((1, net.position.size)), ("a",), ("",))
    net.values(plane, np.linspace(0, 1, 5)[:, None])
    assert same((state(model), x), before)


@pytest.mark.parametrize("mode", ["evaluation", "training"])
@pytest.mark.parametrize("name", ["Residual", "Tied", "Functional", "mlp", "normed", "frozen", "cnn"])
def test_derivatives_are_those_of_the_users_model(name, mode):
    model, x, y = ready(name)
    net = wrap(model, MSE, (x, y), mode=mode)
    twin = copy.deepcopy(model).train(mode == "training")
    own = [p for p in twin.parameters() if p.requires_grad]
    loss = MSE(twin(x), y)
    gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, own, create_graph=True)])
    value, found = net.gradient()
    assert value == loss.item()
    # 64 bits: the same operations
    assert not found[net.trained :].any()
    np.testing.assert_allclose(found[: net.trained], gradient.detach(), rtol=1e-12, atol=1e-14)
    vector = np.random.default_rng(1).standard_normal(found.size)
    columns = torch.autograd.grad(gradient @ torch.tensor(vector[: net.trained]), own)
    wanted = torch.cat([c.reshape(-1) for c in columns])
    product = net.hessian_product()
    net.gradient(np.zeros(found.size))  # another point meanwhile must not matter
    np.testing.assert_allclose(
        product(vector)[: net.trained], wanted, rtol=1e-10, atol=1e-12
    )  # 64 bits, sums in another order
    np.testing.assert_array_equal(product(vector), product(vector))


def test_derivatives_of_parts_are_those_of_the_whole():
    model, x, y = ready("mlp")
    net, parted = wrap(model, MSE, (x, y)), wrap(model, MSE, (x, y), rows=4)
    vector = np.random.default_rng(1).standard_normal(net.position.size)
    products = parted.hessian_product()
    parted.gradient(vector)
    # 64 bits: means of three parts, averaged
    np.testing.assert_allclose(parted.gradient()[1], net.gradient()[1], rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(products(vector), net.hessian_product()(vector), rtol=1e-11, atol=1e-13)


def test_a_linear_loss_has_no_curvature():
    net = wrap(nn.Linear(2, 1), lambda outputs, targets: outputs.mean(), (torch.ones(3, 2), torch.ones(3)))
    assert not net.hessian_product()(np.ones(3)).any()


def test_attention_is_differentiated_twice():
    model = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, dtype=torch.float64)
    x = torch.randn(3, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    net = wrap(model, MSE, (x, x))
    vector = np.random.default_rng(1).standard_normal(net.position.size)
    step = 1e-5
    ends = [net.gradient(net.position + sign * step * vector)[1] for sign in (1, -1)]
    # central differences: an error of the order of the step's square, with third derivatives of about 100
    np.testing.assert_allclose(net.hessian_product()(vector), (ends[0] - ends[1]) / (2 * step), atol=1e-6)


def test_dropout_has_one_mask_at_all_points():
    model, x, y = ready("dropped")
    net = wrap(model, MSE, (x, y), mode="training")
    torch.manual_seed(0)
    assert net.value() == MSE(model.train()(x), y).item() == net.value() == net.gradient()[0]


class Counting(nn.Linear):
    """Every evaluation in training mode changes the next, as statistics would that are read as well."""

    def __init__(self, anew):
        super().__init__(2, 1, dtype=torch.float64)
        self.register_buffer("count", torch.zeros(1, dtype=torch.float64))
        self.anew = anew

    def forward(self, x):
        if self.training and self.anew:
            self.count = self.count + 1
        elif self.training:
            self.count += 1
        return super().forward(x) * self.count


@pytest.mark.parametrize("anew", [False, True])
def test_what_an_evaluation_changes_in_buffers_does_not_reach_the_next(anew):
    model, x = Counting(anew), torch.ones(3, 2, dtype=torch.float64)
    net = wrap(model, MSE, (x, x[:, :1]), mode="training")
    own = MSE(nn.functional.linear(x, model.weight, model.bias), x[:, :1]).item()
    assert net.value() == net.value() == net.gradient()[0] == net.gradient()[0] == own
    plane = Plane(net.position, np.ones((1, 3)), ("a",), ("",))
    np.testing.assert_array_equal(net.values(plane, np.zeros((4, 1)), chunk=2), np.full(4, own))
    assert model.count == 0


def test_facts_say_how_the_loss_was_computed():
    model, x, y = ready("normed")
    facts = wrap(model, MSE, (x, y)).facts
    assert dict(facts) == {
        "framework": "torch", "framework_version": torch.__version__, "device": "cpu", "mode": "evaluation",
        "statistics": "recorded", "loss": "MSELoss", "examples": 11, "precision": 64, "parameters": 6 * 5 + 5 + 10 + 18,
    }  # fmt: skip
    assert wrap(model, nn.functional.mse_loss, (x, y), mode="training").facts["statistics"] == "of the batch"
    assert wrap(ready("mlp")[0], MSE, (x, y)).facts["statistics"] == "none"


def test_leaves_are_told_apart_by_their_layers():
    model = nn.ModuleDict({
        "dense": nn.Linear(2, 3), "conv": nn.Conv2d(2, 4, 3), "up": nn.ConvTranspose1d(2, 4, 3), "norm": nn.GroupNorm(2, 4),
        "plane": nn.LayerNorm((2, 3)), "words": nn.Embedding(5, 2), "fixed": nn.Linear(1, 1).requires_grad_(False),
        "weighted": nn.utils.parametrizations.weight_norm(nn.ConvTranspose1d(2, 4, 3, bias=False)),
    })  # fmt: skip
    found = {leaf.name: (leaf.kind, leaf.order) for leaf in leaves_of(model)}
    assert found == {
        "dense.weight": ("weight", (0, 1)), "dense.bias": ("bias", (0,)), "conv.weight": ("weight", (0, 1, 2, 3)),
        "conv.bias": ("bias", (0,)), "up.weight": ("weight", (1, 0, 2)), "up.bias": ("bias", (0,)),
        "norm.weight": ("norm", (0,)), "norm.bias": ("norm", (0,)), "plane.weight": ("norm", (0, 1)),
        "plane.bias": ("norm", (0, 1)), "words.weight": ("weight", (0, 1)),
        "weighted.parametrizations.weight.original0": ("norm", (0, 1, 2)),
        "weighted.parametrizations.weight.original1": ("weight", (1, 0, 2)),
    }  # fmt: skip


def test_the_flat_vector_goes_leaf_by_leaf():
    model, *_ = ready("Tied")
    wanted = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
    np.testing.assert_array_equal(flatten(model), wanted)
    assert [leaf.name for leaf in leaves_of(model)] == ["code.weight", "code.bias", "back.bias"]


def test_numpy_floats_get_the_models_type_and_integers_stay():
    model = nn.Sequential(nn.Linear(2, 3))
    x, y = np.ones((4, 2)), np.array([0, 1, 2, 0])
    x.flags.writeable = False
    net = wrap(model, nn.CrossEntropyLoss(), (x, y))
    assert net.value() == nn.CrossEntropyLoss()(model(torch.ones(4, 2)), torch.tensor(y)).item()


class Uncopied(nn.Linear):
    def __deepcopy__(self, memo):
        raise TypeError("locks stay where they are\nwhatever happens")


def refused(match, model=None, loss=MSE, data=None, **options):
    data = (torch.ones(4, 2), torch.ones(4, 1)) if data is None else data
    with pytest.raises(InvalidValue, match=match) as caught:
        wrap(nn.Linear(2, 1) if model is None else model, loss, data, **options)
    assert "\n" not in str(caught.value)


def test_models_that_have_no_flat_vector_are_refused():
    refused("Sequential has no trainable parameters \\(0 are frozen\\); give a model", nn.Sequential(nn.ReLU()))
    refused("no trainable parameters \\(2 are frozen\\)", nn.Linear(2, 1).requires_grad_(False))
    refused("no shape yet; run the model once", nn.LazyLinear(3))
    refused(
        "parameter 'weight' is complex64, which is not allowed; give a model in float32, float64, bfloat16, float16, or",
        nn.Linear(2, 1, dtype=torch.complex64),
    )
    refused(
        "lie on cpu and meta; put the whole model on one",
        nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1, device="meta")),
    )
    refused("on the device meta and hold no numbers", nn.Linear(2, 1, device="meta"))
    refused("cannot be copied: locks stay where they are; give", Uncopied(2, 1))
    refused("is no PyTorch model", torch.ones(3, requires_grad=True))


def test_losses_that_are_not_scalars_of_the_parameters_are_refused():
    model = nn.Linear(2, 1)
    refused("no loss is given; give loss", loss=None)
    refused(
        "the loss has shape \\(4, 1\\) and is not a scalar; give a loss that is a mean",
        loss=nn.MSELoss(reduction="none"),
    )
    refused("the loss is a float", loss=lambda outputs, targets: outputs.mean().item())
    refused("the loss fails on the data: ", loss=lambda outputs, targets: outputs @ targets)
    refused("depends on no parameter", loss=lambda outputs, targets: targets.mean())
    refused(
        "the loss reads 'weight' of the model itself", model, lambda out, y: out.mean() + model.weight.square().sum()
    )


def test_a_loss_that_fails_at_another_point_is_told_in_one_line():
    def loss(outputs, targets):
        if outputs.mean() > 1e3:
            raise ArithmeticError("too large\nby far")
        return outputs.mean()

    net = wrap(nn.Linear(2, 1), loss, (torch.ones(4, 2), torch.ones(4, 1)))
    plane = Plane(np.zeros(3, np.float32), np.ones((1, 3)), ("a",), ("",))
    for act in (
        lambda: net.value(np.full(3, 1e4)),
        lambda: net.gradient(np.full(3, 1e4)),
        lambda: net.values(plane, np.array([[0.0], [1e4]])),
    ):
        with pytest.raises(
            InvalidValue, match="^the loss fails on the data: too large; give loss\\(outputs, targets\\)"
        ):
            act()


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, slope):
        return 2 * slope * ctx.saved_tensors[0]


@pytest.mark.parametrize("loss", [lambda outputs, y: Once.apply(outputs).sum(), lambda o, y: MSE(Once.apply(o), y)])
@pytest.mark.parametrize("rows", [None, 2])
def test_what_is_differentiated_once_has_no_hessian_rather_than_a_wrong_one(loss, rows):
    data = batches((torch.ones(4, 2), torch.ones(4, 1)), rows=rows, combine="batches")
    net = wrap(nn.Linear(2, 1), loss, data)
    assert net.gradient()[1].any()
    with pytest.raises(
        InvalidValue, match="no second derivative: Once is marked once_differentiable; give one that PyTorch"
    ):
        net.hessian_product()(np.ones(3))


def test_what_pytorch_cannot_differentiate_twice_is_told_in_one_line():
    net = wrap(nn.Linear(2, 1), lambda o, y: torch.cdist(o, y, p=3).mean(), (torch.ones(4, 2), torch.zeros(4, 1)))
    with pytest.raises(InvalidValue, match="the model has no second derivative: .*; give one that PyTorch") as caught:
        net.hessian_product()(np.ones(3))
    assert "\n" not in str(caught.value)


def test_data_that_do_not_fit_are_refused():
    refused(
        "the targets have 3 rows and the inputs 4; give arrays of one length", data=(torch.ones(4, 2), torch.ones(3, 1))
    )
    refused("data are a tuple of 1; give the inputs", data=(torch.ones(4, 2),))
    refused("data are a tuple of 2 of no rows", data=(torch.ones(0, 2), torch.ones(0, 1)))
    refused("the model fails on the data: mat1 and mat2", data=(torch.ones(4, 3), torch.ones(4, 1)))
    refused(
        "<ndarray of shape \\(4, 1\\)> of type <U1 are no numbers; give arrays of numbers",
        data=(np.array([["a"]] * 4), torch.ones(4, 1)),
    )


def test_every_module_here_can_be_made():
    assert all(len(leaves_of(ready(name)[0])) for name in MODULES)
