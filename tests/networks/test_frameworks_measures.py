"""Measures of a loss are the same in every framework, where weights are copied across."""

from functools import cache

import numpy as np
import pytest

from tests.networks.test_frameworks_slices import X, Y, in_jax, in_keras, in_tensorflow, in_torch
from thalweg.networks import align, curvature, diagonal, gradient_noise, replace_hessian, sharpness


def in_common(net, vector):
    """The numbers of each array, in an order of axes that all frameworks have, weights and biases apart."""
    spans = zip(net.leaves, net.spans, strict=True)
    parts = [(leaf.kind, vector[span].reshape(leaf.shape).transpose(leaf.order).ravel()) for leaf, span in spans]
    return np.concatenate([part for kind in ("weight", "bias") for name, part in parts if name == kind])


@cache
def known():
    return in_jax(rows=1)


@pytest.mark.parametrize("make", [in_torch, in_keras, in_tensorflow])
def test_measures_are_those_of_jax(make):
    ours, theirs = known(), make(rows=1)
    # A few roundings of 32 bits throughout.
    diagonals = [in_common(net, diagonal(net)["diagonal"].values) for net in (ours, theirs)]
    np.testing.assert_allclose(*diagonals, rtol=1e-4, atol=1e-6)
    for kind in ("ascent", "adaptive", "average"):
        climbs = [sharpness(net, radius=0.3, kind=kind, count=3)["rise"] for net in (ours, theirs)]
        np.testing.assert_allclose(*climbs, rtol=1e-4)
    noises = [gradient_noise(net) for net in (ours, theirs)]
    for name in ("noise_trace", "noise_trace_error", "gradient_square", "noise_scale"):
        np.testing.assert_allclose(*(noise[name] for noise in noises), rtol=1e-4)
    fishers = [curvature(replace_hessian(net, "empirical_fisher"), count=4) for net in (ours, theirs)]
    np.testing.assert_allclose(*(fisher["eigenvalues"] for fisher in fishers), rtol=1e-4)
    moved = [align(net, np.sin(1.0 + np.argsort(place)), None) for net, place in placed(ours, theirs)]
    assert moved[0]["permutation"].values.tolist() == moved[1]["permutation"].values.tolist() != [[0, 1, 2, 3, 4]]
    assert len(X) == len(Y) == noises[1].attrs["rows"]


def placed(*nets):
    """Where each number of a network's own vector comes in the common order."""
    for net in nets:
        yield net, in_common(net, np.arange(net.position.size))
