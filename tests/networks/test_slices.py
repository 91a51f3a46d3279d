"""Slices: the right way round, exact at the origin, and described in full."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from tests.geometry.networks import bowl, network, perceptron
from thalweg.base.errors import InvalidValue
from thalweg.geometry.directions import between, filter_normalised, gaussian, given, orthonormal
from thalweg.geometry.plane import Plane
from thalweg.networks.slices import slice
from thalweg.networks.wrapping import wrap as network_of
from thalweg.store.attributes import storable


def test_a_slice_that_is_not_square_is_the_right_way_round():
    net = network(lambda p: 100 * p[0] + p[1], position=np.array([7.0, 3.0]))
    surface = slice(net, given(net, [1, 0], [0, 1]), span=[(-2, 1), (0, 5)], points=[4, 3])
    assert surface["loss"].dims == ("y", "x")
    assert surface["x"].values.tolist() == [-2, -1, 0, 1]
    assert surface["y"].values.tolist() == [0, 2.5, 5]
    expected = 100 * (7 + np.array([-2, -1, 0, 1])) + (3 + np.array([0, 2.5, 5]))[:, None]
    np.testing.assert_array_equal(surface["loss"].values, expected)


def test_a_slice_has_the_loss_of_the_points_that_its_coordinates_name():
    net = perceptron()
    plane = filter_normalised(net, seed=1)
    surface = slice(net, plane, span=0.7, points=[5, 4])
    for y, x in ((0, 0), (3, 1), (2, 4)):
        point = (
            net.position + surface["x"].values[x] * plane.directions[0] + surface["y"].values[y] * plane.directions[1]
        )
        assert surface["loss"].values[y, x] == net.value(point)


def test_a_line_has_one_axis():
    net = bowl(np.diag([2.0, 4.0]))
    line = slice(net, given(net, [0, 1]), span=3, points=7)
    assert line["loss"].dims == ("x",)
    np.testing.assert_array_equal(line["loss"].values, 2 * np.arange(-3.0, 4) ** 2)
    assert "y_name" not in line.attrs
    assert "cosine" not in line.attrs


@pytest.mark.parametrize(("count", "shape"), [(1, (201,)), (2, (51, 51))])
@pytest.mark.parametrize("span", [1.0, 6.37, 0.41])  # of the last two plain even spacing misses zero
def test_the_origin_is_on_the_usual_grid_to_the_bit(count, shape, span):
    net = perceptron(dtype=np.float32, sizes=(2, 2, 1))
    surface = slice(net, orthonormal(net, count=count), span=span)
    assert surface["loss"].shape == shape
    at = surface["loss"].sel(dict.fromkeys(surface["loss"].dims, 0.0))
    assert float(at) == surface.attrs["loss_at_origin"] == net.value()
    assert surface["x"].values[[0, -1]].tolist() == [-span, span]


def test_the_loss_at_the_origin_is_that_of_the_planes_origin():
    net = bowl(np.eye(2))
    assert slice(net, given(net, [1, 0], at=[3, 4]), points=3).attrs["loss_at_origin"] == 12.5


def test_the_same_slice_comes_out_whether_its_points_are_evaluated_side_by_side_or_not():
    kinds = [perceptron(dtype=np.float32), perceptron(dtype=np.float32)]
    kinds[1].portions[0].evaluator.threads = False
    one, other = (slice(net, orthonormal(net), points=13) for net in kinds)
    np.testing.assert_array_equal(one["loss"].values, other["loss"].values)


def test_what_is_not_finite_stays_so():
    net = network(lambda p: np.where(p[0] > 0.5, np.nan, np.where(p[0] < -0.5, np.inf, p[0])), position=np.zeros(2))
    values = slice(net, given(net, [1, 0]), points=5)["loss"].values
    np.testing.assert_array_equal(values, [np.inf, -0.5, 0, 0.5, np.nan])


def test_a_slice_says_all_that_is_needed_to_read_it(tmp_path):
    net = perceptron(dtype=np.float32)
    plane = filter_normalised(net, seed=9)
    surface = slice(net, plane, points=3)
    attrs = surface.attrs
    assert attrs["kind"] == "filter-normalised"
    assert attrs["seed"] == 9
    assert (attrs["x_name"], attrs["y_name"]) == plane.names
    assert (attrs["x_unit"], attrs["y_unit"]) == plane.units
    assert attrs["norms"] == pytest.approx(np.linalg.norm(plane.directions, axis=1))
    one, other = plane.directions
    assert attrs["cosine"] == pytest.approx(one @ other / np.prod(attrs["norms"]), abs=1e-7)  # a product in 32 bits
    assert storable(net.facts).items() <= attrs.items()
    assert {"thalweg_version", "numpy_version"} <= attrs.keys()
    assert surface["loss"].dtype == np.float64
    surface.to_zarr(tmp_path / "slice", zarr_format=3, consolidated=False)
    xr.testing.assert_identical(xr.open_zarr(tmp_path / "slice", consolidated=False).load(), surface)


def layered(kernels):
    """A perceptron in JAX, with kernels (in, out) or (out, in)."""
    generator = np.random.default_rng(0)
    arrays = [
        {"w": generator.standard_normal((i, o), dtype=np.float32), "b": generator.standard_normal(o, dtype=np.float32)}
        for i, o in ((3, 5), (5, 2))
    ]
    x = generator.standard_normal((6, 3), dtype=np.float32)

    def turned(w):
        return w if kernels == "inputs first" else w.T

    def loss(layers, x):
        hidden = jnp.tanh(x @ turned(layers[0]["w"]) + layers[0]["b"])
        return jnp.mean((hidden @ turned(layers[1]["w"]) + layers[1]["b"]) ** 2)

    layers = [{"w": turned(layer["w"]), "b": layer["b"]} for layer in arrays]
    roles = {} if kernels == "inputs first" else {"0/w": 0, "1/w": 0}
    return network_of(layers, loss, x).with_roles(roles), float(loss(layers, x))


@pytest.fixture(scope="module")
def layouts():
    return [layered(kernels) for kernels in ("inputs first", "outputs first")]


@pytest.mark.parametrize("make", [gaussian, orthonormal, filter_normalised])
def test_a_network_in_jax_has_one_slice_whatever_its_layout(layouts, make):
    slices = [slice(net, make(net, seed=2), span=[(-0.5, 1), (0, 1)], points=[4, 3]) for net, _ in layouts]
    # Products and sums in another order, in 32 bits.
    np.testing.assert_allclose(slices[0]["loss"].values, slices[1]["loss"].values, rtol=1e-5)
    assert slices[0].attrs["loss_at_origin"] == pytest.approx(layouts[0][1], rel=1e-6)


def test_plain_evaluation_is_asked_for():
    asked, net = [], bowl(np.eye(2))
    evaluator = net.portions[0].evaluator
    evaluate = type(evaluator).on
    evaluator.on = lambda plane, plain: (asked.append(plain), evaluate(evaluator, plane))[1]
    for plain in (False, True):
        slice(net, given(net, [1, 0]), points=3, plain=plain)
    assert asked == [False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"span": 0}, "span = 0 is not allowed; give a finite number above 0$"),
        ({"span": (1, 1)}, r"span = \(1, 1\) is empty; give \(low, high\) with low below high$"),
        (
            {"span": (1, 2, 3)},
            r"span = \(1, 2, 3\) is not allowed; give a number, a pair of numbers or a list of pairs of numbers$",
        ),
        ({"span": [(1, 2)]}, r"span = \[\(1, 2\)\] is not allowed; give a number, a pair \(low, high\), or 2 pairs$"),
        ({"span": [(1, 2), 3]}, r"span = \[\(1, 2\), 3\] is not allowed; give a number"),
        ({"span": (0, np.inf)}, "span = inf is not allowed; give a finite number$"),
        ({"span": "wide"}, "span = 'wide' is not allowed; give a number, a pair of numbers or a list of"),
        ({"points": 1}, "points = 1 is not allowed; give a whole number of at least 2$"),
        ({"points": [3, 4, 5]}, r"points = \[3, 4, 5\] has 3 numbers; give one, or one for each of 2 axes$"),
        ({"points": 10_000}, r"points = \[10000, 10000\] make 100,000,000 in all; give at most 20,000,000$"),
        ({"points": 2.5}, "points = 2.5 is not allowed; give a whole number or a list of whole numbers"),
    ],
)
def test_spans_and_points_that_cannot_be_are_refused(options, message):
    net = bowl(np.eye(2))
    with pytest.raises(InvalidValue, match=message):
        slice(net, given(net, [1, 0], [0, 1]), **options)


def test_planes_that_cannot_be_sliced_are_refused():
    net = bowl(np.eye(3))
    names = tuple("abc")
    with pytest.raises(InvalidValue, match="a plane of 3 directions cannot be sliced; give one or two$"):
        slice(net, Plane(np.zeros(3), np.eye(3), names, names))
    with pytest.raises(InvalidValue, match="2 directions are parallel"):
        slice(net, Plane(np.zeros(3), np.ones((2, 3)), names[:2], names[:2]))
    other = bowl(np.eye(4))
    with pytest.raises(InvalidValue, match=r"a point of shape \(4,\) is none of this network"):
        slice(net, between(other, None, np.ones(4)))
