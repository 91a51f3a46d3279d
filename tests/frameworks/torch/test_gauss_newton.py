"""The Gauss-Newton matrix of PyTorch modules against Fisher's, and what it cannot be had of."""

import numpy as np
import pytest
import torch
from torch import nn

from thalweg.base.errors import InvalidValue
from thalweg.networks import curvature, replace_hessian, wrap

SOURCE = torch.Generator().manual_seed(3)
X = torch.randn(6, 3, generator=SOURCE, dtype=torch.float64)
CLASSES = torch.tensor([0, 2, 1, 1, 0, 2])


def made(*layers):
    model = nn.Sequential(*layers).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=SOURCE))
    return model


def whole(net):
    product = net.hessian_product()
    return np.stack([product(unit) for unit in np.eye(net.trained)])


def test_of_cross_entropy_it_is_the_fisher_matrix():
    model = made(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
    net = replace_hessian(wrap(model, nn.CrossEntropyLoss(), (X, CLASSES)), "gauss_newton")
    fisher, parameters = 0, list(model.parameters())
    for row in X:  # the mean over targets drawn from the model itself
        chances = torch.log_softmax(model(row), dim=0)
        for chance in chances:
            slopes = torch.autograd.grad(chance, parameters, retain_graph=True)
            slope = torch.cat([slope.ravel() for slope in slopes])
            fisher += chance.exp().item() * torch.outer(slope, slope) / len(X)
    np.testing.assert_allclose(whole(net), fisher, atol=1e-14)


def test_normalisation_and_its_statistics_are_held():
    model = made(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    model(X)
    targets = torch.zeros(6, 2, dtype=torch.float64)
    net = wrap(model, nn.MSELoss(), (X, targets))
    model.eval()
    names, values = zip(*model.named_parameters(), strict=True)

    def outputs(*tensors):
        return torch.func.functional_call(model, dict(zip(names, tensors, strict=True)), X).ravel()

    jacobian = torch.cat([one.reshape(12, -1) for one in torch.autograd.functional.jacobian(outputs, values)], dim=1)
    wanted = 2 / 12 * jacobian.T @ jacobian
    found = curvature(replace_hessian(net, "gauss_newton"), count=4)
    np.testing.assert_allclose(found["eigenvalues"], torch.linalg.eigvalsh(wanted).flip(0)[:4], rtol=1e-10)


def test_what_it_cannot_be_had_of_is_said_in_one_line():
    model = made(nn.Linear(3, 3))

    def step(model, batch):
        return nn.functional.cross_entropy(model(batch[0]), batch[1])

    needs = "the Gauss-Newton matrix needs the outputs apart from the loss, which neither a step tells nor"
    with pytest.raises(InvalidValue, match=needs):
        replace_hessian(wrap(model, step, (X, CLASSES)), "gauss_newton")

    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, x):
            return self.inner(x), x

    net = replace_hessian(wrap(Pair(), lambda outputs, targets: outputs[0].mean(), (X, CLASSES)), "gauss_newton")
    with pytest.raises(
        InvalidValue, match="needs outputs in one array, and the model gives a tuple; give a model whose"
    ):
        curvature(net, count=1)


def test_at_a_minimum_where_the_slope_is_rounding_it_is_known_too():
    model = made(nn.Linear(3, 1))

    def squares(outputs, targets):
        return ((outputs - targets) ** 2).mean()

    targets = torch.randn(6, 1, generator=SOURCE, dtype=torch.float64)
    best = torch.linalg.lstsq(torch.cat([X, torch.ones(6, 1)], dim=1), targets).solution.ravel()
    net = replace_hessian(wrap(model.float(), squares, (X.float(), targets.float())), "gauss_newton")
    columns = torch.cat([X, torch.ones(6, 1)], dim=1)
    np.testing.assert_allclose(
        np.stack([net.hessian_product(best.numpy())(unit) for unit in np.eye(4)]),
        2 / 6 * columns.T @ columns,
        atol=1e-6,
    )
