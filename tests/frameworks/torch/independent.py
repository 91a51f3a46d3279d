"""The same numbers in plain PyTorch: a model made anew, moved parameter by parameter, and evaluated as in training."""

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from thalweg.geometry.plane import Plane
from thalweg.networks.connection import connect
from thalweg.networks.interpolation import interpolate
from thalweg.networks.wrapping import wrap


def ours(model):
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def moved(make, point):
    """Make a model and put a flat vector into it."""
    model, first = make(), 0
    for parameter in ours(model):
        piece = torch.tensor(point[first : first + parameter.numel()])
        parameter.data.copy_(piece.reshape(parameter.shape))
        first += parameter.numel()
    assert first == len(point)
    return model


def loss_at(make, step, batch, point):
    model = moved(make, point)
    return model, step(model, batch)


def derivatives(make, step, batch, point, vector):
    """Compute loss, gradient, and Hessian product, of the type of the point."""
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernels have no second derivative
        model, loss = loss_at(make, step, batch, point)
    slopes = torch.autograd.grad(loss, ours(model), create_graph=True, allow_unused=True, materialize_grads=True)
    vector = torch.tensor(vector)
    slope = torch.cat([one.reshape(-1).to(vector.dtype) for one in slopes])
    columns = torch.autograd.grad(slope @ vector, ours(model), allow_unused=True, materialize_grads=True)
    return loss.item(), slope.detach().numpy(), torch.cat([one.reshape(-1).to(vector.dtype) for one in columns]).numpy()


def agrees(make, step, batch, *, loss=None, data=None, tol=None, **options):
    """Hold value, gradient, Hessian product, slice and line against plain PyTorch; give the network.

    Parameters
    ----------
    make : makes the model, in evaluation mode, always the same
    step : computes the loss of a model on a batch, as the user would
    loss, data : what ``wrap`` is given instead of the step and the batch
    """
    # buffers stay where they are: what is moved here are parameters
    options = ({} if options.get("mode") == "training" else {"statistics": "gathered"}) | options
    net = wrap(make(), step if loss is None else loss, batch if data is None else data, **options)
    source, dtype = np.random.default_rng(4), net.dtype
    # the same operations in another order: some hundred units in the last place
    tol = tol or {"float64": 1e-10, "float32": 2e-4}[dtype.name]
    size = net.position.size
    np.testing.assert_array_equal(net.position, np.concatenate([p.detach().float().numpy().ravel() if dtype == np.float32 else p.detach().double().numpy().ravel() for p in ours(make())]))  # fmt: skip
    vector = source.standard_normal(size).astype(dtype)
    directions = source.standard_normal((2, size)).astype(dtype)
    plane = Plane(net.position, directions, ("a", "b"), ("", ""))
    rows = np.array([[0, 0], [0.1, -0.2], [-0.15, 0.05], [0.3, 0.2]])
    points = [np.asarray(net.position + row @ directions).astype(dtype) for row in rows]
    wanted = [loss_at(make, step, batch, point)[1].item() for point in points]
    assert len(set(wanted)) > 1
    close = {"rtol": tol, "atol": tol * np.abs(wanted).max()}
    for plain in (True, False):
        np.testing.assert_allclose(net.values(plane, rows, plain=plain), wanted, **close)
    np.testing.assert_allclose([net.value(point) for point in points], wanted, **close)
    for point in points[:2]:
        _, slope, product = derivatives(make, step, batch, point, vector)
        np.testing.assert_allclose(net.gradient(point)[1], slope, rtol=tol, atol=tol * np.abs(slope).max())
        found = net.hessian_product(point)(vector)
        np.testing.assert_allclose(found, product, rtol=tol, atol=10 * tol * max(np.abs(product).max(), 1e-12))
    line = interpolate(net, points[0], points[1], points=3)
    np.testing.assert_allclose(line["loss"][[0, -1]], wanted[:2], **close)
    assert np.isfinite(connect(net, points[0], points[1], steps=2)["bend"]).all()
    np.testing.assert_allclose(net.value(), wanted[0], **close)
    return net
