"""Models and losses that differentiate by themselves: physics-informed ones, and what torch.func makes of a module."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacrev, jvp, vmap

from tests.frameworks.torch.independent import agrees
from tests.frameworks.torch.test_network import same, state
from thalweg.networks.wrapping import wrap

# PyTorch's own forward mode uses what PyTorch calls deprecated
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

SOURCE = torch.Generator().manual_seed(5)
INSIDE, EDGE = (torch.rand(n, 2, dtype=torch.float64, generator=SOURCE) for n in (9, 4))


class Field(nn.Module):
    """A function of two variables."""

    def __init__(self, dtype=torch.float64):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            self.body = nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1)).to(
                dtype
            )

    def forward(self, x):
        return self.body(x)


def marking(model, batch):
    """Poisson's equation by autograd.grad: the step itself marks the points."""
    x = batch["inside"].requires_grad_()
    u = model(x)
    (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
    second = sum(torch.autograd.grad(slope[:, k].sum(), x, create_graph=True)[0][:, k] for k in range(2))
    return (second + u[:, 0] - 1).square().mean() + model(batch["edge"]).square().mean()


def cloning(model, batch):
    """The same with a copy of the points."""
    return marking(model, batch | {"inside": batch["inside"].clone()})


def given(model, batch):
    """The user has marked the points."""
    x = batch["inside"]
    (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    return (slope[:, 0] + 2 * slope[:, 1] - 1).square().mean() + model(batch["edge"]).square().mean()


def allowing(model, batch):
    """Gradients are turned on within what would go without."""
    with torch.enable_grad():
        x = batch["inside"].detach().requires_grad_()
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    return slope.square().mean() + model(batch["edge"]).mean()


def of_module(model, batch):
    """torch.func over the module itself, one point at a time."""
    slope = vmap(grad(lambda x: model(x)[0]))(batch["inside"])
    return (slope[:, 0] * slope[:, 1] - 1).square().mean() + model(batch["edge"]).square().mean()


def called(model, batch):
    """torch.func over functional_call."""
    parameters = dict(model.named_parameters())

    def u(x):
        return functional_call(model, parameters, (x,))[0]

    second = vmap(hessian(u))(batch["inside"])
    return (second.diagonal(dim1=1, dim2=2).sum(1) - 1).square().mean() + model(batch["edge"]).square().mean()


def jacobian(model, batch):
    return vmap(jacrev(model))(batch["inside"]).square().mean() + model(batch["edge"]).mean()


def forwards(model, batch):
    x = batch["inside"]
    _, along = jvp(model, (x,), (torch.ones_like(x),))
    return (along - 1).square().mean() + model(batch["edge"]).square().mean()


def adapted(model, batch):
    """A step of training within the loss, as in learning to learn."""
    parameters = dict(model.named_parameters())

    def loss(values):
        return functional_call(model, values, (batch["edge"],)).square().mean()

    slopes = grad(loss)(parameters)
    later = {name: value - 0.1 * slopes[name] for name, value in parameters.items()}
    return (functional_call(model, later, (batch["inside"],)) - 1).square().mean()


class Force(Field):
    """The model itself differentiates: forces are minus the slope of an energy."""

    def forward(self, x):
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.body(x).sum(), x, create_graph=True)
        return -slope


def forces(model, batch):
    return (model(batch["inside"]) - 1).square().mean()


STEPS = [marking, cloning, given, allowing, of_module, called, jacobian, forwards, adapted]


def batch_of(step, dtype=torch.float64):
    inside = INSIDE.to(dtype).clone().requires_grad_(step is given)
    return {"inside": inside, "edge": EDGE.to(dtype)}


@pytest.mark.parametrize("step", STEPS)
def test_steps_that_differentiate_by_the_inputs_are_right_everywhere(step):
    agrees(Field, step, batch_of(step))


def test_in_32_bits_too():
    batch = batch_of(marking, torch.float32)
    agrees(lambda: Field(torch.float32), marking, batch, tol=2e-3)  # third derivatives


def test_models_that_differentiate_by_their_inputs_are_right_everywhere():
    agrees(Force, forces, batch_of(forces))


def test_neither_model_nor_data_show_it():
    model, batch = Field(), batch_of(marking)
    before = state(model)
    net = wrap(model, marking, batch)
    net.gradient()
    assert same(state(model), before)
    assert not batch["inside"].requires_grad
    batch = batch_of(given)
    wrap(model, given, batch).gradient()
    assert batch["inside"].requires_grad
    assert batch["inside"].grad is None


def test_a_loss_of_outputs_and_targets_may_differentiate():
    class Both(Field):
        def forward(self, x):
            x = x.requires_grad_()
            return x, self.body(x)

    def loss(outputs, targets):
        x, u = outputs
        return (torch.autograd.grad(u.sum(), x, create_graph=True)[0] - targets).square().mean()

    agrees(Both, lambda model, batch: loss(model(batch[0]), batch[1]), (INSIDE, INSIDE.cos()), loss=loss)
