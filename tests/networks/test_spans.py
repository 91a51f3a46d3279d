"""Advice on the span: where the loss has risen to a multiple, by a formula that says where that is."""

import numpy as np
import pytest

from tests.geometry.networks import bowl, network
from thalweg.base.errors import InvalidValue
from thalweg.networks import advise_span, slice
from thalweg.networks.directions import given


def raised(matrix):
    return network(lambda x: 1 + x @ matrix @ x / 2, position=np.zeros(len(matrix)))


@pytest.mark.parametrize("factor", [1.5, 10, 1e6])
def test_the_loss_has_risen_to_the_multiple_at_the_ends(factor):
    net = raised(np.diag([2.0, 50.0]))
    plane = given(net, [1, 0], [0, 0.01])
    expected = [np.sqrt(factor - 1), 100 * np.sqrt((factor - 1) / 25)]
    spans = advise_span(net, plane, factor=factor)
    # Six halvings of a factor of two, and two digits.
    np.testing.assert_allclose([high for _, high in spans], expected, rtol=0.07)
    assert all(low == -high for low, high in spans)
    edge = slice(net, plane, span=spans, points=3)["loss"].values[1, 2]
    assert edge == pytest.approx(factor, rel=0.15)


def test_the_steeper_side_and_what_is_not_finite_count():
    net = network(lambda x: np.exp(x[0]) if x[0] < 1 else np.inf, position=np.zeros(1))
    ((_, high),) = advise_span(net, given(net, [-1.0]), factor=1000)
    assert high == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("net", "factor", "message"),
    [
        (bowl(np.eye(2)), 10, "the loss at the origin is 0, of which there is no multiple above it; give a span"),
        (raised(0 * np.eye(2)), 10, "along 'direction 1' the loss does not rise to 10 from 1e-06 to 1e.06 of its unit"),
        (raised(1e20 * np.eye(2)), 10, "along 'direction 1' the loss is above 10 from 1e-06"),
        (raised(np.eye(2)), 1, "factor = 1 is not allowed; give a finite number above 1$"),
    ],
)
def test_where_there_is_no_such_span_it_is_said(net, factor, message):
    with pytest.raises(InvalidValue, match=message):
        advise_span(net, given(net, [1, 0]), factor=factor)
