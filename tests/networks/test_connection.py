"""Curves of low loss between checkpoints: trained as published, the same for the same seed, and lower than the line."""

import numpy as np
import pytest

from tests.geometry.networks import bowl, network, ring
from thalweg.base.errors import InvalidValue
from thalweg.networks import connect, interpolate


def test_a_bend_leads_round_the_barrier():
    net, a, b = ring(), [1.0, 0.0], [0.0, 1.0]
    curve = connect(net, a, b, steps=400, learning_rate=0.02)
    straight, bent = interpolate(net, a, b), interpolate(net, a, b, bend=curve["bend"])
    assert straight.attrs["barrier"] == pytest.approx(0.25)  # at half the way, where |x|² = 1/2
    # The best of these curves has a barrier of 0.0015; draws of t leave the bend near it.
    assert bent.attrs["barrier"] < 0.01
    # By symmetry the bend lies on the diagonal; draws of t move it a little.
    assert abs(curve["bend"].values[0] - curve["bend"].values[1]) < 0.1


def test_the_first_step_is_adams():
    net, a, b = ring(), [1.0, 0.0], [0.0, 1.0]
    curve = connect(net, a, b, steps=1, learning_rate=0.02)
    middle = np.array([0.5, 0.5])
    t = curve["t"].values[0]
    place = (1 - t) ** 2 * np.array(a) + 2 * t * (1 - t) * middle + t**2 * np.array(b)
    assert curve["loss"].values[0] == pytest.approx(net.value(place))
    # Adam's first step is the rate against the gradient's sign, but for its ε of 1e-8.
    np.testing.assert_allclose(curve["bend"].values, middle - 0.02 * np.sign(net.gradient(place)[1]), atol=1e-8)


def test_the_same_seed_gives_the_same_bend_to_the_bit():
    net, ends = ring(), ([1.0, 0.0], [0.0, 1.0])
    one, again, other = (connect(net, *ends, steps=20, seed=seed)["bend"].values for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_places_are_drawn_evenly_and_the_loss_is_the_networks_there():
    net, ends = bowl(np.diag([1.0, 4.0])), ([2.0, 0.0], [0.0, 1.0])
    curve = connect(net, *ends, steps=300, seed=1)
    t = curve["t"].values
    assert (t >= 0).all()
    assert (t < 1).all()
    # 300 draws: ten standard errors of the mean, 0.0167 each.
    assert t.mean() == pytest.approx(0.5, abs=0.17)
    # Halfway between the ends the curve begins as the line.
    start = np.array(ends[0]) + t[0] * (np.array(ends[1]) - np.array(ends[0]))
    assert curve["loss"].values[0] == pytest.approx(net.value(start), rel=1e-14)


def test_the_mean_loss_along_the_curve_falls():
    net, ends = ring(), ([1.0, 0.0], [0.0, 1.0])
    means = [
        float(interpolate(net, *ends, bend=connect(net, *ends, steps=steps)["bend"])["loss"].mean())
        for steps in (1, 20, 100)
    ]
    assert means[0] > means[1] > means[2]


def test_none_is_the_networks_own_position():
    net = ring()
    one, other = connect(net, None, [0.0, 1.0], steps=5), connect(net, net.position, [0.0, 1.0], steps=5)
    np.testing.assert_array_equal(one["bend"], other["bend"])


def test_the_bend_has_64_bits_whatever_the_network_has():
    net = bowl(np.eye(2, dtype=np.float32), position=np.array([1, 0], dtype=np.float32))
    curve = connect(net, None, [0.0, 1.0], steps=3)
    assert curve["bend"].dtype == curve["loss"].dtype == np.float64
    assert net.dtype == np.float32


def test_the_curve_says_how_it_was_made():
    curve = connect(ring(), None, [0.0, 1.0], steps=3, learning_rate=0.1, seed=7)
    wanted = {"kind": "bezier", "steps": 3, "learning_rate": 0.1, "seed": 7, "optimizer": "adam", "loss": "made up"}
    assert {name: curve.attrs[name] for name in wanted} == wanted
    assert "optax_version" in curve.attrs
    assert dict(curve.sizes) == {"param": 2, "step": 3}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps = 0 is not allowed; give a whole number of at least 1 and at most 1000000$"),
        ({"learning_rate": 0}, "learning_rate = 0 is not allowed; give a finite number above 0$"),
        ({"seed": -1}, "seed = -1 is not allowed"),
        ({"b": [1.0, 0.0]}, "the checkpoints a and b are the same point"),
        ({"b": [1.0]}, r"a point of shape \(1,\) is none of this network"),
        ({"b": [1e200, 0.0]}, "the loss or its gradient is not finite at t = .* in step 0; give a lower learning_rate"),
    ],
)
def test_curves_that_cannot_be_are_refused(options, message):
    net = network(lambda x: 0.0 if abs(x[0]) < 1e9 else np.inf, lambda x: x, position=np.array([1.0, 0.0]))
    with pytest.raises(InvalidValue, match=message):
        connect(net, None, **({"b": [0.0, 1.0]} | options))
