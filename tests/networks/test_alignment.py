"""Hidden units in another order: the same function, the nearest of all orders, and refused where it is not told."""

from itertools import pairwise, permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.precision import computing
from thalweg.networks import align, interpolate, wrap

RNG = np.random.default_rng(6)
X, Y = RNG.standard_normal((9, 3)), RNG.standard_normal((9, 2))


def layers(seed, sizes=(3, 4, 2)):
    source = np.random.default_rng(seed)
    pairs = pairwise(sizes)
    return [{"b": source.standard_normal(o), "w": source.standard_normal((i, o))} for i, o in pairs]


def apply(p, x):
    for layer in p[:-1]:
        x = jnp.tanh(x @ layer["w"] + layer["b"])
    return x @ p[-1]["w"] + p[-1]["b"]


def loss(p, x, y):
    return jnp.mean((apply(p, x) - y) ** 2)


def flat(p):
    return np.concatenate([np.ravel(layer[name]) for layer in p for name in ("b", "w")])


@pytest.fixture(scope="module")
def small():
    with computing(64):
        return wrap(layers(0), loss, (X, Y))


def test_of_one_layer_it_is_the_nearest_of_all_orders(small):
    a, b = layers(1), layers(0)

    def distance(order):
        index = list(order)
        moved = [
            {"b": a[0]["b"][index], "w": a[0]["w"][:, index]},
            {"b": a[1]["b"], "w": a[1]["w"][index]},
        ]
        return np.linalg.norm(flat(moved) - flat(b))

    best = min(permutations(range(4)), key=distance)
    found = align(small, flat(a), None)
    assert found["permutation"].values.tolist() == [list(best)]
    assert found.attrs["distance"] == pytest.approx(distance(best))
    assert found.attrs["distance_before"] == pytest.approx(distance(range(4)))
    assert found["group"].values.tolist() == ["0/w"]


def test_it_computes_the_same(small):
    point = flat(layers(1))
    found = align(small, point, None)
    assert small.value(found["params"]) == pytest.approx(small.value(point), rel=1e-13)
    assert found.attrs["loss_at"] == small.value(found["params"])
    assert sorted(found["params"].values) == sorted(point)
    assert found["permutation"].values.tolist() != [[0, 1, 2, 3]]
    # At its new place it is a critical point's image: the slope has the same length.
    lengths = [np.linalg.norm(small.gradient(where)[1]) for where in (point, found["params"])]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-12)


def test_a_network_that_was_shuffled_is_found_again():
    sizes = (3, 7, 6, 5, 2)
    p, source = layers(2, sizes), np.random.default_rng(3)
    orders = [source.permutation(size) for size in sizes[1:-1]]
    shuffled = [dict(layer) for layer in p]
    for k, order in enumerate(orders):
        shuffled[k] = {"b": shuffled[k]["b"][order], "w": shuffled[k]["w"][:, order]}
        shuffled[k + 1]["w"] = shuffled[k + 1]["w"][order]
    noisy = flat(shuffled) + 1e-3 * source.standard_normal(flat(p).size)
    with computing(64):
        net = wrap(p, loss, (X, Y))
    found = align(net, noisy, None)
    for row, order in zip(found["permutation"].values, orders, strict=True):
        np.testing.assert_array_equal(order[row[row >= 0]], np.arange(len(order)))
    assert found.attrs["distance"] < 0.1 < found.attrs["distance_before"]
    line = interpolate(net, found["params"], None, points=11)
    before = interpolate(net, noisy, None, points=11)
    assert line.attrs["linear_barrier"] < 1e-4 < before.attrs["linear_barrier"]


def convolution(seed):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            *(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 2), nn.PReLU(), nn.Flatten()),
            *(nn.Linear(12, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 2)),
        ).double()
        pictures = torch.randn(6, 2, 5, 5, dtype=torch.float64)
        for _ in range(3):
            model(pictures)  # gathers
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model, pictures


def test_convolutions_normalisation_and_what_it_gathered_go_along():
    torch = pytest.importorskip("torch")
    (model, pictures), (other, _) = convolution(1), convolution(2)
    targets = torch.zeros(6, 2, dtype=torch.float64)
    net, theirs = (wrap(one, torch.nn.MSELoss(), (pictures, targets)) for one in (model, other))
    found = align(net, theirs.position, None)
    assert found["group"].values.tolist() == ["0.weight", "3.weight", "6.weight"]
    moved = {leaf.name: found["params"].values[span] for leaf, span in zip(net.leaves, net.spans, strict=True)}
    first, second, third = (row[row >= 0] for row in found["permutation"].values)
    own = {name: value.numpy() for name, value in other.state_dict().items()}
    for name in ("0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"):
        np.testing.assert_array_equal(moved[name], own[name][first])
    np.testing.assert_array_equal(moved["0.weight"], own["0.weight"][first].ravel())
    np.testing.assert_array_equal(moved["3.weight"], own["3.weight"][second][:, first].ravel())
    columns = own["6.weight"].reshape(5, 3, 4)[third][:, second]
    np.testing.assert_array_equal(moved["6.weight"], columns.ravel())
    np.testing.assert_array_equal(moved["7.weight"], own["7.weight"][third])
    np.testing.assert_array_equal(moved["9.weight"], own["9.weight"][:, third].ravel())
    np.testing.assert_array_equal(moved["9.bias"], own["9.bias"])
    assert net.value(found["params"]) == pytest.approx(net.value(theirs.position), rel=1e-12)
    assert found.attrs["distance"] < found.attrs["distance_before"]


def test_channels_behind_a_picture_are_told_from_channels_before_it():
    source = np.random.default_rng(5)
    pictures = source.standard_normal((4, 5, 5, 2))
    p = {"1/w": source.standard_normal((3, 3, 2, 4)), "2/w": source.standard_normal((36, 1))}

    def flattened(p, x):
        kernels = ("NHWC", "HWIO", "NHWC")
        made = jnp.tanh(jax.lax.conv_general_dilated(x, p["1/w"], (1, 1), "VALID", dimension_numbers=kernels))
        return jnp.mean((made.reshape(4, -1) @ p["2/w"]) ** 2)

    with computing(64):
        net = wrap(p, flattened, (pictures,))
    order = np.array([2, 0, 3, 1])
    point = np.concatenate([p["1/w"][..., order].ravel(), p["2/w"].reshape(9, 4)[:, order].ravel()])
    found = align(net, point, None)
    assert found.attrs["distance"] == 0
    np.testing.assert_array_equal(order[found["permutation"].values[0]], np.arange(4))


def test_groups_may_be_given_where_names_tell_nothing(small):
    first, last = layers(0)
    bare = {"b1": first["b"], "b2": last["b"], "w1": first["w"], "w2": last["w"]}

    def of(p, x, y):
        return loss([{"b": p["b1"], "w": p["w1"]}, {"b": p["b2"], "w": p["w2"]}], x, y)

    with computing(64):
        net = wrap(bare, of, (X, Y))
    one, two = layers(1)
    point = np.concatenate([np.ravel(v) for v in (one["b"], two["b"], one["w"], two["w"])])
    with pytest.raises(
        InvalidValue, match="permuting hidden units changes what this network computes: the loss changes"
    ):
        align(net, point, None)
    found = align(net, point, None, groups=[{"w1": 1, "b1": 0, "w2": -2}])
    assert found["permutation"].equals(align(small, flat(layers(1)), None)["permutation"].assign_coords(group=["0"]))
    with pytest.raises(InvalidValue, match="permuting hidden units changes what this network computes"):
        align(net, point, None, groups=[{"w1": 1, "w2": 0}])
    for groups, error, said in (
        ([], InvalidValue, r"groups = \[\] is empty; give one at least, or leave it out$"),
        ([{}], InvalidValue, r"groups\[0\] is empty"),
        ([{"w3": 0}], UnknownName, "unknown parameter array 'w3'"),
        ([{"w1": 2}], InvalidValue, r"groups\[0\] has axis 2 of 'w1', which has 2 axes$"),
        ([{"w1": 1, "w2": 1}], InvalidValue, None),
        ([{"w1": 0, "w2": 0}], InvalidValue, "'w2' of shape .* does not follow 'w1' with its 3 units"),
    ):
        with pytest.raises(error, match=said):
            align(net, point, None, groups=groups)


def test_biases_that_are_zero_are_not_believed():
    """The loss does not tell that ``b`` belongs elsewhere as long as it is zero; the gradient does."""
    source = np.random.default_rng(7)
    w = [source.standard_normal((3, 3)) for _ in range(3)]
    p = {"1": {"w": w[0]}, "2": {"c": np.zeros(3), "w": w[1]}, "3": {"w": w[2]}}

    def crossed(p, x):
        first = jnp.tanh(x @ p["1"]["w"] + p["2"]["c"])
        return jnp.mean((jnp.tanh(first @ p["2"]["w"]) @ p["3"]["w"]) ** 2)

    with computing(64):
        net = wrap(p, crossed, (X,))
    with pytest.raises(InvalidValue, match="computes: the gradient, of length .*, goes elsewhere by"):
        align(net, net.position.copy(), None)


def test_what_is_no_chain_is_refused():
    source = np.random.default_rng(8)
    p = {name: {"w": source.standard_normal(shape)} for name, shape in (("1", (3, 3)), ("2", (3, 3)), ("3", (3, 2)))}

    def shortcut(p, x):
        made = jnp.tanh(x @ p["1"]["w"])
        return jnp.mean(((made + jnp.tanh(made @ p["2"]["w"])) @ p["3"]["w"]) ** 2)

    with computing(64):
        net = wrap(p, shortcut, (X,))
        one = wrap({"w": p["1"]["w"]}, lambda p, x: jnp.mean((x @ p["w"]) ** 2), (X,))
        two = wrap({"1": p["3"], "2": p["1"]}, lambda p, x: jnp.mean((x @ p["1"]["w"]) ** 2) + p["2"]["w"].sum(), (X,))
    with pytest.raises(
        InvalidValue, match="permuting hidden units changes what this network computes: .*; give groups"
    ):
        align(net, net.position[::-1], None)
    with pytest.raises(InvalidValue, match="of weights between layers there are 1, so no hidden units; give a deeper"):
        align(one, None, None)
    with pytest.raises(InvalidValue, match="'2/w' of shape .* does not follow '1/w' with its 2 units; give groups"):
        align(two, None, None)


def test_bad_points_are_said(small):
    with pytest.raises(InvalidValue, match="a point of shape"):
        align(small, [1.0], None)
    with pytest.raises(InvalidValue, match="the loss or its gradient is not finite at a checkpoint; give others$"):
        align(small, np.full(small.position.size, np.nan), None)
    with pytest.raises(InvalidValue, match="seed = -1"):
        align(small, None, None, seed=-1)
