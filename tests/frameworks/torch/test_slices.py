"""Slices of PyTorch modules: the quick way beside the plain one, and the user's model left as it was."""

import numpy as np
import pytest
import torch

from tests.frameworks.torch.modules import MODULES, ready
from thalweg.frameworks.torch import first_layer
from thalweg.frameworks.torch.first_layer import find
from thalweg.frameworks.torch.together import Together, together
from thalweg.frameworks.torch.walk import Walk
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

MSE = torch.nn.MSELoss()
BATCHED = {"mlp", "Residual", "Functional", "normed", "dropped", "cnn", "frozen", "Tied"}
"""Those that are evaluated several points at once in evaluation mode."""


def plane_of(net, axes=2, seed=0, scale=0.4):
    rng = np.random.default_rng(seed)
    directions = scale * rng.standard_normal((axes, net.position.size))
    directions[:, net.trained :] *= 0.02  # so that variances stay positive
    return Plane(net.position, directions.astype(net.dtype), ("a", "b", "c")[:axes], ("",) * axes)


def grid(nx=5, ny=4):
    x, y = np.linspace(-1, 1.1, nx), np.linspace(-0.9, 1.3, ny)
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def moved(model, net, vector):
    """Let the user's own model stand at a point."""
    with torch.no_grad():
        for leaf, span in zip(net.leaves, net.spans, strict=True):
            model.state_dict(keep_vars=True)[leaf.name].copy_(torch.tensor(vector[span].reshape(leaf.shape)))


@pytest.mark.parametrize(("mode", "rows"), [("evaluation", 11), ("evaluation", 16), ("training", 11)])
@pytest.mark.parametrize("name", MODULES)
def test_the_quick_way_is_the_plain_one(name, mode, rows):
    model, x, y = ready(name, rows=rows)
    net = wrap(model, MSE, (x, y), mode=mode)
    quick, plain = (net.values(plane_of(net), grid(), plain=plain) for plain in (False, True))
    # 64 bits: a few sums of at most some dozen products each, in another order
    np.testing.assert_allclose(quick, plain, rtol=1e-12)
    assert len(np.unique(plain)) > len(plain) // 2


@pytest.mark.parametrize("name", MODULES)
def test_the_plain_way_is_the_users_model(name):
    model, x, y = ready(name)
    net, model = wrap(model, MSE, (x, y)), model.eval()
    plane = plane_of(net)
    found = net.values(plane, grid(), plain=True)
    for loss, point in zip(found, plane.points(grid()), strict=True):
        moved(model, net, point)
        # 64 bits: the point itself is rounded in another order
        assert loss == pytest.approx(MSE(model(x), y).item(), rel=1e-12)


@pytest.mark.parametrize(("mode", "rows"), [("evaluation", 11), ("evaluation", 16), ("training", 11)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["mlp", "cnn", "Gated", "normed", "dropped", "Residual"])
def test_neither_chunks_nor_threads_nor_order_change_a_bit(name, dtype, mode, rows):
    model, x, y = ready(name, dtype, rows)
    net = wrap(model, MSE, (x, y), mode=mode)
    plane, points = plane_of(net), grid(13, 7)
    whole = net.values(plane, points, chunk=1000, threads=False)
    for chunk, threads in ((1, True), (7, False), (64, True)):
        np.testing.assert_array_equal(net.values(plane, points, chunk=chunk, threads=threads), whole)
    np.testing.assert_array_equal(net.values(plane, points[::-1])[::-1], whole)


@pytest.mark.parametrize("name", ["mlp", "normed", "Functional"])
def test_what_is_tried_out_on_one_plane_holds_on_the_next(name):
    model, x, y = ready(name, rows=16)
    net = wrap(model, MSE, (x, y))
    for axes, seed in ((2, 0), (1, 1), (2, 2), (1, 3)):
        plane = plane_of(net, axes, seed)
        fresh = wrap(model, MSE, (x, y)).values(plane, grid()[:, :axes])
        np.testing.assert_array_equal(net.values(plane, grid()[:, :axes]), fresh)


@pytest.mark.parametrize("name", MODULES)
def test_zero_displacement_is_the_models_own_loss_to_the_bit(name):
    model, x, y = ready(name, torch.float32)
    model.eval()
    net = wrap(model, MSE, (x, y))
    own = MSE(model(x), y).item()
    assert net.value() == own
    assert net.values(plane_of(net), np.zeros((1, 2)), plain=True)[0] == own
    # several points at once are multiplied by another routine: a few units in the last place
    assert net.values(plane_of(net), np.zeros((1, 2)))[0] == pytest.approx(own, rel=1e-6)


def evaluated(name, mode="evaluation", rows=16, axes=2):
    """Find first layers, and the way in which a module is evaluated on a plane."""
    model, x, y = ready(name, rows=rows)
    # statistics that move would make what follows them no first layer
    net = wrap(model, MSE, (x, y), mode=mode, statistics="gathered" if mode == "evaluation" else None)
    evaluator = net.portions[0].evaluator
    plane = plane_of(net, axes)
    terms = [torch.tensor(vector) for vector in (plane.origin, *plane.directions)]
    replica = evaluator.replica
    with torch.inference_mode(), replica.evaluating():
        layers = find(replica, evaluator.batch)[0].terms(replica, terms)
        way = together(replica, Walk(evaluator.batch, terms, layers), {})
    return {layer.name for layer in layers}, way


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("mlp", {"0"}),
        ("cnn", {"1"}),
        ("normed", {"1"}),
        ("dropped", {"1"}),
        ("frozen", {"0"}),
        ("Residual", {"a", "b"}),
        ("Tied", {"code"}),
        ("Functional", {"first"}),
        ("Hidden", set()),
        ("Twice", set()),
    ],
)
def test_first_layers_are_found_and_others_are_not(name, first):
    assert evaluated(name)[0] == first
    if name in ("normed", "dropped"):
        assert evaluated(name, "training")[0] == first


def test_a_layer_of_few_products_and_large_outputs_is_computed_at_every_point(monkeypatch):
    monkeypatch.setattr(first_layer, "CACHED", 0)
    assert evaluated("mlp")[0] == set()
    monkeypatch.setattr(first_layer, "FEW", 6)  # as many as there are inputs
    assert evaluated("mlp")[0] == {"0"}


@pytest.mark.parametrize("name", sorted(BATCHED))
def test_small_modules_are_evaluated_several_points_at_once(name):
    assert isinstance(evaluated(name)[1], Together)


@pytest.mark.parametrize("axes", [1, 3])
def test_a_slice_has_as_many_axes_as_it_has_directions(axes):
    model, x, y = ready("mlp", rows=16)
    net = wrap(model, MSE, (x, y))
    plane, places = plane_of(net, axes), np.random.default_rng(1).uniform(-1, 1, (5, axes))
    wanted = [net.value(point) for point in plane.points(places)]
    np.testing.assert_allclose(net.values(plane, places), wanted, rtol=1e-12)  # 64 bits, as above
    layers, way = evaluated("mlp", axes=axes)
    assert layers == {"0"}
    assert isinstance(way, Together)


def test_rows_that_fill_no_cache_lines_are_evaluated_point_by_point():
    assert type(evaluated("mlp", rows=11)[1]) is Walk


@pytest.mark.parametrize("name", ["normed", "dropped"])
def test_what_draws_or_gathers_is_evaluated_point_by_point(name):
    assert type(evaluated(name, "training")[1]) is Walk


def test_what_only_first_layers_read_is_not_moved():
    model, x, y = ready("mlp")
    net = wrap(model, MSE, (x, y))
    net.values(plane_of(net), grid())
    flat = net.portions[0].evaluator.replica.flat
    assert torch.isnan(flat[: 6 * 9 + 9]).all()
    assert net.value() == MSE(model(x), y).item()


def test_lines_and_parts_are_evaluated_alike():
    model, x, y = ready("mlp")
    net, parted = wrap(model, MSE, (x, y)), wrap(model, MSE, (x, y), rows=4)
    line, points = plane_of(net, axes=1), np.linspace(-1, 1, 9)[:, None]
    # 64 bits: means of three parts, averaged
    np.testing.assert_allclose(parted.values(line, points), net.values(line, points, plain=True), rtol=1e-13)
    assert [portion.weight for portion in parted.portions] == [4 / 11, 4 / 11, 3 / 11]


def test_the_first_coordinate_goes_along_the_first_direction():
    model, x, y = ready("mlp")
    net = wrap(model, MSE, (x, y))
    plane = plane_of(net)
    found = net.values(plane, np.array([[0.7, 0.0], [0.0, 0.7]]))
    wanted = [net.value(plane.origin + 0.7 * direction) for direction in plane.directions]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)  # 64 bits, as above
    assert wanted[0] != pytest.approx(wanted[1], rel=1e-3)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_nan_in_the_data_stays_nan(name):
    model, x, y = ready(name)
    x = x.clone()
    x[3, 2] = torch.nan
    net = wrap(model, MSE, (x, y))
    assert np.isnan(net.values(plane_of(net), grid())).all()
    assert np.isnan(net.value())


def test_infinite_data_are_evaluated_as_the_model_does():
    model, x, y = ready("mlp")
    x = x.clone()
    x[3, 2] = torch.inf
    net = wrap(model, MSE, (x, y))
    quick, plain = (net.values(plane_of(net), grid(), plain=plain) for plain in (False, True))
    np.testing.assert_array_equal(quick, plain)


def test_points_that_overflow_do_not_touch_their_neighbours():
    model, x, y = ready("mlp", torch.float32)
    net = wrap(model, MSE, (x, y))
    points = grid()
    points[3] = 1e38
    found, wanted = net.values(plane_of(net), points), net.values(plane_of(net), grid())
    assert not np.isfinite(found[3])
    np.testing.assert_array_equal(np.delete(found, 3), np.delete(wanted, 3))
